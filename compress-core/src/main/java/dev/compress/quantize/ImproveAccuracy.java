package dev.compress.quantize;

import dev.compress.calibrate.RangeMethod;
import dev.compress.calibrate.Samples;
import dev.compress.graph.GraphIndex;
import dev.compress.graph.OnnxModel;
import dev.compress.metric.FidelityScorer;
import dev.compress.pass.CompressionPass;
import dev.compress.pass.NotApplicable;
import dev.compress.pass.PassContext;
import dev.compress.pass.PassResult;
import dev.compress.pass.PassResult.Skipped;
import dev.compress.runtime.InferenceSession;
import dev.compress.runtime.SessionOptions;
import dev.compress.runtime.Shapes;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.TensorBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Equalizes layers and smooths activations before static quantization, each only where that brings
 * the quantized model's outputs measurably closer to the float model's. Both leave the float
 * model's outputs as they are, so trying is safe: the model is quantized on some of the calibration
 * samples with and without, and compared on others. Large models are left as they are.
 *
 * @param quantization what will be done afterwards
 */
public record ImproveAccuracy(QuantizeInt8 quantization) implements CompressionPass {
  private static final int SAMPLES = 8;

  /** Multiplications of one sample up to which trying takes seconds at most. */
  private static final double MOST_PRODUCTS = 5e8;

  /** Less than this, in dB, may be chance. */
  private static final double LEAST_GAIN = 0.5;

  @Override
  public String name() {
    return "improve-accuracy";
  }

  private List<CompressionPass> methods() {
    return List.of(
        new EqualizeLayers(quantization.filter()), new SmoothActivations(quantization.filter()));
  }

  @Override
  public Optional<NotApplicable> notApplicableTo(OnnxModel model) {
    return methods().stream().allMatch(m -> m.notApplicableTo(model).isPresent())
        ? Optional.of(
            new NotApplicable("no layers that could be equalized, no activations to smooth"))
        : Optional.empty();
  }

  @Override
  public PassResult apply(OnnxModel model, PassContext context) {
    Optional<PassResult> known = withoutTrial(model, context);
    return known.isPresent()
        ? known.get()
        : search(model, context.calibration().orElseThrow(), context);
  }

  @Override
  public PassResult plan(OnnxModel model, PassContext context) {
    return withoutTrial(model, context).orElseGet(() -> toTry(model, context));
  }

  private PassResult toTry(OnnxModel model, PassContext context) {
    List<PassResult.Change> changes = new ArrayList<>();
    methods().forEach(m -> changes.addAll(m.plan(model, context).changes()));
    String note =
        "Equalization and smoothing will be tried on the calibration data and kept where they help.";
    return new PassResult(model, changes, List.of(), List.of(), List.of(), List.of(note));
  }

  /** The result where nothing is to be tried; else empty. */
  private Optional<PassResult> withoutTrial(OnnxModel model, PassContext context) {
    Optional<Samples> all = context.calibration();
    if (notApplicableTo(model).isPresent()
        || all.isEmpty()
        || all.get().count() < 2
        || model.opset() < 13
        || !quantization.target().runsIntegerKernels()
        || (quantization.mode() != QuantizationMode.AUTO
            && quantization.mode() != QuantizationMode.STATIC)) {
      return Optional.of(PassResult.unchanged(model));
    }
    double products = products(model, context.shapes(model));
    if (products < 0 || products > MOST_PRODUCTS) {
      return Optional.of(
          new PassResult(
              model,
              List.of(),
              List.of(
                  new Skipped(
                      "the model", "", "too large to try equalization and smoothing quickly")),
              List.of()));
    }
    return Optional.empty();
  }

  private PassResult search(OnnxModel model, Samples all, PassContext context) {
    long stride = Math.max(2, all.count() / SAMPLES);
    Samples fitting = new StridedSamples(all, 0, stride, SAMPLES);
    Samples judging = new StridedSamples(all, stride / 2, stride, SAMPLES);
    PassContext few = context.calibratingOn(fitting);
    OnnxModel best = model;
    double closest = decibels(model, model, judging, few);
    List<PassResult.Change> changes = new ArrayList<>();
    List<Skipped> skipped = new ArrayList<>();
    for (CompressionPass method : methods()) {
      PassResult tried = method.apply(best, few);
      if (tried.model() == best) {
        continue;
      }
      double reached = decibels(model, tried.model(), judging, few);
      if (reached > closest + LEAST_GAIN) {
        best = tried.model();
        closest = reached;
        changes.addAll(tried.changes());
      } else {
        skipped.add(
            new Skipped(
                "the model",
                "",
                String.format(
                    java.util.Locale.ROOT,
                    "%s does not help here: %.1f dB with it, %.1f dB without",
                    method.name(),
                    reached,
                    closest)));
      }
    }
    return new PassResult(best, changes, skipped, List.of());
  }

  /** How close a model's outputs, quantized, are to those of the float model. */
  private double decibels(
      OnnxModel reference, OnnxModel candidate, Samples judging, PassContext few) {
    QuantizeInt8 quick =
        new QuantizeInt8(
            QuantizationMode.STATIC,
            quantization.target(),
            quantization.filter(),
            Optional.of(quantization.method().orElse(RangeMethod.MIN_MAX)),
            quantization.keptFloat(),
            Rounding.NEAREST,
            false,
            quantization.codes());
    OnnxModel quantized = quick.apply(candidate, few).model();
    FidelityScorer scorer = new FidelityScorer();
    SessionOptions options = SessionOptions.of(few.threads());
    try (InferenceSession a = InferenceSession.open(reference, options);
        InferenceSession b = InferenceSession.open(quantized, options)) {
      judging.forEachBatch(
          1,
          (inputs, n) -> {
            few.progress().check();
            Map<String, TensorBuffer> expected = new LinkedHashMap<>(a.run(inputs));
            expected.values().removeIf(x -> !x.type().equals(ElementType.FLOAT));
            scorer.addAll(expected, b.run(inputs), judging.fixedRows(), n);
            return true;
          });
    }
    return scorer.sqnrDb();
  }

  private static double products(OnnxModel model, Shapes shapes) {
    GraphIndex index = new GraphIndex(model.graph());
    return model.graph().nodes().stream()
        .flatMap(n -> NodePattern.match(n, index).stream())
        .mapToDouble(p -> PatternCost.products(p, shapes))
        .reduce(0, (a, b) -> a < 0 || b < 0 ? -1 : a + b);
  }
}
