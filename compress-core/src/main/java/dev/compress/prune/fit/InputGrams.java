package dev.compress.prune.fit;

import dev.compress.calibrate.ActivationReader;
import dev.compress.calibrate.Samples;
import dev.compress.graph.OnnxModel;
import dev.compress.linalg.GramMatrix;
import dev.compress.pass.PassContext;
import dev.compress.quantize.InputRows;
import dev.compress.quantize.NodePattern;
import dev.compress.quantize.WeightLayout;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.BiConsumer;

/**
 * The matrices {@code E[x x^T]} of layers' inputs over the calibration samples, for as many layers
 * at a time as fit into a budget of memory; each such group is one run over the samples.
 */
public final class InputGrams {
  /** The longest row: 512 channels under a 3x3 kernel. */
  static final int LONGEST_ROW = 4608;

  private static final long BUDGET_BYTES = 160L << 20;
  private static final double BUDGET_PRODUCTS = 1.5e10;
  private static final int MIN_ROWS = 1024;
  private static final int MAX_ROWS = 16384;

  private final OnnxModel model;
  private final PassContext context;
  private final Samples samples;

  /**
   * Nothing gathered yet.
   *
   * @param model whose layers they are
   * @param context with samples
   */
  public InputGrams(OnnxModel model, PassContext context) {
    this.model = model;
    this.context = context;
    this.samples = context.calibration().orElseThrow();
  }

  /** Why a layer has none; "" if it has. */
  public static String reasonAgainst(NodePattern layer) {
    WeightLayout layout = InputRows.layoutOf(layer);
    return layout.rowLength() > LONGEST_ROW
        ? layout.rowLength() + " inputs are too many to weigh together"
        : InputRows.reasonAgainst(layer);
  }

  /**
   * Gathers.
   *
   * @param layers without a reason against them
   * @param sink given each layer with one matrix a group of its channels
   */
  public void forEach(List<NodePattern> layers, BiConsumer<NodePattern, GramMatrix[]> sink) {
    List<NodePattern> group = new ArrayList<>();
    long bytes = 0;
    for (NodePattern layer : layers) {
      WeightLayout layout = InputRows.layoutOf(layer);
      long needed = 12L * layout.rowLength() * layout.rowLength() * layout.groups();
      if (!group.isEmpty() && bytes + needed > BUDGET_BYTES) {
        gather(group, sink);
        group.clear();
        bytes = 0;
      }
      group.add(layer);
      bytes += needed;
    }
    if (!group.isEmpty()) {
      gather(group, sink);
    }
  }

  private void gather(List<NodePattern> layers, BiConsumer<NodePattern, GramMatrix[]> sink) {
    Map<String, List<InputRows>> readers = new LinkedHashMap<>();
    List<GramMatrix[]> all = new ArrayList<>();
    for (NodePattern layer : layers) {
      WeightLayout layout = InputRows.layoutOf(layer);
      GramMatrix[] grams = new GramMatrix[layout.groups()];
      for (int g = 0; g < grams.length; g++) {
        grams[g] = new GramMatrix(layout.rowLength(), grams.length > 1 ? 1 : context.threads());
      }
      all.add(grams);
      InputRows rows =
          new InputRows(
              layer,
              null,
              rowsPerSample(layout.rowLength()),
              (g, values, from) -> grams[g].observe(values, from, 1));
      readers.computeIfAbsent(layer.node().input(0), v -> new ArrayList<>()).add(rows);
    }
    new ActivationReader(model, context.shapes(model), context.threads(), context.progress())
        .read(
            new LinkedHashSet<>(readers.keySet()),
            samples,
            "gather inputs",
            (batch, n) ->
                batch.forEach(
                    (value, tensor) ->
                        Objects.requireNonNull(readers.get(value))
                            .forEach(r -> r.observe(tensor))));
    for (int i = 0; i < layers.size(); i++) {
      context.progress().check();
      sink.accept(layers.get(i), all.set(i, new GramMatrix[0]));
    }
  }

  private int rowsPerSample(int length) {
    return (int) Math.max(1, Math.ceil(rows(length) / Math.max(1, samples.count())));
  }

  /** How many rows of inputs the matrix of a layer is made of, where there are as many. */
  public static double rows(int length) {
    double affordable = BUDGET_PRODUCTS / ((double) length * length);
    return Math.max(MIN_ROWS, Math.min(MAX_ROWS, affordable));
  }
}
