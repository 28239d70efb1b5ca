package dev.compress.pack;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * What packed weights may cost while a model loads, against the same weights stored dense: {@value
 * #MOST_TIMES} times the time or {@value #FREE_MILLIS} ms, whichever is more, and {@value
 * #MOST_MEMORY} times the peak memory.
 *
 * <p>Both are estimated from what the runtime writes while it unpacks, so that the choice, and with
 * it the file, is the same on every machine; a proof measures them. Loading a dense weight takes
 * some {@value #DENSE_NANOS} ns a byte (it is read, copied, and laid out for its kernel), unpacking
 * {@value #TRAFFIC_NANOS} ns for each byte that a node of it makes. A process that loads a dense
 * model holds its weights {@value #DENSE_COPIES} times at its peak; one that unpacks holds what the
 * nodes made until all are done.
 */
final class LoadBudget {
  private static final double MOST_TIMES = 5;
  private static final double FREE_MILLIS = 200;
  private static final double MOST_MEMORY = 3;
  private static final double DENSE_NANOS = 4;
  private static final double TRAFFIC_NANOS = 2.5;
  private static final double DENSE_COPIES = 2.5;

  /** What a process with the runtime takes without any model. */
  private static final double PROCESS_BYTES = 40e6;

  private LoadBudget() {}

  /**
   * One weight and how it could be stored.
   *
   * @param survey of the weight
   * @param forms that hold it, dense among them
   */
  record Choice(WeightSurvey survey, List<StorageForm> forms) {
    Choice {
      forms = List.copyOf(forms);
    }

    private long bytes(StorageForm form) {
      return form.bytes(survey);
    }

    private long traffic(StorageForm form) {
      return form.isDense() ? 0 : form.traffic(survey);
    }

    /** The forms that no other one beats in both bytes and traffic, the smallest first. */
    private List<StorageForm> sensible() {
      List<StorageForm> sorted = new ArrayList<>(forms);
      sorted.sort(
          Comparator.comparingLong(this::bytes)
              .thenComparingLong(this::traffic)
              .thenComparing(StorageForm::toString));
      List<StorageForm> kept = new ArrayList<>();
      long least = Long.MAX_VALUE;
      for (StorageForm form : sorted) {
        if (traffic(form) < least) {
          least = traffic(form);
          kept.add(form);
        }
      }
      return kept;
    }
  }

  /**
   * Chooses a form for each weight: the smallest, and where all of them together cost too much, the
   * next larger ones where that saves the most for a byte.
   *
   * @param weights all weights of a model
   * @param limited whether the budget holds, or size is all
   * @return one form a weight
   */
  static List<StorageForm> choose(List<Choice> weights, boolean limited) {
    List<List<StorageForm>> sensible = weights.stream().map(Choice::sensible).toList();
    int[] chosen = new int[weights.size()];
    double traffic = 0;
    double dense = 0;
    for (int i = 0; i < chosen.length; i++) {
      Choice weight = weights.get(i);
      traffic += weight.traffic(sensible.get(i).get(0));
      dense += (double) weight.survey().elements() * weight.survey().elementBytes();
    }
    double allowed = allowedTraffic(dense);
    while (limited && traffic > allowed) {
      int best = -1;
      double most = -1;
      for (int i = 0; i < chosen.length; i++) {
        if (chosen[i] + 1 < sensible.get(i).size()) {
          Choice weight = weights.get(i);
          StorageForm now = sensible.get(i).get(chosen[i]);
          StorageForm next = sensible.get(i).get(chosen[i] + 1);
          double saved = weight.traffic(now) - weight.traffic(next);
          double gain = saved / Math.max(1, weight.bytes(next) - weight.bytes(now));
          if (gain > most) {
            most = gain;
            best = i;
          }
        }
      }
      if (best < 0) {
        break; // all dense
      }
      Choice weight = weights.get(best);
      traffic -= weight.traffic(sensible.get(best).get(chosen[best]));
      chosen[best]++;
      traffic += weight.traffic(sensible.get(best).get(chosen[best]));
    }
    List<StorageForm> forms = new ArrayList<>();
    for (int i = 0; i < chosen.length; i++) {
      forms.add(sensible.get(i).get(chosen[i]));
    }
    return forms;
  }

  private static double allowedTraffic(double dense) {
    double nanos = Math.max((MOST_TIMES - 1) * DENSE_NANOS * dense, FREE_MILLIS * 1e6);
    double memory = MOST_MEMORY * (PROCESS_BYTES + DENSE_COPIES * dense) - PROCESS_BYTES;
    return Math.min(nanos / TRAFFIC_NANOS, memory);
  }
}
