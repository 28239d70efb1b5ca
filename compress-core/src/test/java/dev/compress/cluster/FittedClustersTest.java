package dev.compress.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.compress.calibrate.Samples;
import dev.compress.graph.Attribute;
import dev.compress.graph.Dim;
import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.pass.PassContext;
import dev.compress.pass.PassResult;
import dev.compress.progress.Progress;
import dev.compress.quantize.NodeFilter;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Scratch;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import dev.compress.tensor.TensorBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Errors are those of the layer's outputs, computed here from the samples themselves. */
class FittedClustersTest {
  private static final int INPUTS = 24;
  private static final int OUTPUTS = 12;
  private static final int SAMPLES = 400;

  private final Scratch scratch = Scratch.inTemporaryFolder();
  private final double[][] inputs = inputs();

  @AfterEach
  void close() {
    scratch.close();
  }

  /** Three causes behind all inputs, of very different energies; the last input is silent. */
  private static double[][] inputs() {
    Random random = new Random(1);
    double[][] mix = new double[INPUTS][3];
    for (double[] row : mix) {
      Arrays.setAll(row, i -> random.nextGaussian());
    }
    double[][] samples = new double[SAMPLES][INPUTS];
    for (double[] sample : samples) {
      double[] causes = random.doubles(3, -1, 1).toArray();
      for (int i = 0; i + 1 < INPUTS; i++) {
        double sum = 0.2 * random.nextGaussian();
        for (int c = 0; c < causes.length; c++) {
          sum += mix[i][c] * causes[c];
        }
        sample[i] = (float) (sum * Math.pow(1.2, i % 12));
      }
    }
    return samples;
  }

  private Samples samples() {
    return new Samples() {
      @Override
      public long count() {
        return SAMPLES;
      }

      @Override
      public boolean batchable() {
        return true;
      }

      @Override
      public void forEachBatch(int batchSize, BatchReader reader) {
        for (int done = 0; done < SAMPLES; ) {
          int n = Math.min(batchSize, SAMPLES - done);
          float[] values = new float[n * INPUTS];
          for (int i = 0; i < values.length; i++) {
            values[i] = (float) inputs[done + i / INPUTS][i % INPUTS];
          }
          if (!reader.read(Map.of("x", TensorBuffer.of(Shape.of(n, INPUTS), values)), n)) {
            return;
          }
          done += n;
        }
      }
    };
  }

  /** {@code [OUTPUTS, INPUTS]}, a share of it zero. */
  private static float[] weights(double zeros) {
    Random random = new Random(2);
    float[] weights = new float[OUTPUTS * INPUTS];
    for (int i = 0; i < weights.length; i++) {
      weights[i] = random.nextDouble() < zeros ? 0 : (float) random.nextGaussian();
    }
    return weights;
  }

  private static OnnxModel model(float[] weights) {
    return OnnxModel.of(
        8,
        13,
        Graph.of(
            "layer",
            List.of(
                Node.of("Gemm", "fc", List.of("x", "w"), List.of("y"), Attribute.of("transB", 1L))),
            List.of(Initializer.of("w", Tensor.ofFloats(Shape.of(OUTPUTS, INPUTS), weights))),
            List.of(value("x", INPUTS)),
            List.of(value("y", OUTPUTS))));
  }

  private static ValueInfo value(String name, long width) {
    return ValueInfo.of(
        name, ValueType.tensor(ElementType.FLOAT, List.of(Dim.of("n"), Dim.of(width))));
  }

  private float[] clustered(float[] weights, int centroids, int groups, boolean data, int threads) {
    PassContext context =
        new PassContext(
            scratch, Progress.NONE, threads, 0, data ? Optional.of(samples()) : Optional.empty());
    PassResult result =
        new ClusterWeights(centroids, groups, false, NodeFilter.ALL).apply(model(weights), context);
    return result.model().graph().initializers().get(0).tensor().toFloats();
  }

  /** The mean square by which the layer's outputs are off. */
  private double off(float[] before, float[] after) {
    double sum = 0;
    for (double[] sample : inputs) {
      for (int o = 0; o < OUTPUTS; o++) {
        double error = 0;
        for (int i = 0; i < INPUTS; i++) {
          error += ((double) before[o * INPUTS + i] - after[o * INPUTS + i]) * sample[i];
        }
        sum += error * error;
      }
    }
    return sum / SAMPLES;
  }

  private static Set<Float> values(float[] weights, int from, int to) {
    Set<Float> values = new TreeSet<>();
    for (int i = from; i < to; i++) {
      values.add(weights[i]);
    }
    return values;
  }

  @ParameterizedTest(name = "{0} values in {1} groups, {2} of it zero")
  @CsvSource({"4, 1, 0", "8, 1, 0.5", "4, 3, 0", "16, 1, 0", "4, 1, 0.8"})
  void dataBringsOutputsFarCloserThanNearestValues(int centroids, int groups, double zeros) {
    float[] weights = weights(zeros);
    float[] plain = clustered(weights, centroids, groups, false, 1);
    float[] fitted = clustered(weights, centroids, groups, true, 1);
    assertThat(off(weights, fitted)).isLessThan(0.3 * off(weights, plain));
    int channels = OUTPUTS / groups;
    for (int group = 0; group < groups; group++) {
      int from = group * channels * INPUTS;
      assertThat(values(fitted, from, from + channels * INPUTS))
          .hasSizeLessThanOrEqualTo(centroids);
    }
    for (int i = 0; i < weights.length && zeros > 0; i++) {
      assertThat(fitted[i] == 0).as("element %d", i).isEqualTo(weights[i] == 0);
    }
  }

  /** For what each weight is in, no other value of one cluster is better. */
  @Test
  void valuesAreTheBestForTheirClusters() {
    float[] weights = weights(0);
    float[] fitted = clustered(weights, 8, 1, true, 1);
    double least = off(weights, fitted);
    for (float value : values(fitted, 0, fitted.length)) {
      for (double step : new double[] {-0.01, 0.01}) {
        float[] moved = fitted.clone();
        for (int i = 0; i < moved.length; i++) {
          moved[i] += moved[i] == value ? (float) step : 0;
        }
        assertThat(off(weights, moved)).isGreaterThan(least * (1 - 1e-6));
      }
    }
  }

  @Test
  void threadsChangeNothing() {
    float[] weights = weights(0.3);
    assertThat(clustered(weights, 6, 2, true, 5)).isEqualTo(clustered(weights, 6, 2, true, 1));
  }
}
