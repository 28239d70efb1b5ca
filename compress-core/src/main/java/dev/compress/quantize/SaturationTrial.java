package dev.compress.quantize;

import dev.compress.calibrate.ActivationReader;
import dev.compress.calibrate.Samples;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.pass.PassContext;
import dev.compress.runtime.Shapes;
import dev.compress.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;

/**
 * Emulates the saturating products of CPUs without VNNI ({@link Saturation16}) on a model's layers,
 * with inputs from calibration: for the weights that are written, and for the 8-bit weights that
 * would be written for other CPUs. A sample of input rows and output channels a layer.
 */
final class SaturationTrial {
  private static final int SAMPLES = 8;
  private static final int ROWS_PER_SAMPLE = 8;
  private static final int MOST_CHANNELS = 32;
  private static final int MOST_ELEMENTS = 1 << 18;
  private static final int EIGHT_BITS = 127;

  private final Map<Node, Gathered> gathered = new IdentityHashMap<>();
  private Saturation16.Observed written = new Saturation16.Observed(0, 0, 0, 0);
  private Saturation16.Observed eightBits = new Saturation16.Observed(0, 0, 0, 0);
  private double worstDecibels = Double.POSITIVE_INFINITY;
  private String worst = "";

  private SaturationTrial() {}

  /** Rows of one layer's input as codes, channels last, one list a group. */
  private static final class Gathered {
    private final WeightLayout layout;
    private final AffineParameters parameters;
    private final byte[][] codes;
    private final int[] rows;

    Gathered(NodePattern layer, AffineParameters parameters) {
      this.layout = InputRows.layoutOf(layer);
      this.parameters = parameters;
      int most = Math.max(1, MOST_ELEMENTS / Math.max(1, layout.rowLength() * layout.groups()));
      this.codes =
          new byte[layout.groups()][Math.min(most, SAMPLES * ROWS_PER_SAMPLE) * layout.rowLength()];
      this.rows = new int[layout.groups()];
    }

    void row(int group, float[] values, int from) {
      int length = layout.rowLength();
      int at = rows[group] * length;
      if (at + length > codes[group].length) {
        return;
      }
      rows[group]++;
      int kernel = layout.kernel();
      for (int i = 0; i < length; i++) {
        int channel = i / kernel;
        codes[group][at + i % kernel * layout.inPerGroup() + channel] =
            (byte) parameters.quantize(values[from + i]);
      }
    }

    byte[] of(int group) {
      return Arrays.copyOf(codes[group], rows[group] * layout.rowLength());
    }
  }

  /**
   * Runs some of the calibration samples.
   *
   * @param layers the layers whose products are integer
   * @param inputParameters how a layer's input is quantized
   */
  static SaturationTrial gather(
      OnnxModel model,
      Shapes shapes,
      PassContext context,
      List<NodePattern> layers,
      Function<Node, AffineParameters> inputParameters) {
    SaturationTrial trial = new SaturationTrial();
    Map<String, List<InputRows>> readers = new LinkedHashMap<>();
    for (NodePattern layer : layers) {
      if (InputRows.reasonAgainst(layer).isEmpty()) {
        AffineParameters parameters = inputParameters.apply(layer.node());
        Gathered rows = new Gathered(layer, parameters);
        trial.gathered.put(layer.node(), rows);
        readers
            .computeIfAbsent(layer.node().input(0), v -> new ArrayList<>())
            .add(new InputRows(layer, parameters, ROWS_PER_SAMPLE, rows::row));
      }
    }
    Samples all = context.calibration().orElseThrow();
    Samples few = new StridedSamples(all, 0, Math.max(1, all.count() / SAMPLES), SAMPLES);
    new ActivationReader(model, shapes, context.threads(), context.progress())
        .read(
            new LinkedHashSet<>(readers.keySet()),
            few,
            "emulate saturation",
            (batch, n) ->
                batch.forEach(
                    (value, tensor) ->
                        Objects.requireNonNull(readers.get(value))
                            .forEach(r -> r.observe(tensor))));
    return trial;
  }

  /** Emulates one layer. */
  void check(NodePattern layer, WeightCodes codes) {
    Gathered rows = gathered.remove(layer.node());
    if (rows == null || rows.rows[0] == 0) {
      return;
    }
    WeightLayout layout = rows.layout;
    byte[] all = bytes(codes.codes());
    float[] weights = layer.tensor().toFloats();
    int length = layout.rowLength();
    int stride = Math.max(1, layout.outChannels() / MOST_CHANNELS);
    Saturation16.Observed here = new Saturation16.Observed(0, 0, 0, 0);
    for (int out = 0; out < layout.outChannels(); out += stride) {
      byte[] activations = rows.of(out / layout.outPerGroup());
      int zeroPoint = rows.parameters.zeroPoint();
      byte[] row = new byte[length];
      layout.readRowChannelsLast(all, out, row, 0);
      written = written.plus(Saturation16.observe(activations, zeroPoint, row, length));
      here =
          here.plus(
              Saturation16.observe(
                  activations, zeroPoint, eightBitRow(layout, weights, out), length));
    }
    eightBits = eightBits.plus(here);
    if (here.saturated() > 0 && here.sqnrDecibels() < worstDecibels) {
      worstDecibels = here.sqnrDecibels();
      worst = layer.node().label();
    }
  }

  private static byte[] eightBitRow(WeightLayout layout, float[] weights, int out) {
    int length = layout.rowLength();
    float[] row = new float[length];
    layout.readRow(weights, out, row, 0);
    float largest = 0;
    for (float weight : row) {
      largest = Math.max(largest, Math.abs(weight));
    }
    float scale = WeightScales.symmetric(new float[] {largest}, EIGHT_BITS)[0];
    byte[] codes = new byte[length];
    int kernel = layout.kernel();
    for (int i = 0; i < length; i++) {
      long code = Math.round(Math.rint(row[i] / scale));
      codes[i % kernel * layout.inPerGroup() + i / kernel] =
          (byte) Math.max(-EIGHT_BITS, Math.min(EIGHT_BITS, code));
    }
    return codes;
  }

  private static byte[] bytes(Tensor codes) {
    byte[] bytes = new byte[Math.toIntExact(codes.byteSize())];
    codes.data().read(0, java.nio.ByteBuffer.wrap(bytes));
    return bytes;
  }

  List<String> warnings() {
    return written.saturated() == 0
        ? List.of()
        : List.of(
            String.format(
                Locale.ROOT,
                "%.3f%% of the 16-bit sums that were emulated saturate on CPUs without VNNI.",
                100 * written.share()));
  }

  List<String> notes() {
    if (written.sums() == 0) {
      return List.of();
    }
    String head =
        String.format(
            Locale.ROOT,
            "cpu-avx2: %,d 16-bit sums of pairs emulated, %,d saturate with the 7-bit weights"
                + " written; ",
            written.sums(),
            written.saturated());
    String tail =
        eightBits.saturated() == 0
            ? "with 8-bit weights none would either."
            : String.format(
                Locale.ROOT,
                "with 8-bit weights %.2f%% would, worst in %s (%.1f dB).",
                100 * eightBits.share(),
                worst,
                worstDecibels);
    return List.of(head + tail);
  }
}
