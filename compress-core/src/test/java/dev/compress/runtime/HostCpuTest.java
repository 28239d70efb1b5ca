package dev.compress.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

class HostCpuTest {
  private static final String EPYC_4 =
      """
      processor\t: 0
      vendor_id\t: AuthenticAMD
      model\t\t: 17
      model name\t: AMD EPYC 9R14
      physical id\t: 0
      core id\t\t: 0
      flags\t\t: fpu sse4_1 fma avx f16c avx2 avx512f avx512dq avx512_bf16 avx512_vnni fsrm

      processor\t: 1
      model name\t: AMD EPYC 9R14
      physical id\t: 0
      core id\t\t: 0
      flags\t\t: fpu sse4_1 fma avx f16c avx2 avx512f avx512dq avx512_bf16 avx512_vnni fsrm

      processor\t: 2
      physical id\t: 0
      core id\t\t: 1

      processor\t: 3
      physical id\t: 1
      core id\t\t: 0
      """;

  @Test
  void readsX86OfLinux() {
    HostCpu cpu = HostCpu.ofCpuinfo(EPYC_4, "amd64", 4);
    assertThat(cpu.architecture()).isEqualTo("x86-64");
    assertThat(cpu.model()).isEqualTo("AMD EPYC 9R14");
    assertThat(cpu.logicalCores()).isEqualTo(4);
    assertThat(cpu.physicalCores()).isEqualTo(3); // two threads share core 0 of socket 0
    assertThat(cpu.instructions())
        .containsExactly(
            "sse4.1", "avx", "avx2", "fma", "f16c", "avx512", "avx512-vnni", "avx512-bf16");
    assertThat(cpu.multipliesInt8Exactly()).isTrue();
    assertThat(cpu.isArm()).isFalse();
  }

  @Test
  void saturatesWithoutVnni() {
    HostCpu skylake = HostCpu.ofCpuinfo("flags : avx avx2 avx512f avx512bw", "amd64", 1);
    assertThat(skylake.has("avx512")).isTrue();
    assertThat(skylake.multipliesInt8Exactly()).isFalse();
    HostCpu alderLake = HostCpu.ofCpuinfo("flags : avx avx2 avx_vnni", "amd64", 1);
    assertThat(alderLake.multipliesInt8Exactly()).isTrue();
  }

  @Test
  void readsArmOfLinux() {
    String graviton =
        """
        processor\t: 0
        BogoMIPS\t: 2100.00
        Features\t: fp asimd asimdhp asimddp sve i8mm bf16
        CPU implementer\t: 0x41
        CPU part\t: 0xd40
        """;
    HostCpu cpu = HostCpu.ofCpuinfo(graviton, "aarch64", 1);
    assertThat(cpu.isArm()).isTrue();
    assertThat(cpu.model()).isEqualTo("Arm implementer 0x41 part 0xd40");
    assertThat(cpu.instructions())
        .containsExactly("neon", "fp16", "dotprod", "i8mm", "bf16", "sve");
    assertThat(cpu.multipliesInt8Exactly()).isTrue();
  }

  @Test
  void readsMacOs() {
    HostCpu cpu =
        HostCpu.ofSysctl(
            Map.of(
                "machdep.cpu.brand_string", "Apple M2",
                "hw.physicalcpu", "8",
                "hw.optional.AdvSIMD", "1",
                "hw.optional.arm.FEAT_DotProd", "1",
                "hw.optional.arm.FEAT_I8MM", "1",
                "hw.optional.arm.FEAT_SME", "0"),
            "aarch64",
            8);
    assertThat(cpu.model()).isEqualTo("Apple M2");
    assertThat(cpu.physicalCores()).isEqualTo(8);
    assertThat(cpu.instructions()).containsExactly("neon", "dotprod", "i8mm");
  }

  @Test
  void findsTheSameInTheJvmsTextAsInLinuxs() throws IOException {
    Path cpuinfo = Path.of("/proc/cpuinfo");
    assumeTrue(Files.isReadable(cpuinfo), "no /proc/cpuinfo here");
    assumeTrue(System.getProperty("os.arch").equals("amd64"), "JVMs name Arm's sets differently");
    HostCpu linux = HostCpu.ofCpuinfo(Files.readString(cpuinfo), "amd64", 1);
    HostCpu jvm = HostCpu.ofVmInfo(HostCpu.vmInfo(), "", "amd64", 1);
    assertThat(linux.instructions()).isNotEmpty();
    assertThat(jvm.has("avx2")).isEqualTo(linux.has("avx2"));
    assertThat(jvm.has("avx512-vnni")).isEqualTo(linux.has("avx512-vnni"));
    assertThat(jvm.has("avx512")).isEqualTo(linux.has("avx512"));
  }

  @Test
  void knowsThisMachine() {
    HostCpu cpu = HostCpu.detect();
    assertThat(cpu.logicalCores()).isPositive();
    assertThat(cpu.architecture()).isNotEmpty();
    assertThat(HostCpu.KNOWN_INSTRUCTIONS).containsAll(cpu.instructions());
  }
}
