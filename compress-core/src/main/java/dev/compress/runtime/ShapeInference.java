package dev.compress.runtime;

import ai.onnxruntime.OrtException;
import dev.compress.error.CompressionException;
import dev.compress.error.InvalidModelException;
import dev.compress.error.IoReason;
import dev.compress.error.ReadWriteException;
import dev.compress.error.UnsupportedModelException;
import dev.compress.graph.Dim;
import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.onnx.OnnxReader;
import dev.compress.onnx.OnnxWriter;
import dev.compress.tensor.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Finds the types and shapes of all values of a model by asking ONNX Runtime, which thereby agrees
 * with what later runs. It is given the model without its weights ({@link Skeleton}), so even a
 * large model takes milliseconds.
 *
 * <p>What the runtime cannot know from symbolic dims (a Reshape to a computed shape, say) is looked
 * for once more with two different sizes in the place of each symbol: a dim that comes out the same
 * both times is fixed. Where the runtime knows an operator not at all, what does not hang on it is
 * still inferred, the rest is taken from the model's own declarations, and a warning says so.
 */
public final class ShapeInference {
  /** Sizes to try for free dims: multiples of 32 suit most networks, tiny ones short tables. */
  private static final long[][] PROBE_SIZES = {{224, 448, 32}, {64, 96, 0}, {2, 3, 0}};

  /** Shapes are small: nothing that is larger need be made to know them. */
  private static final String FOLDING_LIMIT =
      "optimization.constant_folding_max_output_size_in_bytes";

  private static final int MOST_UNKNOWN_OPERATORS = 64;

  private static final Pattern CONTRADICTION =
      Pattern.compile("Node \\((.*?)\\) Op \\((\\w+)\\) \\[(?:Shape|Type)InferenceError\\] ?(.*)");

  private static final Set<String> CONTROL_FLOW = Set.of("If", "Loop", "Scan");

  private static final Pattern TYPE_ERROR =
      Pattern.compile(
          "(?:This is an invalid model\\. )?(Type Error: .*"
              + "|.*Mismatch between number of inferred and declared.*"
              + "|.*Mismatched attribute type.*"
              + "|.* is marked single but has an empty string.*"
              + "|.* does not have type information.*)");

  private final OnnxModel model;
  private final Skeleton skeleton;
  private final Map<String, ValueType> declared = new LinkedHashMap<>();
  private final List<String> warnings = new ArrayList<>();

  private ShapeInference(OnnxModel model) {
    this.model = model;
    this.skeleton = new Skeleton(model);
    for (ValueInfo value : model.graph().valueInfos()) {
      if (value.type() instanceof ValueType.TensorType) {
        declared.put(value.name(), value.type());
      }
    }
    model.graph().outputs().forEach(o -> declared.put(o.name(), o.type()));
  }

  /**
   * Types and shapes with the model's symbolic dims kept.
   *
   * @param model any model
   * @return what is known
   * @throws InvalidModelException if types or shapes contradict each other, naming the node
   */
  public static Shapes infer(OnnxModel model) {
    return new ShapeInference(model).inferSymbolic();
  }

  /**
   * Types and shapes for inputs of given shapes.
   *
   * @param model any model
   * @param inputShapes shapes of inputs, by name; other inputs are as declared
   * @return what is known
   * @throws InvalidModelException if types or shapes contradict each other, naming the node
   */
  public static Shapes infer(OnnxModel model, Map<String, Shape> inputShapes) {
    return new ShapeInference(model).inferBound(inputShapes);
  }

  /**
   * Types and shapes with sizes in the place of free dims of the inputs.
   *
   * @param model any model
   * @param batch the size of free dims of axis 0
   * @param other the size of all other free dims
   */
  public static Shapes infer(OnnxModel model, long batch, long other) {
    return infer(model, FreeDims.of(model.graph()).shapes(batch, other));
  }

  private Shapes inferSymbolic() {
    Map<String, ValueType.TensorType> types = new LinkedHashMap<>();
    Map<String, ValueType> given = new LinkedHashMap<>();
    model.graph().outputs().forEach(o -> given.put(o.name(), o.type()));
    types.putAll(known(ask(Map.of(), given)));
    if (incomplete(types)) {
      refine(types);
    }
    fillDeclared(types);
    return new Shapes(types, warnings);
  }

