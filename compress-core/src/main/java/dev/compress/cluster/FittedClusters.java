package dev.compress.cluster;

import dev.compress.graph.GraphIndex;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.linalg.GramMatrix;
import dev.compress.linalg.SymmetricSolver;
import dev.compress.parallel.ParallelLoop;
import dev.compress.pass.ModelWeights.Weight;
import dev.compress.pass.PassContext;
import dev.compress.prune.fit.InputGrams;
import dev.compress.quantize.ClusteredRounding;
import dev.compress.quantize.InputRows;
import dev.compress.quantize.NodePattern;
import dev.compress.quantize.WeightLayout;
import dev.compress.tensor.ChannelGroups;
import dev.compress.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Clusters the weights of layers whose inputs are known by what errors of them do to the layer's
 * output, {@code (w - q) H (w - q)^T} of each row with H the second moments of its inputs: k-means
 * where each weight counts by the energy of its input; then in turn each weight the one of its two
 * neighbouring values that changes the output least ({@link ClusteredRounding}), and values that
 * are the best for that choice, which are a least-squares problem. Each run of channels keeps the
 * best it met. Deterministic.
 *
 * @param centroids the most distinct values of a run
 * @param groups how many runs of output channels have values of their own
 * @param keepingZeros whether zeros stay zero however few they are; many stay in any case
 */
record FittedClusters(int centroids, int groups, boolean keepingZeros) {
  private static final int ROUNDS = 4;
  private static final double DAMPING = 0.01;

  /** Of the mean energy: what an input that was silent counts. */
  private static final double LEAST_ENERGY = 0.01;

  private static final long MOST_ELEMENTS = 1 << 24;

  /** 256 channels under a 3x3 kernel: 42 MB of moments. */
  private static final int LONGEST_ROW = 2304;

  /** Multiplications for all layers, of which the cheapest are fitted: some ten seconds. */
  private static final double MOST_PRODUCTS = 1e11;

  private static final byte LOWEST = -128;

  /** A layer and how its output channels are cut. */
  private record Layer(NodePattern pattern, ChannelGroups cut) {}

  /**
   * Clusters those of some weights that it can.
   *
   * @param model that has them
   * @param context with samples
   * @return the clustered weights, by name
   */
  Map<String, Tensor> of(OnnxModel model, List<Weight> weights, PassContext context) {
    GraphIndex index = new GraphIndex(model.graph());
    Map<String, Layer> layers = new HashMap<>();
    List<NodePattern> patterns = new ArrayList<>();
    for (Layer layer : affordable(weights, index)) {
      layers.put(layer.pattern().weight(), layer);
    }
    for (Weight weight : weights) {
      Layer layer = layers.get(weight.name());
      if (layer != null) {
        patterns.add(layer.pattern());
      }
    }
    Map<String, Tensor> clustered = new HashMap<>();
    new InputGrams(model, context)
        .forEach(
            patterns,
            (pattern, grams) -> {
              Layer layer = layers.get(pattern.weight());
              if (layer != null) {
                Fit fit = new Fit(layer, grams, context.threads());
                fit.run();
                clustered.put(pattern.weight(), fit.tensor());
              }
            });
    return clustered;
  }

  private List<Layer> affordable(List<Weight> weights, GraphIndex index) {
    List<Layer> layers = new ArrayList<>();
    weights.forEach(w -> layer(w, index).ifPresent(layers::add));
    layers.sort(Comparator.comparingDouble(FittedClusters::products));
    double products = 0;
    for (int i = 0; i < layers.size(); i++) {
      products += products(layers.get(i));
      if (products > MOST_PRODUCTS) {
        return layers.subList(0, i);
      }
    }
    return layers;
  }

  private static double products(Layer layer) {
    double length = InputRows.layoutOf(layer.pattern()).rowLength();
    double moments = length * length * InputGrams.rows((int) length);
    return moments + 4 * ROUNDS * length * layer.pattern().tensor().elementCount();
  }

  private Optional<Layer> layer(Weight weight, GraphIndex index) {
    if (weight.readers().size() != 1 || weight.tensor().elementCount() > MOST_ELEMENTS) {
      return Optional.empty();
    }
    Node reader = weight.readers().get(0);
    ChannelGroups cut = OutputChannels.of(reader, weight.name(), weight.tensor().shape(), groups);
    return NodePattern.match(reader, index)
        .filter(p -> p.weight().equals(weight.name()))
        .filter(p -> InputRows.layoutOf(p).rowLength() <= LONGEST_ROW)
        .filter(p -> InputGrams.reasonAgainst(p).isEmpty())
        .filter(p -> cut.groups() == 1 || cut.channels() == p.outputChannels())
        .map(p -> new Layer(p, cut))
        .filter(this::wantsFewer);
  }

