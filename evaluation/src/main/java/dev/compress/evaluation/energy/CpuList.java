package dev.compress.evaluation.energy;

import java.util.ArrayList;
import java.util.List;

/** The kernel's lists of processors, such as "0,18" or "0-3,8". */
final class CpuList {
  private CpuList() {}

  /**
   * The processors of a list.
   *
   * @throws NumberFormatException if it is none
   */
  static List<Integer> parse(String text) {
    List<Integer> cpus = new ArrayList<>();
    for (String part : text.strip().split(",", -1)) {
      if (part.isBlank()) {
        continue;
      }
      int dash = part.indexOf('-');
      int first = Integer.parseInt(dash < 0 ? part.strip() : part.substring(0, dash).strip());
      int last = dash < 0 ? first : Integer.parseInt(part.substring(dash + 1).strip());
      for (int cpu = first; cpu <= last; cpu++) {
        cpus.add(cpu);
      }
    }
    return cpus;
  }
}
