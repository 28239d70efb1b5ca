package dev.compress.calibrate;

import dev.compress.graph.Attribute;
import dev.compress.graph.Dim;
import dev.compress.graph.GraphEditor;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.runtime.Shapes;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import dev.compress.tensor.TensorBuffer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Extremes, means and mean squares of large values, taken by {@code Reduce} nodes in the observed
 * model itself: the runtime looks at a value while it is in the cache and can give its memory away
 * then, where showing it to an observer keeps it until the run ends and copies it.
 *
 * <p>Each sample's channel is one float sum; samples are added in double. A sum that is not finite
 * (NaN, infinities, or an overflow of the squares) says that the value must be shown after all.
 */
final class GraphReductions {
  /** Below this, showing a value costs nothing and its sums are exact in double. */
  private static final long MIN_ELEMENTS = 1L << 15;

  private static final long AXES_ARE_INPUTS_FROM_OPSET = 18;

  /** The mean always, because it tells of NaN. */
  private static final String MEAN = "ReduceMean";

  private static final String MIN = "ReduceMin";
  private static final String MAX = "ReduceMax";
  private static final String SQUARES = "ReduceSumSquare";

  /**
   * How a value is reduced.
   *
   * @param value its name
   * @param axes that are reduced: all but the first and that of the channels
   * @param channels how many, 1 where only the extremes of the whole are wanted
   * @param inner elements of one channel of one sample
   * @param outputs by operator
   */
  private record Reduction(
      String value, List<Long> axes, int channels, long inner, Map<String, String> outputs) {}

  private final OnnxModel model;
  private final Map<String, Reduction> reductions;
  private final Map<String, ChannelObserver> observers = new LinkedHashMap<>();
  private final Set<String> special = new LinkedHashSet<>();

  private GraphReductions(OnnxModel model, Map<String, Reduction> reductions) {
    this.model = model;
    this.reductions = reductions;
    reductions.values().forEach(r -> observers.put(r.value(), new ChannelObserver(r.channels())));
  }

  /**
   * Adds reductions to a model.
   *
   * @param extremes values whose extremes are wanted
   * @param channelAxes values whose statistics per channel are wanted, and their channels' axes
   * @param meanAxes values whose means per channel are wanted, likewise
   */
  static GraphReductions in(
      OnnxModel model,
      Shapes shapes,
      Set<String> extremes,
      Map<String, Integer> channelAxes,
      Map<String, Integer> meanAxes) {
    GraphEditor names = new GraphEditor(model.graph());
    Set<String> rectified =
        model.graph().nodes().stream()
            .filter(n -> n.is("Relu"))
            .map(n -> n.output(0))
            .collect(Collectors.toSet());
    Map<String, Reduction> reductions = new LinkedHashMap<>();
    Stream.of(extremes, channelAxes.keySet(), meanAxes.keySet())
        .flatMap(Set::stream)
        .distinct()
        .forEach(
            value -> {
              Integer axis = channelAxes.getOrDefault(value, meanAxes.get(value));
              List<String> wanted =
                  channelAxes.containsKey(value)
                      ? List.of(MEAN, MIN, MAX, SQUARES)
                      : !extremes.contains(value)
                          ? List.of(MEAN)
                          // nothing is below 0 there, and every grid of codes has a 0
                          : rectified.contains(value)
                              ? List.of(MEAN, MAX)
                              : List.of(MEAN, MIN, MAX);
              plan(value, Optional.ofNullable(axis), wanted, shapes, names)
                  .ifPresent(r -> reductions.put(value, r));
            });
    return new GraphReductions(withNodes(model, reductions.values()), reductions);
  }

  private static Optional<Reduction> plan(
      String value, Optional<Integer> axis, List<String> wanted, Shapes shapes, GraphEditor names) {
    List<Dim> dims = shapes.dims(value).orElse(List.of());
    int kept = axis.map(a -> a < 0 ? a + dims.size() : a).orElse(-1);
    long inner = 1;
    List<Long> axes = new ArrayList<>();
    for (int i = 1; i < dims.size(); i++) {
      long size = dims.get(i).sizeOrUnknown();
      if (size < 1 || size > Integer.MAX_VALUE) {
        return Optional.empty();
      }
      if (i != kept) {
        inner = Math.multiplyExact(inner, size);
        axes.add((long) i);
      }
    }
    boolean isFloat = shapes.element(value).filter(ElementType.FLOAT::equals).isPresent();
    if (!isFloat || axes.isEmpty() || kept == 0) {
      return Optional.empty();
    }
    int channels = kept < 0 ? 1 : (int) dims.get(kept).sizeOrUnknown();
    if (inner * channels < MIN_ELEMENTS) {
      return Optional.empty();
    }
    Map<String, String> outputs = new LinkedHashMap<>();
    wanted.forEach(o -> outputs.put(o, names.freshName(o + "_" + value)));
    return Optional.of(new Reduction(value, axes, channels, inner, outputs));
  }