  private Shapes inferBound(Map<String, Shape> inputShapes) {
    Map<String, ValueType> inputTypes = new LinkedHashMap<>();
    for (ValueInfo input : model.graph().inputs()) {
      Shape shape = inputShapes.get(input.name());
      if (shape != null && input.type() instanceof ValueType.TensorType type) {
        inputTypes.put(input.name(), Skeleton.tensorType(type.element(), shape));
      }
    }
    // Declared sizes may be those of other inputs: only element types are taken.
    Map<String, ValueType.TensorType> types = known(ask(inputTypes, elementTypes()));
    types.putAll(tensors(inputTypes));
    return new Shapes(types, warnings);
  }

  private Map<String, ValueType> elementTypes() {
    Map<String, ValueType> given = new LinkedHashMap<>();
    model.graph().outputs().forEach(o -> given.put(o.name(), o.type()));
    return withoutSizes(given);
  }

  private static Map<String, ValueType> withoutSizes(Map<String, ValueType> types) {
    Map<String, ValueType> without = new LinkedHashMap<>();
    types.forEach(
        (name, type) ->
            without.put(
                name,
                type instanceof ValueType.TensorType tensor
                    ? ValueType.tensor(tensor.element())
                    : type));
    return without;
  }

  /** Asks, and takes out the operators that the runtime does not know until it answers. */
  private Map<String, ValueType> ask(
      Map<String, ValueType> inputTypes, Map<String, ValueType> given) {
    for (int i = 0; i < MOST_UNKNOWN_OPERATORS; i++) {
      try {
        return askOnce(inputTypes, given);
      } catch (UnsupportedModelException e) {
        Optional<String> unknown = unknownOperator(e).filter(skeleton::hasOperator);
        if (unknown.isEmpty()) {
          warnings.add("Shapes are only known as far as they are declared: " + e.getMessage());
          return Map.of();
        }
        warnings.add(
            "ONNX Runtime does not know the operator "
                + unknown.get()
                + ": shapes behind it are only known as far as they are declared.");
        skeleton.cutOperator(unknown.get(), declared);
      } catch (InvalidModelException e) {
        Optional<String> flow = inputTypes.isEmpty() ? Optional.empty() : contradictingFlow(e);
        if (flow.filter(skeleton::hasOperator).isPresent()) {
          // A branch that these inputs do not enter: the model itself is in order.
          warnings.add(
              "A body of "
                  + flow.get()
                  + " has no shapes for these inputs: shapes behind it are only known as far as"
                  + " they are declared.");
          skeleton.cutOperator(flow.get(), withoutSizes(declared));
          continue;
        }
        throwIfContradiction(e);
        warnings.add("Shapes are only known as far as they are declared: " + e.getMessage());
        return Map.of();
      }
    }
    return Map.of();
  }

  private static Optional<String> unknownOperator(CompressionException e) {
    return e.getCause() instanceof OrtException cause
        ? OrtErrors.unknownOperator(OrtErrors.oneLine(String.valueOf(cause.getMessage())))
            .map(name -> name.substring(name.lastIndexOf(':') + 1))
        : Optional.empty();
  }

  private static String messageOf(InvalidModelException e) {
    Throwable cause = e.getCause() == null ? e : e.getCause();
    return OrtErrors.oneLine(String.valueOf(cause.getMessage()));
  }

  /** The operator with bodies whose shapes contradict each other, if it is one. */
  private static Optional<String> contradictingFlow(InvalidModelException e) {
    Matcher contradiction = CONTRADICTION.matcher(messageOf(e));
    return contradiction.find() && CONTROL_FLOW.contains(contradiction.group(2))
        ? Optional.of(contradiction.group(2))
        : Optional.empty();
  }

  private static void throwIfContradiction(InvalidModelException e) {
    String message = messageOf(e);
    Matcher contradiction = CONTRADICTION.matcher(message);
    if (contradiction.find()) {
      throw new InvalidModelException(
          "The shapes or types at node "
              + contradiction.group(1)
              + " ("
              + contradiction.group(2)
              + ") contradict each other: "
              + contradiction.group(3)
              + ". Export the model again.",
          e);
    }
    Matcher types = TYPE_ERROR.matcher(message);
    if (types.matches()) {
      throw new InvalidModelException(
          "The model's types contradict each other or its operators: "
              + types.group(1)
              + " Export the model again.",
          e);
    }
  }

