package dev.compress.quantize;

import dev.compress.calibrate.ActivationCollector;
import dev.compress.calibrate.ActivationStatistics;
import dev.compress.calibrate.Histogram;
import dev.compress.calibrate.QuantizationGrid;
import dev.compress.calibrate.RangeMethod;
import dev.compress.calibrate.Samples;
import dev.compress.calibrate.ValueRange;
import dev.compress.calibrate.ValueSummary;
import dev.compress.graph.GraphIndex;
import dev.compress.graph.OnnxModel;
import dev.compress.pass.PassContext;
import dev.compress.runtime.Shapes;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Supplier;

/**
 * What the values of a plan are quantized by: their ranges over the calibration samples.
 *
 * @param settings of the pass
 * @param model whose values these are
 * @param shapes of its values
 * @param context samples, threads and cache
 * @param warnings told of what was seen and left out
 */
record StaticRanges(
    QuantizeInt8 settings,
    OnnxModel model,
    Shapes shapes,
    PassContext context,
    List<String> warnings) {
  /** What {@code auto} chooses from. */
  private static final List<RangeMethod> CANDIDATES =
      List.of(
          RangeMethod.MIN_MAX,
          new RangeMethod.Percentile(99.99),
          new RangeMethod.Percentile(99.999),
          RangeMethod.SQUARED_ERROR,
          RangeMethod.KULLBACK_LEIBLER);

  /** Runs the samples and collects what {@link #fit} and the biases need. */
  ActivationStatistics observe(StaticPlan plan) {
    Map<String, Integer> channelAxes = new LinkedHashMap<>();
    for (NodePattern pattern : plan.weighted.values()) {
      channelAxes.put(pattern.node().input(0), pattern.node().is("Conv") ? 1 : -1);
    }
    ActivationCollector collector = new ActivationCollector().meansOf(channelAxes);
    boolean extremesOnly =
        settings.method().filter(RangeMethod.MinMax.class::isInstance).isPresent();
    collector =
        extremesOnly ? collector.extremesOf(plan.roots()) : collector.histogramsOf(plan.roots());
    return context.observe(model, shapes, collector);
  }

  /**
   * Fits each value's range.
   *
   * @return by the root of each group of values that share one
   */
  Map<String, AffineParameters> fit(
      StaticPlan plan, ActivationStatistics statistics, Samples samples) {
    GraphIndex index = new GraphIndex(model.graph());
    List<RangeMethod> methods = settings.method().map(List::of).orElse(CANDIDATES);
    Map<String, List<AffineParameters>> candidates = new LinkedHashMap<>();
    for (String root : plan.roots()) {
      ValueSummary summary = Objects.requireNonNull(statistics.summaries().get(root), root);
      if (summary.nonFiniteCount() > 0) {
        warnings.add(
            "Value "
                + root
                + " held "
                + summary.nonFiniteCount()
                + " NaN or infinite elements during calibration; they were left out.");
      }
      List<AffineParameters> fitted = new ArrayList<>();
      for (RangeMethod method : methods) {
        fitted.add(parameters(root, range(root, method, statistics), index));
      }
      candidates.put(root, fitted);
    }
    Map<String, Integer> choice =
        methods.size() == 1 ? Map.of() : choices(plan, candidates, samples);
    return RangeSearch.chosen(choice, candidates);
  }

  private Map<String, Integer> choices(
      StaticPlan plan, Map<String, List<AffineParameters>> candidates, Samples samples) {
    Supplier<Map<String, Integer>> search =
        () ->
            new RangeSearch(model, plan, samples, context)
                .search(candidates, PatternCost.products(plan.weighted.values(), shapes));
    if (context.cache().isEmpty()) {
      return search.get();
    }
    List<String> nodes =
        plan.weighted.values().stream().map(p -> p.node().output(0)).sorted().toList();
    String question = "ranges\n" + new TreeMap<>(candidates) + nodes;
    return context.cache().get().choices(model, samples, question, search);
  }

  private ValueRange range(String root, RangeMethod method, ActivationStatistics statistics) {
    Histogram histogram = statistics.histograms().get(root);
    return histogram == null
        ? Objects.requireNonNull(statistics.summaries().get(root)).range()
        : method.fit(histogram, grid());
  }

  private QuantizationGrid grid() {
    return settings.target().activationType().grid(settings.target().symmetricActivations());
  }

  private AffineParameters parameters(String root, ValueRange seen, GraphIndex index) {
    QuantizedType type = settings.target().activationType();
    ValueRange range = GatedRange.of(root, seen, index);
    return withinClip(
        root,
        settings.target().symmetricActivations()
            ? AffineParameters.symmetric(range, type)
            : AffineParameters.asymmetric(range, type),
        index);
  }

  /** A Clip is absorbed only if no code stands for a value beyond its bound. */
  private static AffineParameters withinClip(
      String root, AffineParameters parameters, GraphIndex index) {
    Optional<Float> bound =
        index
            .producer(root, "Clip")
            .flatMap(clip -> index.constant(clip.input(2)))
            .map(t -> t.toFloats()[0]);
    AffineParameters fitted = parameters;
    while (bound.isPresent()
        && bound.get() > 0
        && fitted.range().high() > bound.get()
        && fitted.scale() > AffineParameters.MIN_SCALE) {
      fitted =
          new AffineParameters(Math.nextDown(fitted.scale()), fitted.zeroPoint(), fitted.type());
    }
    return fitted;
  }
}
