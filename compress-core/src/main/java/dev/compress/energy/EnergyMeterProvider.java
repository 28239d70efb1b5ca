package dev.compress.energy;

import java.util.List;

/**
 * Finds meters that live in a module of their own; named in {@code META-INF/services}. Its class
 * must load where its sensor, driver or native library is missing.
 */
public interface EnergyMeterProvider {
  /**
   * Looks for sensors.
   *
   * @param request what is to be measured
   * @return one finding a source, absent ones included; never empty
   */
  List<SensorFinding> find(Request request);

  /**
   * What to watch for while measuring with one of its meters.
   *
   * @param request what is to be measured
   */
  default List<DisturbanceWatch> watches(Request request) {
    return List.of();
  }

  /**
   * What is to be measured.
   *
   * @param cudaDevice the index of a GPU as CUDA counts them, in the order of the buses; negative
   *     if none is used
   * @param pciBusId where that GPU is plugged in, by the driver's word in the process that uses it,
   *     such as "0000:41:00.0"; empty if it was not asked
   * @param time for the meters
   */
  record Request(int cudaDevice, String pciBusId, TimeSource time) {
    /** A GPU of which only the number is known. */
    public Request(int cudaDevice, TimeSource time) {
      this(cudaDevice, "", time);
    }

    /** The processor alone. */
    public static Request cpu() {
      return new Request(-1, TimeSource.system());
    }
  }
}
