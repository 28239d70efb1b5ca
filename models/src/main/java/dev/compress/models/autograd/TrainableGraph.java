package dev.compress.models.autograd;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.compress.error.InvalidDataException;
import dev.compress.error.UnsupportedModelException;
import dev.compress.graph.OnnxModel;
import dev.compress.models.autograd.GraphPlan.Step;
import dev.compress.models.autograd.ParameterRoles.Role;
import dev.compress.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * An ONNX graph that is executed node by node on arrays, recorded by the engine's autograd, its
 * floating-point initializers being parameters. What does not depend on inputs or on trained
 * weights is computed once. Not thread-safe.
 *
 * <p>A step of training:
 *
 * <pre>{@code
 * try (NDManager scope = manager.newSubManager();
 *     GradientCollector collector = engine.newGradientCollector()) {
 *   NDList outputs = graph.forward(scope, Map.of("image", images), true, List.of());
 *   collector.backward(loss(outputs));
 * }
 * for (Parameter parameter : graph.parameters()) { ... parameter.array().getGradient() ... }
 * }</pre>
 */
public final class TrainableGraph implements AutoCloseable {
  private static final int NODES_NAMED = 10;

  private final GraphPlan plan;
  private final NDManager manager;
  private final @Nullable NDArray[] persistent;
  private final boolean[] constant;
  private final List<Parameter> parameters = new ArrayList<>();
  private final List<Step> steps = new ArrayList<>();
  private final int[][] dead;
  private final Map<Integer, UnaryOperator<NDArray>> transforms = new HashMap<>();
  private final Map<Integer, BiFunction<NDArray, Boolean, NDArray>> activations = new HashMap<>();
  private final Map<Integer, long[]> longs = new HashMap<>();
  private final Map<Integer, double[]> doubles = new HashMap<>();
  private final GraphRun.Source source = new Known();

  private TrainableGraph(GraphPlan plan, NDManager manager) {
    this.plan = plan;
    this.manager = manager;
    this.persistent = new NDArray[plan.values()];
    this.constant = new boolean[plan.values()];
    load();
    foldConstants();
    this.dead = GraphPlan.lastReads(steps, plan.values());
  }

  /**
   * Every node that cannot be trained through, with the reason; empty if all can. Needs no native
   * engine.
   */
  public static List<UnsupportedNode> unsupported(OnnxModel model) {
    return new GraphPlan(model).unsupported();
  }

  /**
   * Makes a model ready for training.
   *
   * @param model all of whose operators are supported
   * @param manager of the PyTorch engine; the graph's arrays belong to a manager below it
   * @throws UnsupportedModelException naming the nodes that cannot be trained through
   */
  public static TrainableGraph of(OnnxModel model, NDManager manager) {
    GraphPlan plan = new GraphPlan(model);
    List<UnsupportedNode> unsupported = plan.unsupported();
    if (!unsupported.isEmpty()) {
      throw new UnsupportedModelException(message(unsupported));
    }
    NDManager own = manager.newSubManager();
    try {
      return new TrainableGraph(plan, own);
    } catch (RuntimeException e) {
      own.close();
      throw e;
    }
  }

  private static String message(List<UnsupportedNode> unsupported) {
    StringBuilder text = new StringBuilder("The model cannot be trained: ");
    for (int i = 0; i < Math.min(NODES_NAMED, unsupported.size()); i++) {
      text.append(i == 0 ? "" : "; ").append(unsupported.get(i));
    }
    if (unsupported.size() > NODES_NAMED) {
      text.append("; and ").append(unsupported.size() - NODES_NAMED).append(" more");
    }
    return text.append(". Compress it without training, or replace these nodes.").toString();
  }

  private void load() {
    Map<String, Tensor> stored = plan.stored();
    ParameterRoles roles = new ParameterRoles(plan.model().graph(), stored.keySet());
    for (Map.Entry<String, Tensor> entry : stored.entrySet()) {
      String name = entry.getKey();
      Tensor tensor = entry.getValue();
      if (!ArrayCodec.handles(tensor.type())) {
        continue; // nothing reads it, or the node had been named
      }
      int value = plan.find(name).orElseThrow();
      NDArray array = ArrayCodec.toArray(manager, tensor);
      persistent[value] = array;
      constant[value] = true;
      if (tensor.type().isFloatingPoint()) {
        Role role = roles.of(name, tensor);
        constant[value] = role == Role.FIXED;
        if (role == Role.TRAINED) {
          array.setRequiresGradient(true);
        }
        parameters.add(
            new Parameter(
                name, array, role == Role.TRAINED, role == Role.STATISTIC, roles.consumer(name)));
      }
    }
  }

  private void foldConstants() {
    try (NDManager scope = manager.newSubManager()) {
      GraphRun run = new GraphRun(source, scope, false, plan.values());
      for (Step step : plan.steps()) {
        if (!isConstant(step)) {
          steps.add(step);
          continue;
        }
        run.execute(step);
        for (int output : step.outputs()) {
          if (output != GraphPlan.NONE) {
            persistent[output] = run.value(output).duplicate();
            java.util.Objects.requireNonNull(persistent[output]).attach(manager);
            constant[output] = true;
          }
        }
      }
    }
  }

  private boolean isConstant(Step step) {
    for (int input : step.inputs()) {
      if (input != GraphPlan.NONE && !constant[input]) {
        return false;
      }
    }
    return true;
  }