  /** Whether a run has more values than it may, and all are numbers. */
  private boolean wantsFewer(Layer layer) {
    WeightLayout layout = InputRows.layoutOf(layer.pattern());
    float[] weights = layer.pattern().tensor().toFloats();
    List<java.util.Set<Float>> seen = new ArrayList<>();
    for (int run = 0; run < layer.cut().groups(); run++) {
      seen.add(new java.util.HashSet<>());
    }
    boolean more = false;
    float[] row = new float[layout.rowLength()];
    for (int out = 0; out < layout.outChannels(); out++) {
      layout.readRow(weights, out, row, 0);
      java.util.Set<Float> values = seen.get(run(layer.cut(), out));
      for (float value : row) {
        if (!Float.isFinite(value)) {
          return false;
        }
        if (values.size() <= centroids) {
          values.add(value == 0 ? 0f : value); // -0 is 0
        }
      }
      more |= values.size() > centroids;
    }
    return more;
  }

  private static int run(ChannelGroups cut, int out) {
    return cut.groups() == 1 ? 0 : cut.of(out);
  }

  /** One layer on its way. */
  private final class Fit {
    private final Layer layer;
    private final WeightLayout layout;
    private final double[][][] grams;
    private final float[][] parts;
    private final boolean mask;
    private final int threads;

    /** Of each run, ascending; code -128 is the first of them. */
    private final double[][] values;

    private final double[] least;
    private final double[][] bestValues;
    private final byte[][] best;

    Fit(Layer layer, GramMatrix[] moments, int threads) {
      this.layer = layer;
      this.layout = InputRows.layoutOf(layer.pattern());
      this.threads = threads;
      this.grams = new double[moments.length][][];
      this.parts = new float[moments.length][];
      float[] weights = layer.pattern().tensor().toFloats();
      int length = layout.rowLength();
      long zeros = 0;
      for (int g = 0; g < grams.length; g++) {
        grams[g] = moments[g].mean();
        parts[g] = new float[layout.outPerGroup() * length];
        for (int o = 0; o < layout.outPerGroup(); o++) {
          layout.readRow(weights, g * layout.outPerGroup() + o, parts[g], o * length);
        }
        for (float value : parts[g]) {
          zeros += value == 0 ? 1 : 0;
        }
      }
      this.mask =
          zeros > 0 && (keepingZeros || zeros >= CodeClusters.PRUNED_SHARE * weights.length);
      int runs = layer.cut().groups();
      this.values = new double[runs][];
      this.bestValues = new double[runs][];
      this.least = new double[runs];
      Arrays.fill(least, Double.POSITIVE_INFINITY);
      this.best = new byte[grams.length][];
    }

    private int runOf(int group, int o) {
      return FittedClusters.run(layer.cut(), group * layout.outPerGroup() + o);
    }

    void run() {
      place();
      for (int g = 0; g < grams.length; g++) {
        best[g] = nearest(g);
      }
      for (int run = 0; run < values.length; run++) {
        bestValues[run] = values[run].clone();
      }
      for (int round = 0; round < ROUNDS; round++) {
        byte[][] codes = new byte[grams.length][];
        for (int g = 0; g < grams.length; g++) {
          codes[g] = rounded(g);
        }
        settle(codes);
      }
    }

    /** k-means of each run, where a weight counts by the energy of its input. */
    private void place() {
      KMeans1D kMeans = new KMeans1D(KMeans1D.Start.OPTIMAL, 0);
      int length = layout.rowLength();
      for (int run = 0; run < values.length; run++) {
        EnergyHistogram histogram = new EnergyHistogram();
        for (int pass = 0; pass < 2; pass++) {
          for (int g = 0; g < grams.length; g++) {
            double floor = LEAST_ENERGY * meanEnergy(grams[g]) + Double.MIN_NORMAL;
            for (int i = 0; i < parts[g].length; i++) {
              if (runOf(g, i / length) == run && !(mask && parts[g][i] == 0)) {
                histogram.see(parts[g][i], floor + grams[g][i % length][i % length]);
              }
            }
          }
          histogram.next();
        }
        double[] found = histogram.centroids(kMeans, mask ? centroids - 1 : centroids);
        values[run] = mask ? withZero(found) : found;
      }
    }

    private static double meanEnergy(double[][] gram) {
      double sum = 0;
      for (int i = 0; i < gram.length; i++) {
        sum += gram[i][i];
      }
      return sum / gram.length;
    }

    private static double[] withZero(double[] found) {
      double[] all = Arrays.copyOf(found, found.length + 1); // the last one is 0
      Arrays.sort(all);
      return all;
    }

    private double[][] tables(int group) {
      double[][] tables = new double[layout.outPerGroup()][];
      for (int o = 0; o < tables.length; o++) {
        tables[o] = values[runOf(group, o)];
      }
      return tables;
    }

    private byte[] nearest(int group) {
      int length = layout.rowLength();
      double[][] tables = tables(group);
      byte[] codes = new byte[parts[group].length];
      for (int i = 0; i < codes.length; i++) {
        float weight = parts[group][i];
        double[] table = tables[i / length];
        double off = Double.POSITIVE_INFINITY;
        for (int k = 0; k < table.length; k++) {
          boolean allowed = !mask || (table[k] == 0) == (weight == 0);
          if (allowed && Math.abs(weight - table[k]) < off) {
            off = Math.abs(weight - table[k]);
            codes[i] = (byte) (LOWEST + k);
          }
        }
      }
      return codes;
    }

