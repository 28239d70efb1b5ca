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
   * @param cudaDevice the index of a GPU as CUDA counts them; negative if none is used
   * @param time for the meters
   */
  record Request(int cudaDevice, TimeSource time) {
    /** The processor alone. */
    public static Request cpu() {
      return new Request(-1, TimeSource.system());
    }
  }
}
