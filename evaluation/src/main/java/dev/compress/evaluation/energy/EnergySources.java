package dev.compress.evaluation.energy;

import dev.compress.energy.CompositeMeter;
import dev.compress.energy.DisturbanceWatch;
import dev.compress.energy.EnergyMeter;
import dev.compress.energy.EnergyMeterProvider;
import dev.compress.energy.EnergyMeterProvider.Request;
import dev.compress.energy.MeterTraits;
import dev.compress.energy.SensorFinding;
import dev.compress.error.DeviceUnavailableException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.function.Supplier;

/**
 * The sources of energy on a machine. Which one {@code auto} takes: for the processor the first
 * that is found of RAPL by powercap, RAPL by perf events, hwmon and the battery; for a GPU its own
 * counter, together with the processor's where both count joules of different things.
 */
public final class EnergySources {
  private static final String NVML = "nvml";

  /** Domains of a GPU module hold the processor beside it. */
  private static final String MODULE = "module";

  private final MachineFiles files;
  private final Request request;
  private final Supplier<List<EnergyMeterProvider>> providers;
  private final PerfPowerEvents.Calls perf;
  private final Supplier<Clock> clock;

  EnergySources(
      MachineFiles files,
      Request request,
      Supplier<List<EnergyMeterProvider>> providers,
      PerfPowerEvents.Calls perf,
      Supplier<Clock> clock) {
    this.files = files;
    this.request = request;
    this.providers = providers;
    this.perf = perf;
    this.clock = clock;
  }

  /**
   * This machine's.
   *
   * @param request what is to be measured
   */
  public static EnergySources ofThisMachine(Request request) {
    return new EnergySources(
        MachineFiles.at(Path.of("/")),
        request,
        EnergySources::installed,
        PerfCalls::system,
        Clock::systemDefaultZone);
  }

  private static List<EnergyMeterProvider> installed() {
    List<EnergyMeterProvider> providers = new ArrayList<>();
    ServiceLoader.load(EnergyMeterProvider.class).forEach(providers::add);
    return providers;
  }

  /** Every source that can be found without being told where, found or not. */
  public List<SensorFinding> detect() {
    List<SensorFinding> findings = new ArrayList<>(processor());
    for (EnergyMeterProvider provider : providers.get()) {
      findings.addAll(provider.find(request));
    }
    return findings;
  }

  private List<SensorFinding> processor() {
    return List.of(
        new RaplPowercap(files, request.time()).find(),
        new PerfPowerEvents(files, request.time(), perf).find(),
        new Hwmon(files, request.time()).find(),
        new Battery(files, request.time()).find());
  }

  /**
   * Opens a source.
   *
   * @param choice which one
   * @return the meter, which the caller closes; empty for "none", and for "auto" where there is no
   *     sensor: {@link #whyNone} says why
   * @throws DeviceUnavailableException if a source was named and cannot be read
   */
  public Optional<EnergyMeter> open(EnergyChoice choice) {
    return switch (choice.source()) {
      case "none" -> Optional.empty();
      case "auto" -> auto();
      case ShellyPlug.SOURCE ->
          Optional.of(opened(new ShellyPlug(choice.address(), request.time()).find()));
      case PowerLogMeter.SOURCE ->
          Optional.of(opened(PowerLogMeter.find(path(choice), request.time(), clock.get())));
      default -> Optional.of(named(choice.source()));
    };
  }

  private static Path path(EnergyChoice choice) {
    try {
      return Path.of(choice.address());
    } catch (InvalidPathException e) {
      throw new DeviceUnavailableException(
          "The power log's name is no path: " + choice.address(), e);
    }
  }

  private EnergyMeter named(String source) {
    return detect().stream()
        .filter(finding -> finding.source().equals(source))
        .findFirst()
        .map(EnergySources::opened)
        .orElseThrow(
            () ->
                new DeviceUnavailableException(
                    "The energy source " + source + " is not part of this installation."));
  }

  private static EnergyMeter opened(SensorFinding finding) {
    if (finding instanceof SensorFinding.Found found) {
      return found.opener().open();
    }
    String advice =
        finding instanceof SensorFinding.Unreadable u
            ? ". " + u.advice()
            : ". Name another one, or leave it out; compress doctor tells of each.";
    throw new DeviceUnavailableException(
        "The energy source "
            + finding.source()
            + " is not available: "
            + finding.detail().replaceFirst("\\.$", "")
            + advice);
  }

  private Optional<EnergyMeter> auto() {
    Optional<EnergyMeter> processor = first(processor());
    if (request.cudaDevice() < 0) {
      return processor;
    }
    List<SensorFinding> others = new ArrayList<>();
    providers.get().forEach(provider -> others.addAll(provider.find(request)));
    Optional<EnergyMeter> gpu =
        first(others.stream().filter(f -> f.source().equals(NVML)).toList());
    if (gpu.isEmpty()) {
      // The processor alone would be told as the whole.
      processor.ifPresent(EnergyMeter::close);
      return Optional.empty();
    }
    if (processor.isEmpty() || !canBeJoined(gpu.get(), processor.get())) {
      processor.ifPresent(EnergyMeter::close);
      return gpu;
    }
    return Optional.of(new CompositeMeter(List.of(gpu.get(), processor.get())));
  }

  private static boolean canBeJoined(EnergyMeter gpu, EnergyMeter processor) {
    return counts(gpu)
        && counts(processor)
        && gpu.description().domains().stream().noneMatch(d -> d.contains(MODULE));
  }

  private static boolean counts(EnergyMeter meter) {
    return meter.description().traits().kind() == MeterTraits.Kind.COUNTER;
  }

  private static Optional<EnergyMeter> first(List<SensorFinding> findings) {
    for (SensorFinding finding : findings) {
      Optional<EnergyMeter> meter = attempt(finding);
      if (meter.isPresent()) {
        return meter;
      }
    }
    return Optional.empty();
  }

  private static Optional<EnergyMeter> attempt(SensorFinding finding) {
    if (!(finding instanceof SensorFinding.Found found)) {
      return Optional.empty();
    }
    try {
      return Optional.of(found.opener().open());
    } catch (DeviceUnavailableException e) {
      return Optional.empty(); // the next may work; `compress doctor` tells of this one
    }
  }

  /** Why there is no sensor, and what would enable one. */
  public String whyNone() {
    StringBuilder text = new StringBuilder("No energy sensor can be read here.");
    for (SensorFinding finding : detect()) {
      text.append(' ').append(finding.source()).append(": ").append(finding.detail()).append('.');
      if (finding instanceof SensorFinding.Unreadable unreadable) {
        text.append(' ').append(unreadable.advice());
      }
    }
    return text.toString();
  }

  /** What to watch for while measuring. */
  public List<DisturbanceWatch> watches() {
    List<DisturbanceWatch> watches = new ArrayList<>();
    watches.add(new StealTime(files));
    watches.add(new CpuThrottling(files));
    providers.get().forEach(provider -> watches.addAll(provider.watches(request)));
    return watches;
  }
}