    private byte[] rounded(int group) {
      double[][] tables = tables(group);
      float[] ones = new float[tables.length];
      Arrays.fill(ones, 1);
      byte[][] levels = new byte[tables.length][];
      for (int o = 0; o < levels.length; o++) {
        levels[o] = new byte[tables[o].length];
        for (int k = 0; k < levels[o].length; k++) {
          levels[o][k] = (byte) (LOWEST + k);
        }
      }
      return new ClusteredRounding(grams[group], DAMPING, threads)
          .round(parts[group], ones, nearest(group), levels, tables, mask);
    }

    /** The normal equations of one run: of its values, given who has which. */
    private final class Equations {
      private final double[][] a;
      private final double[] b;
      private double energy;

      Equations(int size) {
        this.a = new double[size][size];
        this.b = new double[size];
      }

      void add(Equations row) {
        energy += row.energy;
        for (int k = 0; k < b.length; k++) {
          b[k] += row.b[k];
          for (int l = 0; l < b.length; l++) {
            a[k][l] += row.a[k][l];
          }
        }
      }

      double error(double[] c) {
        double error = energy;
        for (int k = 0; k < c.length; k++) {
          error -= 2 * b[k] * c[k];
          for (int l = 0; l < c.length; l++) {
            error += c[k] * a[k][l] * c[l];
          }
        }
        return error;
      }

      /** The best values near some; those that are 0 by a mask, and those nobody has, stay. */
      double[] solved(double[] near) {
        double mean = 0;
        for (int k = 0; k < b.length; k++) {
          mean += a[k][k] / b.length;
        }
        double[][] rows = new double[b.length][];
        double[] rest = new double[b.length];
        for (int k = 0; k < b.length; k++) {
          boolean fixed = (mask && near[k] == 0) || a[k][k] == 0;
          rows[k] = new double[k + 1];
          rest[k] = fixed ? 0 : b[k];
          for (int l = 0; l < b.length; l++) {
            boolean other = (mask && near[l] == 0) || a[l][l] == 0;
            double entry = fixed || other ? 0 : a[k][l];
            rest[k] -= entry * near[l];
            if (l <= k) {
              rows[k][l] = entry;
            }
          }
          rows[k][k] += fixed ? 1 : 1e-6 * mean;
        }
        double[] step = SymmetricSolver.factorise(rows, 1).solve(rest);
        double[] c = new double[near.length];
        for (int k = 0; k < c.length; k++) {
          c[k] = (float) (near[k] + step[k]);
        }
        return c;
      }
    }

    private void settle(byte[][] codes) {
      Equations[] runs = new Equations[values.length];
      for (int run = 0; run < runs.length; run++) {
        runs[run] = new Equations(values[run].length);
      }
      for (int g = 0; g < grams.length; g++) {
        int group = g;
        int[] next = {0};
        ParallelLoop.run(
            layout.outPerGroup(),
            threads,
            o -> equations(group, o, codes[group], values[runOf(group, o)].length),
            row -> runs[runOf(group, next[0]++)].add(row));
      }
      for (int run = 0; run < runs.length; run++) {
        double[] solved = runs[run].solved(values[run]);
        double error = runs[run].error(solved);
        if (error < least[run]) {
          least[run] = error;
          bestValues[run] = solved;
          keep(run, codes);
        }
        values[run] = solved.clone();
        Arrays.sort(values[run]);
      }
    }

    private void keep(int run, byte[][] codes) {
      int length = layout.rowLength();
      for (int g = 0; g < grams.length; g++) {
        for (int o = 0; o < layout.outPerGroup(); o++) {
          if (runOf(g, o) == run) {
            System.arraycopy(codes[g], o * length, best[g], o * length, length);
          }
        }
      }
    }

    private Equations equations(int group, int o, byte[] codes, int size) {
      int n = layout.rowLength();
      float[] weights = parts[group];
      Equations row = new Equations(size);
      for (int i = 0; i < n; i++) {
        double[] h = grams[group][i];
        double[] a = row.a[codes[o * n + i] - LOWEST];
        double along = 0;
        for (int j = 0; j < n; j++) {
          a[codes[o * n + j] - LOWEST] += h[j];
          along += h[j] * weights[o * n + j];
        }
        row.b[codes[o * n + i] - LOWEST] += along;
        row.energy += along * weights[o * n + i];
      }
      return row;
    }

    Tensor tensor() {
      int length = layout.rowLength();
      float[] all = new float[(int) layer.pattern().tensor().elementCount()];
      float[] row = new float[length];
      for (int g = 0; g < grams.length; g++) {
        for (int o = 0; o < layout.outPerGroup(); o++) {
          double[] table = bestValues[runOf(g, o)];
          for (int i = 0; i < length; i++) {
            row[i] = (float) table[best[g][o * length + i] - LOWEST];
          }
          layout.writeRow(row, 0, g * layout.outPerGroup() + o, all);
        }
      }
      return Tensor.ofFloats(layer.pattern().tensor().shape(), all);
    }
  }
}
