package dev.compress.evaluation.energy;

import dev.compress.energy.DisturbanceWatch;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** How often processors were slowed down because they were too hot (x86 only). */
final class CpuThrottling implements DisturbanceWatch {
  private static final String FOLDER = "sys/devices/system/cpu";
  private static final Pattern CPU = Pattern.compile("cpu\\d+");
  private static final List<String> COUNTS =
      List.of("core_throttle_count", "package_throttle_count");

  private final MachineFiles files;
  private long before;

  CpuThrottling(MachineFiles files) {
    this.files = files;
  }

  @Override
  public void begin() {
    before = count();
  }

  @Override
  public Optional<String> end() {
    long times = count() - before;
    return times > 0
        ? Optional.of("the processor was too hot and slowed down, " + times + " times")
        : Optional.empty();
  }

  private long count() {
    long sum = 0;
    for (String cpu : files.list(FOLDER)) {
      if (CPU.matcher(cpu).matches()) {
        for (String name : COUNTS) {
          // Most machines count neither, or only one.
          sum +=
              files
                  .find(FOLDER + "/" + cpu + "/thermal_throttle/" + name)
                  .map(Long::parseLong)
                  .orElse(0L);
        }
      }
    }
    return sum;
  }
}
