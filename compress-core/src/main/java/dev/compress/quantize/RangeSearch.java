package dev.compress.quantize;

import dev.compress.calibrate.ObservedModel;
import dev.compress.calibrate.Samples;
import dev.compress.graph.Dim;
import dev.compress.graph.GraphEditor;
import dev.compress.graph.GraphIndex;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.pass.PassContext;
import dev.compress.runtime.InferenceSession;
import dev.compress.runtime.SessionOptions;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.TensorBuffer;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * Chooses each value's range among candidates by the error of the model's outputs.
 *
 * <p>The model is run with its activations rounded as they will be, scales and zero points being
 * inputs, so that one session serves all trials. First one method for all values is chosen; then
 * value after value takes the candidate with the least output error while the others stay. Large
 * models stop after the first step.
 */
final class RangeSearch {
  /** Multiplications that the search may spend; a few seconds on two cores. */
  private static final double BUDGET_PRODUCTS = 6e10;

  private static final int MAX_SAMPLES = 32;
  private static final int MIN_SAMPLES = 4;

  private final OnnxModel model;
  private final StaticPlan plan;
  private final Samples samples;
  private final PassContext context;
  private final Map<String, String[]> inputNames = new LinkedHashMap<>();

  RangeSearch(OnnxModel model, StaticPlan plan, Samples samples, PassContext context) {
    this.model = model;
    this.plan = plan;
    this.samples = samples;
    this.context = context;
  }

  /**
   * Searches.
   *
   * @param candidates parameters by value; every list in the order of the same methods
   * @param products of one run with one sample
   * @return the choice by value, an index into its candidates
   */
  Map<String, Integer> search(Map<String, List<AffineParameters>> candidates, double products) {
    int methods = candidates.values().stream().mapToInt(List::size).max().orElse(0);
    double runs = BUDGET_PRODUCTS / Math.max(products, 1);
    int count = (int) Math.max(MIN_SAMPLES, Math.min(MAX_SAMPLES, runs / methods));
    count = (int) Math.min(count, samples.count());
    double trials = (double) methods * candidates.size();
    boolean each = trials * count <= runs;
    context.progress().begin("choose ranges", each ? methods + (long) trials : methods);
    try (InferenceSession session =
        InferenceSession.open(simulation(candidates), SessionOptions.of(context.threads()))) {
      List<Map<String, TensorBuffer>> inputs = inputs(count);
      List<Map<String, TensorBuffer>> wanted = outputs(inputs);
      Trial trial = new Trial(session, inputs, wanted, candidates);
      Map<String, Integer> best = new LinkedHashMap<>();
      double least = Double.POSITIVE_INFINITY;
      for (int method = 0; method < methods; method++) {
        Map<String, Integer> choice = new LinkedHashMap<>();
        for (String root : candidates.keySet()) {
          choice.put(root, method);
        }
        double error = trial.error(choice);
        if (error < least) {
          least = error;
          best = choice;
        }
      }
      return each ? refined(best, least, trial, candidates) : best;
    }
  }

  private static Map<String, Integer> refined(
      Map<String, Integer> start,
      double error,
      Trial trial,
      Map<String, List<AffineParameters>> candidates) {
    Map<String, Integer> best = new LinkedHashMap<>(start);
    double least = error;
    for (Map.Entry<String, List<AffineParameters>> entry : candidates.entrySet()) {
      int current = Objects.requireNonNull(best.get(entry.getKey()));
      for (int i = 0; i < entry.getValue().size(); i++) {
        if (entry.getValue().get(i).equals(entry.getValue().get(current))) {
          continue;
        }
        Map<String, Integer> choice = new LinkedHashMap<>(best);
        choice.put(entry.getKey(), i);
        double tried = trial.error(choice);
        if (tried < least) {
          least = tried;
          best = choice;
          current = i;
        }
      }
    }
    return best;
  }

  /** The float model with its activations rounded by scales and zero points that are inputs. */
  private OnnxModel simulation(Map<String, List<AffineParameters>> candidates) {
    GraphEditor editor = new GraphEditor(model.graph());
    List<ValueInfo> inputs = new ArrayList<>(model.graph().inputs());
    QdqEmitter emitter =
        new QdqEmitter(
            model.graph(),
            editor,
            plan,
            Map.of(),
            root -> {
              AffineParameters any = Objects.requireNonNull(candidates.get(root)).get(0);
              String[] names = {editor.freshName(root + "_s"), editor.freshName(root + "_z")};
              inputs.add(scalar(names[0], ElementType.FLOAT));
              inputs.add(scalar(names[1], any.type().elementType()));
              inputNames.put(root, names);
              return names;
            });
    Map<Node, Node> replaced = new IdentityHashMap<>();
    emitter.emitActivations(replaced);
    editor.setInputs(inputs);
    return ObservedModel.showing(model.withGraph(editor.build()), compared());
  }

  /**
   * The float outputs, before a final Softmax: that hides what rounding did to confident scores.
   */
  private Set<String> compared() {
    GraphIndex index = new GraphIndex(model.graph());
    Set<String> values = new LinkedHashSet<>();
    for (ValueInfo output : model.graph().outputs()) {
      boolean isFloat =
          output.type() instanceof ValueType.TensorType type
              && type.element().equals(ElementType.FLOAT);
      if (isFloat) {
        values.add(
            index.producer(output.name(), "Softmax").map(n -> n.input(0)).orElse(output.name()));
      }
    }
    if (values.isEmpty()) {
      model.graph().nodes().stream()
          .filter(plan.weighted::containsKey)
          .reduce((first, last) -> last)
          .ifPresent(n -> values.add(n.output(0)));
    }
    return values;
  }

