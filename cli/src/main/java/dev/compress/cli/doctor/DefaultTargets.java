package dev.compress.cli.doctor;

import dev.compress.runtime.HostCpu;

/** Why this machine is the target that it is. */
final class DefaultTargets {
  private DefaultTargets() {}

  /**
   * The default target of a processor.
   *
   * @param cpu the processor
   */
  static DoctorReport.DefaultTarget of(HostCpu cpu) {
    if (cpu.isArm()) {
      String dot = cpu.has("dotprod") ? "with dot-product instructions" : "without dot products";
      return new DoctorReport.DefaultTarget("arm", "64-bit Arm " + dot, 8);
    }
    for (String exact : new String[] {"amx-int8", "avx512-vnni", "avx-vnni"}) {
      if (cpu.has(exact)) {
        return new DoctorReport.DefaultTarget(
            "cpu-vnni", exact + " sums 8-bit products in 32 bits, so weights keep 8 bits", 8);
      }
    }
    return new DoctorReport.DefaultTarget(
        "cpu-avx2", "without VNNI 8-bit products saturate at 16 bits, so weights get 7 bits", 7);
  }
}
