package dev.compress.gpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/** Libraries that gcc makes while a test runs; without it the test is skipped. */
final class GccLibrary {
  private GccLibrary() {}

  /** Of a source among the test's resources. */
  static Path ofResource(String resource, Path folder, String name, String... more)
      throws Exception {
    try (InputStream in = GccLibrary.class.getResourceAsStream(resource)) {
      String source =
          new String(Objects.requireNonNull(in, resource).readAllBytes(), StandardCharsets.UTF_8);
      return of(source, folder, name, more);
    }
  }

  /** Of a source. */
  static Path of(String source, Path folder, String name, String... more) throws Exception {
    Path file = Files.writeString(folder.resolve(name + ".c"), source);
    Path library = folder.resolve(name);
    List<String> command =
        new ArrayList<>(
            List.of(
                "gcc", "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", library.toString()));
    command.add(file.toString());
    command.addAll(List.of(more));
    Process gcc;
    try {
      gcc =
          new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true).start();
    } catch (IOException e) {
      assumeTrue(false, "gcc is not installed, and the stub of the library needs it");
      throw e;
    }
    String output = new String(gcc.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(gcc.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(gcc.exitValue()).as(output).isZero();
    Files.delete(file);
    return library;
  }
}
