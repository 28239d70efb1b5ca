package dev.compress.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.OperatingSystemMXBean;
import dev.compress.tensor.Scratch;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.lang.management.ManagementFactory;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * The time of k-means on ten million weights into 256 centroids: processor time of the whole
 * process, its compiler and the first, cold run included. Run it alone, with {@code -Pbenchmark
 * -Dtest=ClusterSpeedTest}.
 */
@Tag("benchmark")
class ClusterSpeedTest {
  private static final int ELEMENTS = 10_000_000;
  private static final int CENTROIDS = 256;
  private static final int ROUNDS = 3;
  private static final double MOST_CPU_SECONDS = 2;

  @Test
  void tenMillionWeightsTakeTwoSecondsOfProcessorTime() {
    OperatingSystemMXBean system = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
    float[] weights = new float[ELEMENTS];
    Random random = new Random(1);
    for (int i = 0; i < weights.length; i++) {
      weights[i] = (float) random.nextGaussian();
    }
    Tensor weight = Tensor.ofFloats(Shape.of(ELEMENTS / 1000, 1000), weights);
    FloatClusters clusters =
        new FloatClusters(new KMeans1D(KMeans1D.Start.OPTIMAL, 0), CENTROIDS, false);
    for (int round = 0; round < ROUNDS; round++) {
      try (Scratch scratch = Scratch.inTemporaryFolder()) {
        long wall = System.nanoTime();
        long cpu = system.getProcessCpuTime();
        Tensor clustered = clusters.cluster("w", weight, scratch);
        double seconds = (system.getProcessCpuTime() - cpu) / 1e9;
        System.out.printf(
            "%d weights into %d centroids: %.2f s of processor time, %.2f s%n",
            ELEMENTS, CENTROIDS, seconds, (System.nanoTime() - wall) / 1e9);
        assertThat(seconds).isLessThan(MOST_CPU_SECONDS);
        assertThat(clustered.toFloats()).hasSize(ELEMENTS);
      }
    }
  }
}
