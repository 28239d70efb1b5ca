package dev.compress.evaluation.energy;

import dev.compress.energy.DisturbanceWatch;
import java.util.Locale;
import java.util.Optional;

/** Time that a hypervisor gave to others: the field {@code steal} of {@code /proc/stat}. */
final class StealTime implements DisturbanceWatch {
  private static final String FILE = "proc/stat";
  private static final int STEAL = 8;
  private static final double HIGHEST_SHARE = 0.01;

  private final MachineFiles files;
  private long[] before = {0, 0};

  StealTime(MachineFiles files) {
    this.files = files;
  }

  @Override
  public void begin() {
    before = stolenAndAll();
  }

  @Override
  public Optional<String> end() {
    long[] after = stolenAndAll();
    long all = after[1] - before[1];
    double share = all > 0 ? (double) (after[0] - before[0]) / all : 0;
    return share > HIGHEST_SHARE
        ? Optional.of(
            String.format(
                Locale.ROOT, "the hypervisor gave %.1f%% of the time to others", 100 * share))
        : Optional.empty();
  }

  private long[] stolenAndAll() {
    String[] fields =
        files
            .find(FILE)
            .map(text -> text.lines().findFirst().orElse("").split("\\s+"))
            .orElse(new String[0]);
    if (fields.length <= STEAL) {
      return new long[] {0, 0};
    }
    long all = 0;
    for (int i = 1; i <= STEAL; i++) { // what follows, guests, is part of user time
      all += Long.parseLong(fields[i]);
    }
    return new long[] {Long.parseLong(fields[STEAL]), all};
  }
}
