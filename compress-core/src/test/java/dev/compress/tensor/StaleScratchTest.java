package dev.compress.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StaleScratchTest {
  @TempDir Path folder;

  private Path file(String name, Duration age) throws IOException {
    Path file = Files.createFile(folder.resolve(name));
    return Files.setLastModifiedTime(file, FileTime.from(Instant.now().minus(age)));
  }

  private static long deadProcess() throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-version")
            .redirectErrorStream(true)
            .start();
    process.getInputStream().readAllBytes();
    process.waitFor();
    return process.pid();
  }

  @Test
  void deletesWhatAKilledProcessLeft() throws Exception {
    long dead = deadProcess();
    Duration old = Duration.ofDays(2);
    Path left = file("compress-" + dead + "-123.scratch", old);
    Path fresh = file("compress-" + dead + "-124.scratch", Duration.ofHours(1));
    Path running = file(StaleScratch.prefix() + "125.scratch", old);
    Path other = file("compress-notes.scratch", old);
    StaleScratch.delete(folder, Instant.now());
    assertThat(left).doesNotExist();
    assertThat(fresh).exists();
    assertThat(running).exists();
    assertThat(other).exists();
  }

  @Test
  void isOfNoConcernWhereThereIsNoFolder() {
    StaleScratch.delete(folder.resolve("none"), Instant.now());
    assertThat(folder).isEmptyDirectory();
  }
}
