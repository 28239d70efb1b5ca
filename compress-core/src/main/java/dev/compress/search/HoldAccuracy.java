package dev.compress.search;

import dev.compress.graph.OnnxModel;
import dev.compress.metric.Metric;
import dev.compress.pass.PassContext;
import dev.compress.pass.PassResult;
import dev.compress.pass.PassResult.Trace;
import dev.compress.quantize.QuantizeInt8;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Keeps the most sensitive nodes in float until a limit on the loss of accuracy holds.
 *
 * <p>Nodes are put back in the order of their layer's SQNR, the lowest first; the number needed is
 * found by bisection, because each trial scores the whole dataset.
 */
public final class HoldAccuracy {
  /** Each trial scores the whole dataset. */
  private static final int MOST_RELEASES = 8;

  private final QuantizeInt8 pass;
  private final ModelScore score;
  private final double maxDrop;

  /**
   * A search.
   *
   * @param pass the quantization to limit
   * @param score scores a model
   * @param maxDrop the largest loss allowed, in the metric's points
   */
  public HoldAccuracy(QuantizeInt8 pass, ModelScore score, double maxDrop) {
    this.pass = pass;
    this.score = score;
    this.maxDrop = maxDrop;
  }

  /**
   * The model found.
   *
   * @param result of the pass with the nodes kept
   * @param baseline score of the float model
   * @param value score of the result
   * @param drop the loss in points
   * @param holds whether the limit holds
   * @param keptFloat labels of the nodes put back
   */
  public record Found(
      PassResult result,
      double baseline,
      double value,
      double drop,
      boolean holds,
      List<String> keptFloat) {
    public Found {
      keptFloat = List.copyOf(keptFloat);
    }
  }

  /**
   * Searches.
   *
   * @param reference the model whose score is the baseline
   * @param model the float model that the pass runs on; the same, or pruned
   * @param first the result of the pass with nothing put back
   * @param sensitivity each layer's SQNR in decibels
   * @param context for further runs of the pass
   */
  public Found search(
      OnnxModel reference,
      OnnxModel model,
      PassResult first,
      Map<Trace, Double> sensitivity,
      PassContext context) {
    double baseline = score.score(reference).value();
    Found all = judge(first, baseline, List.of());
    if (all.holds() || sensitivity.isEmpty()) {
      return all;
    }
    List<Trace> worstFirst = new ArrayList<>(sensitivity.keySet());
    worstFirst.sort(Comparator.comparingDouble(t -> sensitivity.getOrDefault(t, 0.0)));
    int low = 0; // fails
    int high = worstFirst.size(); // float: holds if anything does
    Found best = keep(model, worstFirst, baseline, context);
    if (!best.holds()) {
      return best;
    }
    while (high - low > 1) {
      int middle = (low + high) / 2;
      Found trial = keep(model, worstFirst.subList(0, middle), baseline, context);
      if (trial.holds()) {
        best = trial;
        high = middle;
      } else {
        low = middle;
      }
    }
    return release(worstFirst.subList(0, high), best, model, baseline, context);
  }

  /** A layer's noise is partly that of the layers before it: once these are float, it may go. */
  private Found release(
      List<Trace> kept, Found start, OnnxModel model, double baseline, PassContext context) {
    Found best = start;
    List<Trace> left = new ArrayList<>(kept);
    for (Trace trace : kept.subList(0, Math.min(kept.size(), MOST_RELEASES))) {
      List<Trace> fewer = left.stream().filter(t -> t != trace).toList();
      if (fewer.isEmpty()) {
        break;
      }
      Found trial = keep(model, fewer, baseline, context);
      if (trial.holds()) {
        best = trial;
        left.remove(trace);
      }
    }
    return best;
  }

  private Found keep(OnnxModel model, List<Trace> traces, double baseline, PassContext context) {
    Set<String> kept = new HashSet<>(pass.keptFloat());
    List<String> labels = new ArrayList<>();
    for (Trace trace : traces) {
      kept.add(trace.output());
      labels.add(trace.node());
    }
    return judge(pass.keepingFloat(kept).apply(model, context), baseline, labels);
  }

  private Found judge(PassResult result, double baseline, List<String> kept) {
    double value = score.score(result.model()).value();
    Metric metric = score.metric();
    double drop = metric.drop(baseline, value);
    return new Found(result, baseline, value, drop, drop <= maxDrop, kept);
  }
}
