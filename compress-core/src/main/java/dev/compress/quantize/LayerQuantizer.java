package dev.compress.quantize;

import dev.compress.calibrate.ActivationStatistics;
import dev.compress.graph.GraphIndex;
import dev.compress.graph.Node;
import dev.compress.pass.PassContext;
import dev.compress.tensor.Tensor;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.Function;

/**
 * Quantizes the weight and the bias of one layer at a time, the bias corrected by what the rounding
 * of the weight shifts its outputs by. Several layers may be quantized at once.
 *
 * @param target whose codes
 * @param index of the graph before it is changed
 * @param inputs how a node's first input is quantized
 * @param statistics of the inputs' channels
 * @param context threads and scratch
 */
record LayerQuantizer(
    Target target,
    GraphIndex index,
    Function<Node, AffineParameters> inputs,
    ActivationStatistics statistics,
    PassContext context) {
  private static final float[] NO_BIAS = {};

  /**
   * A layer's new constants.
   *
   * @param pattern the layer
   * @param biasAdd the Add that holds the bias of a MatMul
   * @param codes its weight
   * @param bias corrected, one a channel; empty without one
   * @param quantizer of the bias
   */
  @SuppressWarnings("ArrayRecordComponent") // made once and only read
  record Layer(
      NodePattern pattern,
      Optional<BiasAdd> biasAdd,
      WeightCodes codes,
      float[] bias,
      BiasQuantizer quantizer) {
    int[] biasCodes() {
      return quantizer.codes(bias, codes.scales());
    }

    float[] biasScales() {
      return quantizer.scales(codes.scales());
    }
  }

  /**
   * A weight's codes as they are written.
   *
   * @param codes with scales
   * @param shift by how much the mean of each output channel is less than it was; empty where that
   *     is not known
   */
  @SuppressWarnings("ArrayRecordComponent") // made once and only read
  record Finished(WeightCodes codes, double[] shift) {
    static Finished of(WeightCodes codes) {
      return new Finished(codes, new double[0]);
    }
  }

  /** What else is done to a weight's codes. */
  @FunctionalInterface
  interface Finish {
    /** Leaves the codes as they are. */
    Finish NONE = (codes, least, offset) -> Finished.of(codes);

    /**
     * Changes codes and scales.
     *
     * @param codes rounded to nearest
     * @param least the least scale of each channel under which its bias fits
     * @param offset whether the bias makes up for what the means of the outputs are off by
     */
    Finished finish(WeightCodes codes, float[] least, boolean offset);
  }

  /**
   * Quantizes a layer.
   *
   * @param finish what else is done to the weight's codes
   */
  Layer quantize(NodePattern pattern, Finish finish) {
    FloatLayer layer = floatLayer(pattern);
    float[] bias = layer.bias();
    BiasQuantizer quantizer = layer.quantizer();
    Optional<double[]> means = layer.means();
    boolean offset = layer.offset();
    Optional<WeightError.RowShifts> shifts =
        means
            .filter(m -> offset && finish == Finish.NONE)
            .map(m -> new WeightError.RowShifts(pattern, m));
    WeightCodes nearest =
        WeightCodes.of(
            pattern.weight(),
            pattern.tensor(),
            ChannelLayout.of(pattern.tensor().shape(), pattern.outputAxis()),
            target.maxWeightCode(),
            quantizer,
            bias,
            shifts.map(RowQuantizer.Visitor.class::cast).orElse(RowQuantizer.Visitor.NONE),
            context);
    float[] least = new float[nearest.scales().length];
    Arrays.fill(least, AffineParameters.MIN_SCALE);
    Finished finished =
        finish.finish(
            nearest, bias.length == 0 ? least : quantizer.raisedScales(bias, least), offset);
    WeightCodes codes = finished.codes();
    if (offset && finished.shift().length > 0) {
      bias = corrected(bias, finished.shift());
    } else if (offset && means.isPresent()) {
      Optional<double[]> seen = shifts.flatMap(WeightError.RowShifts::shifts);
      bias =
          corrected(
              bias,
              seen.orElseGet(() -> WeightError.expectedOutputShift(pattern, codes, means.get())));
    }
    return new Layer(pattern, layer.biasAdd(), codes, bias, quantizer);
  }

  /**
   * Quantizes a layer with the codes that another has for the same weight, so that the file holds
   * them once.
   *
   * @return empty where its bias does not fit the codes' scales
   */
  Optional<Layer> quantizeWith(WeightCodes codes, NodePattern pattern) {
    FloatLayer layer = floatLayer(pattern);
    float[] bias = layer.bias();
    float[] scales = codes.scales();
    if (bias.length > 0 && !Arrays.equals(layer.quantizer().raisedScales(bias, scales), scales)) {
      return Optional.empty();
    }
    if (layer.offset() && layer.means().isPresent()) {
      bias = corrected(bias, WeightError.expectedOutputShift(pattern, codes, layer.means().get()));
    }
    return Optional.of(new Layer(pattern, layer.biasAdd(), codes, bias, layer.quantizer()));
  }

  /**
   * What quantizing a layer goes by.
   *
   * @param biasAdd the Add that holds its bias, of a MatMul
   * @param bias one a channel; empty without one
   * @param means of its inputs, one a channel, where samples were seen
   * @param offset whether a bias can make up for what the means of its outputs are off by
   * @param quantizer of the bias
   */
  @SuppressWarnings("ArrayRecordComponent") // made once and only read
  private record FloatLayer(
      Optional<BiasAdd> biasAdd,
      float[] bias,
      Optional<double[]> means,
      boolean offset,
      BiasQuantizer quantizer) {}

  private FloatLayer floatLayer(NodePattern pattern) {
    Node node = pattern.node();
    Optional<BiasAdd> biasAdd =
        node.is("MatMul") ? BiasAdd.after(node, pattern.outputChannels(), index) : Optional.empty();
    float[] bias =
        biasAdd
            .map(BiasAdd::bias)
            .or(() -> index.constant(pattern.bias()))
            .map(Tensor::toFloats)
            .orElse(NO_BIAS);
    return new FloatLayer(
        biasAdd,
        bias,
        statistics.meansOf(node.input(0)),
        bias.length > 0 || node.is("Conv"),
        new BiasQuantizer(inputs.apply(node).scale(), pattern.reductionLength()));
  }

  private static float[] corrected(float[] bias, double[] shift) {
    float[] corrected = new float[shift.length];
    for (int c = 0; c < shift.length; c++) {
      corrected[c] = (float) ((bias.length == 0 ? 0 : bias[c]) + shift[c]);
    }
    return corrected;
  }
}