  private static ValueInfo scalar(String name, ElementType type) {
    return ValueInfo.of(name, ValueType.tensor(type, List.of()));
  }

  /** Samples at equal distances; as one batch where the model takes it. */
  private List<Map<String, TensorBuffer>> inputs(int count) {
    List<Map<String, TensorBuffer>> kept = new ArrayList<>();
    long stride = Math.max(1, samples.count() / count);
    long[] at = {0};
    samples.forEachBatch(
        1,
        (in, n) -> {
          if (at[0]++ % stride == 0) {
            Map<String, TensorBuffer> copy = new HashMap<>();
            in.forEach((name, t) -> copy.put(name, copy(t)));
            kept.add(copy);
          }
          return kept.size() < count;
        });
    return samples.batchable() && kept.size() > 1 && allBatchFirst()
        ? List.of(stacked(kept))
        : kept;
  }

  /** Whether samples are counted along dim 0 of every input: not so of an LSTM's state. */
  private boolean allBatchFirst() {
    return model.graph().inputs().stream()
        .map(
            i ->
                i.type() instanceof ValueType.TensorType t
                    ? t.shape()
                    : Optional.<List<Dim>>empty())
        .allMatch(d -> d.isPresent() && !d.get().isEmpty() && d.get().get(0).sizeOrUnknown() < 0);
  }

  private static Map<String, TensorBuffer> stacked(List<Map<String, TensorBuffer>> single) {
    Map<String, TensorBuffer> batch = new HashMap<>();
    for (Map.Entry<String, TensorBuffer> entry : single.get(0).entrySet()) {
      long[] dims = entry.getValue().shape().toArray();
      dims[0] *= single.size();
      TensorBuffer all = TensorBuffer.allocate(entry.getValue().type(), Shape.of(dims));
      ByteBuffer target = all.bytes();
      single.forEach(s -> target.put(Objects.requireNonNull(s.get(entry.getKey())).bytes()));
      batch.put(entry.getKey(), all);
    }
    return batch;
  }

  private static TensorBuffer copy(TensorBuffer tensor) {
    TensorBuffer copy = TensorBuffer.allocate(tensor.type(), tensor.shape());
    copy.bytes().put(tensor.bytes());
    return copy;
  }

  private List<Map<String, TensorBuffer>> outputs(List<Map<String, TensorBuffer>> inputs) {
    List<Map<String, TensorBuffer>> outputs = new ArrayList<>();
    try (InferenceSession session =
        InferenceSession.open(
            ObservedModel.showing(model, compared()), SessionOptions.of(context.threads()))) {
      for (Map<String, TensorBuffer> input : inputs) {
        outputs.add(session.run(input));
      }
    }
    return outputs;
  }

  private final class Trial {
    private final InferenceSession session;
    private final List<Map<String, TensorBuffer>> inputs;
    private final List<Map<String, TensorBuffer>> wanted;
    private final Map<String, List<AffineParameters>> candidates;

    Trial(
        InferenceSession session,
        List<Map<String, TensorBuffer>> inputs,
        List<Map<String, TensorBuffer>> wanted,
        Map<String, List<AffineParameters>> candidates) {
      this.session = session;
      this.inputs = inputs;
      this.wanted = wanted;
      this.candidates = candidates;
    }

    /** Squared output error over squared output, summed over the float outputs. */
    double error(Map<String, Integer> choice) {
      context.progress().check();
      context.progress().advance(1);
      Map<String, TensorBuffer> parameters = new HashMap<>();
      inputNames.forEach(
          (root, names) -> {
            AffineParameters p =
                Objects.requireNonNull(candidates.get(root))
                    .get(Objects.requireNonNull(choice.get(root)));
            TensorBuffer zero = TensorBuffer.allocate(p.type().elementType(), Shape.scalar());
            zero.bytes().put((byte) p.zeroPoint());
            parameters.put(names[0], TensorBuffer.of(Shape.scalar(), p.scale()));
            parameters.put(names[1], zero);
          });
      double noise = 0;
      double signal = 0;
      for (int i = 0; i < inputs.size(); i++) {
        Map<String, TensorBuffer> all = new HashMap<>(inputs.get(i));
        all.putAll(parameters);
        Map<String, TensorBuffer> got = session.run(all);
        for (Map.Entry<String, TensorBuffer> entry : wanted.get(i).entrySet()) {
          TensorBuffer other = got.get(entry.getKey());
          if (other == null
              || !entry.getValue().type().equals(ElementType.FLOAT)
              || !other.shape().equals(entry.getValue().shape())) {
            continue;
          }
          FloatBuffer x = entry.getValue().floats();
          FloatBuffer y = other.floats();
          while (x.hasRemaining()) {
            double value = x.get();
            double difference = value - y.get();
            signal += value * value;
            noise += difference * difference;
          }
        }
      }
      return signal > 0 ? noise / signal : noise;
    }
  }
}