  /** The inputs that {@link #forward} wants, initializers left out. */
  public List<String> inputNames() {
    return plan.inputs();
  }

  /** The declared outputs. */
  public List<String> outputNames() {
    return plan.outputs();
  }

  /** All floating-point tensors that the model stores, in its order. */
  public List<Parameter> parameters() {
    return List.copyOf(parameters);
  }

  /**
   * Executes the graph. With a gradient collector open, the outputs can be differentiated by the
   * trainable parameters.
   *
   * @param scope owns the outputs and all temporaries; to be closed when the step is over
   * @param inputs one an input of the graph; read through views, never closed
   * @param training whether BatchNormalization uses and moves statistics, and Dropout drops
   * @param taps names of inner values, inputs or parameters that are wanted too
   * @return the outputs, then the taps
   * @throws InvalidDataException if an input is missing or unknown
   * @throws IllegalArgumentException if there is no value of a tap's name
   */
  public NDList forward(
      NDManager scope, Map<String, NDArray> inputs, boolean training, List<String> taps) {
    GraphRun run = new GraphRun(source, scope, training, plan.values());
    for (String name : inputs.keySet()) {
      if (!plan.inputs().contains(name)) {
        throw new InvalidDataException(
            "The model has no input " + name + "; its inputs are " + plan.inputs() + ".");
      }
    }
    for (String name : plan.inputs()) {
      NDArray array = inputs.get(name);
      if (array == null) {
        throw new InvalidDataException("No data for the model's input " + name + ".");
      }
      run.feed(number(name), array);
    }
    List<String> results = new ArrayList<>(plan.outputs());
    results.addAll(taps);
    boolean[] wanted = new boolean[plan.values()];
    results.forEach(name -> wanted[number(name)] = true);
    for (int i = 0; i < steps.size(); i++) {
      run.execute(steps.get(i));
      run.release(dead[i], wanted);
    }
    NDList list = new NDList();
    results.forEach(name -> list.add(run.value(number(name))));
    return list;
  }

  private int number(String name) {
    return plan.find(name)
        .orElseThrow(() -> new IllegalArgumentException("The model has no value " + name));
  }

  /**
   * Sets what a trainable parameter looks like to the nodes that read it: fake quantization, masks,
   * shared centroids. Called once a forward pass with a view of the stored values.
   *
   * @param parameterName a trainable parameter
   * @param transform from the stored values to those that are used; what gradient it has is its own
   *     affair
   * @throws IllegalArgumentException if there is no such trainable parameter
   */
  public void setTransform(String parameterName, UnaryOperator<NDArray> transform) {
    boolean known =
        parameters.stream().anyMatch(one -> one.trainable() && one.name().equals(parameterName));
    if (!known) {
      throw new IllegalArgumentException("The model has no trainable " + parameterName);
    }
    transforms.put(number(parameterName), transform);
  }

  /**
   * Sets what replaces an input or a computed value before anything reads it.
   *
   * @param valueName an input of the graph or an output of a node
   * @param transform from the value, and whether this is training, to what is used
   * @throws IllegalArgumentException if there is no such value, or it does not change with inputs
   */
  public void setActivationTransform(
      String valueName, BiFunction<NDArray, Boolean, NDArray> transform) {
    int value = number(valueName);
    if (persistent[value] != null) {
      throw new IllegalArgumentException(valueName + " is stored or constant, no activation");
    }
    activations.put(value, transform);
  }

  /**
   * The model with the trained tensors and the moved statistics in place of the old ones; all else
   * is untouched. Transforms are not applied.
   */
  public OnnxModel write() {
    Map<String, Tensor> stored = plan.stored();
    Map<String, Tensor> changed = new LinkedHashMap<>();
    for (Parameter parameter : parameters) {
      if (parameter.trainable() || parameter.isStatistic()) {
        Tensor old = stored.get(parameter.name());
        if (old != null) {
          changed.put(parameter.name(), ArrayCodec.toTensor(parameter.array(), old.type()));
        }
      }
    }
    OnnxModel model = plan.model();
    return model.withGraph(StoredTensors.replaced(model.graph(), changed));
  }

  /** How many arrays the graph itself owns: what grows where a step leaves something behind. */
  int owned() {
    return manager.getManagedArrays().size();
  }

  /** Frees the parameters. Idempotent. */
  @Override
  public void close() {
    manager.close();
  }

  private final class Known implements GraphRun.Source {
    @Override
    public @Nullable NDArray persistent(int value) {
      return persistent[value];
    }

    @Override
    public NDArray transformed(int value, NDArray array, boolean training) {
      UnaryOperator<NDArray> weight = transforms.get(value);
      if (weight != null) {
        return weight.apply(array);
      }
      BiFunction<NDArray, Boolean, NDArray> activation = activations.get(value);
      return activation == null ? array : activation.apply(array, training);
    }

    @Override
    public boolean constant(int value) {
      return constant[value];
    }

    @Override
    public long[] longs(int value) {
      return longs.computeIfAbsent(value, v -> Numbers.longs(stored(v)));
    }

    @Override
    public double[] doubles(int value) {
      return doubles.computeIfAbsent(value, v -> Numbers.doubles(stored(v)));
    }

    private NDArray stored(int value) {
      NDArray array = persistent[value];
      if (array == null) {
        throw new IllegalStateException("Value " + value + " is no constant");
      }
      return array;
    }
  }
}
