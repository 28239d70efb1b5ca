package dev.compress.evaluation.report;

import dev.compress.pass.PassResult.Skipped;
import dev.compress.report.TransformReport;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Nodes that were left alone, those of one op and one reason together. */
public final class SkippedGroups {
  /**
   * Some nodes.
   *
   * @param op of all
   * @param reason of all
   * @param count how many
   */
  public record Group(String op, String reason, int count) {}

  private SkippedGroups() {}

  /**
   * Groups, the largest first.
   *
   * @param passes of a report
   */
  public static List<Group> of(List<TransformReport.Pass> passes) {
    Map<List<String>, Integer> counts = new LinkedHashMap<>();
    for (TransformReport.Pass pass : passes) {
      for (Skipped skipped : pass.skipped()) {
        counts.merge(List.of(skipped.op(), skipped.reason()), 1, Integer::sum);
      }
    }
    return counts.entrySet().stream()
        .map(e -> new Group(e.getKey().get(0), e.getKey().get(1), e.getValue()))
        .sorted(Comparator.comparingInt(Group::count).reversed())
        .toList();
  }
}
