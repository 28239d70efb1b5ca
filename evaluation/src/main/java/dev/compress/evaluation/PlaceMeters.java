package dev.compress.evaluation;

import dev.compress.energy.EnergyMeter;
import dev.compress.energy.EnergyMeterProvider.Request;
import dev.compress.energy.TimeSource;
import dev.compress.error.DeviceUnavailableException;
import dev.compress.evaluation.energy.EnergyPlan;
import dev.compress.evaluation.energy.EnergySources;
import dev.compress.evaluation.worker.VariantPlace;
import dev.compress.runtime.DeviceIdentity;
import java.util.Optional;

/**
 * A place and what meters its energy: on a GPU the very one that variants run on.
 *
 * @param place where variants run
 * @param sources of energy there
 * @param meter that was opened; empty if none was asked for or there is none
 */
record PlaceMeters(VariantPlace place, EnergySources sources, Optional<EnergyMeter> meter)
    implements AutoCloseable {
  /**
   * Opens the meter of a place.
   *
   * @throws DeviceUnavailableException if energy must be measured and cannot be
   */
  static PlaceMeters open(VariantPlace place, EnergyPlan energy) {
    EnergySources sources =
        EnergySources.ofThisMachine(
            place.device().isGpu()
                ? new Request(
                    place.device().index(),
                    place.identity().map(DeviceIdentity::pciBusId).orElse(""),
                    TimeSource.system())
                : Request.cpu());
    Optional<EnergyMeter> meter = sources.open(energy.choice());
    if (meter.isEmpty() && energy.measuredOnly()) {
      throw new DeviceUnavailableException(
          sources.whyNone()
              + " Connect a meter (--energy shelly:HOST or file:CSV), or leave --require-measured"
              + " out; compress doctor tells of each source.");
    }
    return new PlaceMeters(place, sources, meter);
  }

  @Override
  public void close() {
    meter.ifPresent(EnergyMeter::close);
  }
}