  /** The types of all node outputs as the runtime writes them. */
  private Map<String, ValueType> askOnce(
      Map<String, ValueType> inputTypes, Map<String, ValueType> given) {
    byte[] bytes = OnnxWriter.toBytes(skeleton.build(inputTypes, given));
    Path answer = null;
    try {
      answer = Files.createTempFile("compress-shapes-", ".onnx");
      SessionOptions options =
          SessionOptions.of(1)
              // Basic folds what is constant, and with it computed shapes.
              .withOptimization(OptimizationLevel.BASIC)
              .withConfig(FOLDING_LIMIT, "65536")
              .withMemoryArena(false)
              .withOptimizedModel(answer);
      InferenceSession.load(bytes, options, "the model");
      Map<String, ValueType> types = new LinkedHashMap<>();
      for (ValueInfo output : OnnxReader.read(answer).model().graph().outputs()) {
        types.put(output.name(), output.type());
      }
      return types;
    } catch (IOException e) {
      throw new ReadWriteException(
          "Cannot write to the temporary folder: "
              + IoReason.of(e)
              + ". Free some space or set -Djava.io.tmpdir.",
          e);
    } finally {
      if (answer != null) {
        answer.toFile().delete();
      }
    }
  }

  /** The answer, with inputs and constants added and the runtime's own symbols taken out. */
  private Map<String, ValueType.TensorType> known(Map<String, ValueType> answer) {
    Map<String, ValueType.TensorType> types = new LinkedHashMap<>(tensors(skeleton.inputs()));
    for (Initializer initializer : model.graph().initializers()) {
      types.put(
          initializer.name(),
          (ValueType.TensorType)
              Skeleton.tensorType(initializer.tensor().type(), initializer.tensor().shape()));
    }
    FreeDims free = FreeDims.of(model.graph());
    tensors(answer).forEach((name, type) -> types.put(name, free.onlyOwnSymbols(type)));
    return types;
  }

  private static Map<String, ValueType.TensorType> tensors(Map<String, ValueType> all) {
    Map<String, ValueType.TensorType> tensors = new LinkedHashMap<>();
    all.forEach(
        (name, type) -> {
          if (type instanceof ValueType.TensorType tensor) {
            tensors.put(name, tensor);
          }
        });
    return tensors;
  }

  private boolean incomplete(Map<String, ValueType.TensorType> types) {
    for (Node node : model.graph().nodes()) {
      for (String output : node.outputs()) {
        ValueType.TensorType type = types.get(output);
        if (type != null
            && (type.shape().isEmpty()
                || type.shape().get().stream().anyMatch(Dim.Unknown.class::isInstance))) {
          return true;
        }
      }
    }
    return false;
  }

  private void refine(Map<String, ValueType.TensorType> types) {
    FreeDims free = FreeDims.of(model.graph());
    if (free.isEmpty()) {
      return;
    }
    for (long[] sizes : PROBE_SIZES) {
      try {
        Map<String, ValueType.TensorType> first =
            tensors(askOnce(free.bound(sizes[0], sizes[2]), elementTypes()));
        Map<String, ValueType.TensorType> second =
            tensors(askOnce(free.bound(sizes[1], sizes[2]), elementTypes()));
        types.replaceAll(
            (name, type) -> free.refined(type, first.get(name), second.get(name), sizes));
        return;
      } catch (InvalidModelException | UnsupportedModelException e) {
        // These sizes do not suit the model: the next ones may.
      }
    }
  }

  /** Whatever could not be inferred is as the model says. */
  private void fillDeclared(Map<String, ValueType.TensorType> types) {
    Graph graph = model.graph();
    for (Map.Entry<String, ValueType.TensorType> entry : tensors(declared).entrySet()) {
      ValueType.TensorType type = types.get(entry.getKey());
      if (type == null || type.shape().isEmpty()) {
        types.put(entry.getKey(), entry.getValue());
      }
    }
    long unknown =
        graph.nodes().stream()
            .flatMap(n -> n.outputs().stream())
            .filter(o -> !o.isEmpty())
            .filter(o -> !types.containsKey(o) || types.get(o).shape().isEmpty())
            .count();
    if (unknown > 0 && warnings.isEmpty()) {
      warnings.add("The shapes of " + unknown + " values are not known before the model runs.");
    }
  }
}
