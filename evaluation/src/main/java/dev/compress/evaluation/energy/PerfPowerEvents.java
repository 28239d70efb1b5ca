package dev.compress.evaluation.energy;

import dev.compress.energy.CounterMeter;
import dev.compress.energy.MeterDescription;
import dev.compress.energy.MeterTraits;
import dev.compress.energy.RawCounter;
import dev.compress.energy.SensorFinding;
import dev.compress.energy.TimeSource;
import dev.compress.error.DeviceUnavailableException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The same counters as {@link RaplPowercap} through perf events. The kernel undoes their wraps, and
 * it asks for {@code perf_event_paranoid <= 0} or a capability instead of a file's mode.
 */
final class PerfPowerEvents {
  /** The name by which it is asked for. */
  static final String SOURCE = "perf";

  private static final String DEVICE = "sys/bus/event_source/devices/power";
  private static final Pattern EVENT = Pattern.compile("event=(0x[0-9a-fA-F]+|[0-9]+)");
  private static final String ADVICE =
      "Temporary: `sudo sysctl kernel.perf_event_paranoid=0`, or give Java the capability"
          + " CAP_PERFMON (in a container: `--cap-add PERFMON`).";
  private static final double HIGHEST_WATTS = 1500;

  /** What is summed, and what its domains are called: cores and GPU are parts of the package. */
  private static final List<String[]> SUMMED =
      List.of(new String[] {"energy-pkg", "package-"}, new String[] {"energy-ram", "dram-"});

  private final MachineFiles files;
  private final TimeSource time;
  private final Calls calls;

  /** Makes the system's calls. */
  @FunctionalInterface
  interface Calls {
    PerfCalls get() throws IOException;
  }

  PerfPowerEvents(MachineFiles files, TimeSource time, Calls calls) {
    this.files = files;
    this.time = time;
    this.calls = calls;
  }

  /**
   * One event on one processor.
   *
   * @param domain what it counts
   * @param type of the device
   * @param config of the event
   * @param cpu where it is opened
   * @param joulesPerCount what a count is worth
   */
  record Event(String domain, int type, long config, int cpu, double joulesPerCount) {}

  SensorFinding find() {
    if (!files.isFolder(DEVICE)) {
      return new SensorFinding.Absent(SOURCE, "no /" + DEVICE);
    }
    List<Event> events;
    try {
      events = events();
    } catch (IOException | NumberFormatException e) {
      return new SensorFinding.Absent(SOURCE, "/" + DEVICE + " is not as expected: " + e);
    }
    if (events.isEmpty()) {
      return new SensorFinding.Absent(SOURCE, "/" + DEVICE + " has no event energy-pkg");
    }
    String names = String.join(", ", events.stream().map(Event::domain).toList());
    try {
      PerfCalls system = calls.get();
      for (Event event : events) {
        system.close(system.open(event.type(), event.config(), event.cpu()));
      }
    } catch (IOException e) {
      Optional<String> paranoid = files.find("proc/sys/kernel/perf_event_paranoid");
      return new SensorFinding.Unreadable(
          SOURCE,
          names
              + ": "
              + e.getMessage()
              + paranoid.map(p -> "; perf_event_paranoid is " + p).orElse(""),
          ADVICE);
    }
    return new SensorFinding.Found(SOURCE, names + " of /" + DEVICE, () -> open(events));
  }

  /** The events that are summed, on one processor of each package. */
  List<Event> events() throws IOException {
    int type = (int) files.number(DEVICE + "/type");
    List<Integer> cpus = CpuList.parse(files.read(DEVICE + "/cpumask"));
    List<Event> events = new ArrayList<>();
    for (String[] summed : SUMMED) {
      String file = DEVICE + "/events/" + summed[0];
      Optional<String> text = files.find(file);
      if (text.isEmpty()) {
        continue;
      }
      Matcher event = EVENT.matcher(text.get());
      if (!event.find()) {
        throw new IOException("/" + file + " holds \"" + text.get() + "\"");
      }
      String unit = files.find(file + ".unit").orElse("Joules");
      if (!unit.equals("Joules")) {
        throw new IOException("/" + file + ".unit is " + unit + " and not Joules");
      }
      double scale = Double.parseDouble(files.read(file + ".scale"));
      long config = Long.decode(event.group(1));
      for (int i = 0; i < cpus.size(); i++) {
        events.add(new Event(summed[1] + i, type, config, cpus.get(i), scale));
      }
    }
    return events.stream().anyMatch(e -> e.domain().startsWith("package")) ? events : List.of();
  }

  private CounterMeter open(List<Event> events) {
    PerfCalls system;
    List<Integer> descriptors = new ArrayList<>();
    try {
      system = calls.get();
      try {
        for (Event event : events) {
          descriptors.add(system.open(event.type(), event.config(), event.cpu()));
        }
      } catch (IOException e) {
        descriptors.forEach(system::close);
        throw e;
      }
    } catch (IOException e) {
      throw new DeviceUnavailableException(
          "RAPL (perf events) cannot be opened: " + e.getMessage() + ". " + ADVICE, e);
    }
    List<RawCounter> counters = new ArrayList<>();
    for (int i = 0; i < events.size(); i++) {
      int descriptor = descriptors.get(i);
      counters.add(
          new RawCounter(
              events.get(i).domain(),
              () -> system.read(descriptor),
              events.get(i).joulesPerCount()));
    }
    return new CounterMeter(
        description(events), counters, time, () -> descriptors.forEach(system::close));
  }

  private static MeterDescription description(List<Event> events) {
    double scale = events.stream().mapToDouble(Event::joulesPerCount).min().orElse(1);
    boolean memory = events.stream().anyMatch(e -> e.domain().startsWith("dram"));
    MeterTraits traits =
        new MeterTraits(
            MeterTraits.Kind.COUNTER, scale, scale, 0, HIGHEST_WATTS, Double.POSITIVE_INFINITY);
    return new MeterDescription(
        SOURCE,
        "RAPL (perf events)",
        events.stream().map(Event::domain).toList(),
        "the processor packages"
            + (memory ? " and their memory" : ", without memory")
            + "; not the board, disks, fans, other devices or the power supply's losses",
        traits);
  }
}