  /**
   * The nodes of the last layers come first: the runtime plans backwards from the last output of
   * the graph, and so runs each reduction right behind the node that made its value.
   */
  private static OnnxModel withNodes(OnnxModel model, Iterable<Reduction> reductions) {
    List<Node> nodes = new ArrayList<>();
    List<Initializer> initializers = new ArrayList<>(model.graph().initializers());
    for (Reduction reduction : reductions) {
      long[] axes = reduction.axes().stream().mapToLong(Long::longValue).toArray();
      Attribute dropDims = Attribute.of("keepdims", 0);
      List<String> inputs = List.of(reduction.value());
      List<Attribute> attributes = List.of(dropDims, Attribute.of("axes", axes));
      if (model.opset() >= AXES_ARE_INPUTS_FROM_OPSET) {
        String name = reduction.outputs().get(MEAN) + "_axes";
        initializers.add(Initializer.of(name, Tensor.ofLongs(Shape.of(axes.length), axes)));
        inputs = List.of(reduction.value(), name);
        attributes = List.of(dropDims);
      }
      for (Map.Entry<String, String> output : reduction.outputs().entrySet()) {
        nodes.add(
            Node.of(
                output.getKey(),
                output.getValue(),
                inputs,
                List.of(output.getValue()),
                attributes.toArray(Attribute[]::new)));
      }
    }
    Collections.reverse(nodes);
    nodes.addAll(0, model.graph().nodes());
    return model.withGraph(model.graph().withNodes(nodes).withInitializers(initializers));
  }

  /** The model with the reductions in it. */
  OnnxModel model() {
    return model;
  }

  /** The values that are reduced in the graph. */
  Set<String> values() {
    return Collections.unmodifiableSet(reductions.keySet());
  }

  /** What must be shown for {@link #observe}: outputs of the reductions. */
  List<String> outputs() {
    return reductions.values().stream().flatMap(r -> r.outputs().values().stream()).toList();
  }

  /**
   * Takes in one batch.
   *
   * @param values among them all of the {@link #outputs} or none
   */
  void observe(Map<String, TensorBuffer> values) {
    if (!values.keySet().containsAll(outputs())) {
      return;
    }
    for (Reduction reduction : reductions.values()) {
      FloatBuffer means = part(reduction, MEAN, values).orElseThrow();
      Optional<FloatBuffer> lows = part(reduction, MIN, values);
      Optional<FloatBuffer> highs = part(reduction, MAX, values);
      Optional<FloatBuffer> sums = part(reduction, SQUARES, values);
      ChannelObserver observer = Objects.requireNonNull(observers.get(reduction.value()));
      boolean finite = true;
      for (int i = 0; i < means.remaining(); i++) {
        double mean = means.get(i);
        double squares = at(sums, i);
        finite &= Double.isFinite(mean) && Double.isFinite(squares);
        observer.observeReduced(
            i % reduction.channels(),
            reduction.inner(),
            at(lows, i),
            at(highs, i),
            mean * reduction.inner(),
            squares);
      }
      if (!finite) {
        special.add(reduction.value());
      }
    }
  }

  private static Optional<FloatBuffer> part(
      Reduction reduction, String operator, Map<String, TensorBuffer> values) {
    return Optional.ofNullable(reduction.outputs().get(operator))
        .map(output -> Objects.requireNonNull(values.get(output), output).floats());
  }

  private static float at(Optional<FloatBuffer> part, int index) {
    return part.isPresent() ? part.get().get(index) : 0;
  }

  /** Values that held something that is not finite, and must be shown to an observer instead. */
  Set<String> special() {
    return Collections.unmodifiableSet(special);
  }

  /** What was seen of a value that is covered. */
  ChannelObserver seen(String value) {
    return Objects.requireNonNull(observers.get(value), value);
  }
}
