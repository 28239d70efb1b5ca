package dev.compress.prune.channels;

import dev.compress.calibrate.ActivationStatistics;
import dev.compress.calibrate.ChannelStatistics;
import dev.compress.error.InvalidModelException;
import dev.compress.graph.GraphIndex;
import dev.compress.graph.Node;
import dev.compress.prune.channels.Coupling.Role;
import dev.compress.prune.channels.Coupling.Use;
import dev.compress.tensor.FloatReader;
import dev.compress.tensor.Tensor;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * How much each unit matters. The squares of the weights at a position of an axis, {@code sum w^2},
 * are divided by their mean over the axis, so that layers of any scale compare; a unit's score is
 * the mean over all its positions in all weights. By magnitude the axes that make the channels and
 * those that read them count alike; with samples those that read them alone, times the variance of
 * what they read: {@code sum_o w_oc^2 Var[x_c]} is what the layer's output loses where the
 * channel's mean moves into the bias.
 */
final class UnitScores {
  private static final int CHUNK = 1 << 16;

  private final DependencyGroups groups;
  private final GraphIndex index;
  private final Map<String, double[][]> squares = new HashMap<>();
  private final Map<Integer, double[]> sums = new LinkedHashMap<>();

  private UnitScores(DependencyGroups groups) {
    this.groups = groups;
    this.index = groups.coupling().index();
  }

  /** Scores by the weights alone. */
  static Map<Integer, Double> byMagnitude(DependencyGroups groups) {
    UnitScores scores = new UnitScores(groups);
    for (Use use : groups.uses()) {
      if (use.role() != Role.FOLLOWER) {
        scores.axis(use).ifPresent(norms -> scores.add(use, norms));
      }
    }
    return scores.means();
  }

  /** Scores by the scale of the batch normalization that follows; the rest by magnitude. */
  static Map<Integer, Double> byBatchNorm(DependencyGroups groups) {
    UnitScores scores = new UnitScores(groups);
    for (Use use : groups.uses()) {
      if (use.node().is("BatchNormalization") && use.initializer().equals(use.node().input(1))) {
        scores.axis(use).ifPresent(norms -> scores.add(use, norms));
      }
    }
    Map<Integer, Double> all = new LinkedHashMap<>(byMagnitude(groups));
    all.putAll(scores.means());
    return all;
  }

  /** What is to be observed for {@link #byActivation}: values with the axis of their channels. */
  static Map<String, Integer> observed(DependencyGroups groups) {
    Map<String, Integer> values = new LinkedHashMap<>();
    for (Use use : groups.uses()) {
      if (reads(use) && groups.axis(use).length > 0) {
        Node node = use.node();
        values.put(node.input(0), node.opType().startsWith("Conv") ? 1 : -1);
      }
    }
    return values;
  }

  private static boolean reads(Use use) {
    Node node = use.node();
    return use.role() == Role.INPUT
        && use.initializer().equals(node.input(1))
        && (node.opType().startsWith("Conv")
            || node.is("MatMul")
            || (node.is("Gemm") && node.intAttribute("transA", 0) == 0));
  }

  /** Scores by what the readers of each channel lose. */
  static Map<Integer, Double> byActivation(DependencyGroups groups, ActivationStatistics seen) {
    UnitScores scores = new UnitScores(groups);
    for (Use use : groups.uses()) {
      Optional<ChannelStatistics> channels =
          reads(use) ? seen.channelsOf(use.node().input(0)) : Optional.empty();
      Optional<double[]> norms = channels.isPresent() ? scores.axis(use) : Optional.empty();
      if (norms.isPresent()) {
        double[] lost = norms.get().clone();
        var all = channels.orElseThrow().channels();
        for (int c = 0; c < lost.length; c++) {
          // A grouped layer's weight has the places of one group only.
          double variance = 0;
          int groupsOf = Math.max(1, all.size() / lost.length);
          for (int g = 0; g < groupsOf; g++) {
            variance +=
                all.get(Math.min(all.size() - 1, g * lost.length + c)).variance() / groupsOf;
          }
          lost[c] *= variance;
        }
        scores.add(use, lost);
      }
    }
    Map<Integer, Double> all = new LinkedHashMap<>(byMagnitude(groups));
    all.putAll(scores.means());
    return all;
  }

  /**
   * Scores by what the loss changes by. These compare among layers as they are; where a gradient
   * reaches no unit of a family, it has its magnitude's share of the mean of the others.
   *
   * @param byUnit squares of changes
   */
  static Map<Integer, Double> byTaylor(DependencyGroups groups, Map<Integer, Double> byUnit) {
    double mean = byUnit.values().stream().mapToDouble(v -> v).average().orElse(0);
    Map<Integer, Double> all = new LinkedHashMap<>(byMagnitude(groups));
    all.replaceAll((unit, relative) -> relative * (mean > 0 ? mean : 1));
    if (mean > 0) {
      all.putAll(byUnit);
    }
    return all;
  }

  private void add(Use use, double[] squaresOf) {
    double mean = Arrays.stream(squaresOf).average().orElse(0);
    int[] axis = groups.axis(use);
    if (!(mean > 0) || axis.length != squaresOf.length) {
      return;
    }
    for (int i = 0; i < axis.length; i++) {
      double[] sum = sums.computeIfAbsent(groups.unit(axis[i]), u -> new double[2]);
      sum[0] += squaresOf[i] / mean;
      sum[1]++;
    }
  }

  private Map<Integer, Double> means() {
    Map<Integer, Double> means = new LinkedHashMap<>();
    sums.forEach((unit, sum) -> means.put(unit, sum[0] / sum[1]));
    return means;
  }

  /** The sum of squares at each position of a weight's axis. */
  private Optional<double[]> axis(Use use) {
    Optional<Tensor> tensor = index.constant(use.initializer());
    if (tensor.isEmpty()
        || !tensor.get().type().isFloatingPoint()
        || groups.axis(use).length == 0) {
      return Optional.empty();
    }
    double[][] all = squares.computeIfAbsent(use.initializer(), n -> squares(n, tensor.get()));
    return Optional.of(all[use.axis()]);
  }

  /** For every axis, in one reading. */
  private static double[][] squares(String name, Tensor tensor) {
    int rank = tensor.shape().rank();
    double[][] sums = new double[rank][];
    long[] inner = new long[rank];
    long stride = 1;
    for (int i = rank - 1; i >= 0; i--) {
      sums[i] = new double[(int) tensor.shape().dim(i)];
      inner[i] = stride;
      stride *= tensor.shape().dim(i);
    }
    int[] at = new int[rank];
    FloatReader reader = new FloatReader(tensor);
    float[] chunk = new float[CHUNK];
    long count = tensor.elementCount();
    for (long from = 0; from < count; from += CHUNK) {
      int n = (int) Math.min(CHUNK, count - from);
      reader.read(from, chunk, 0, n);
      for (int i = 0; i < n; i++) {
        if (!Float.isFinite(chunk[i])) {
          throw InvalidModelException.notFinite(name);
        }
        double square = (double) chunk[i] * chunk[i];
        for (int a = 0; a < rank; a++) {
          sums[a][at[a]] += square;
        }
        for (int a = rank - 1; a >= 0 && ++at[a] == sums[a].length; a--) {
          at[a] = 0;
        }
      }
    }
    return sums;
  }
}
