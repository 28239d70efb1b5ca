package dev.compress.gpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.compress.runtime.RuntimeInfo;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** On the real runtime's library, whose version its own API tells. */
class ElfLibraryTest {
  @TempDir Path folder;

  private Path runtime() throws IOException {
    Path file = folder.resolve("libonnxruntime.so");
    try (InputStream in =
        RuntimeInfo.class.getResourceAsStream(
            "/ai/onnxruntime/native/linux-x64/libonnxruntime.so")) {
      assumeTrue(in != null, "the runtime's jar has no natives for Linux on x86-64");
      Files.copy(in, file);
    }
    return file;
  }

  @Test
  void tellsVersionAndDependenciesOfTheRuntime() throws IOException {
    ElfLibrary library = ElfLibrary.read(runtime());
    assertThat(library.version()).contains(RuntimeInfo.get().version());
    assertThat(library.needed()).contains("libc.so.6", "libstdc++.so.6").doesNotHaveDuplicates();
  }

  @Test
  void whatIsDamagedIsAnErrorAndNoMore() throws IOException {
    byte[] whole = Files.readAllBytes(runtime());
    Path bad = folder.resolve("bad.so");
    Random random = new Random(5);
    for (int i = 0; i < 40; i++) {
      byte[] damaged =
          Arrays.copyOf(whole, i % 2 == 0 ? random.nextInt(whole.length) : whole.length);
      for (int k = 0; k < 12 && damaged.length > 64; k++) {
        damaged[random.nextInt(64)] = (byte) random.nextInt();
      }
      Files.write(bad, damaged);
      try {
        ElfLibrary.read(bad); // what was hit may not matter
      } catch (IOException e) {
        assertThat(e.getMessage()).isNotBlank();
      }
    }
    Files.write(bad, Arrays.copyOf(whole, whole.length / 2));
    assertThatThrownBy(() -> ElfLibrary.read(bad)).hasMessage("it is cut off");
    Files.writeString(bad, "#!/bin/sh\n");
    assertThatThrownBy(() -> ElfLibrary.read(bad)).isInstanceOf(IOException.class);
  }
}
