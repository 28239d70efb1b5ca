package dev.compress.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.compress.error.CompressionException;
import dev.compress.error.InvalidModelException;
import dev.compress.error.UnsupportedModelException;
import dev.compress.graph.GraphPrinter;
import dev.compress.graph.GraphValidator;
import dev.compress.testing.SharedData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Real models with random damage are read, or refused with one clear line: never another exception,
 * an exhausted heap or stack, or a hang. More of it: {@code -Pbenchmark -Dcompress.fuzz=10000}.
 */
class MutationFuzzTest {
  private static final int LARGEST_MODEL = 500_000;
  private static final long CASE_NANOS = 5_000_000_000L;
  private static final int HEAP_PER_CASE = 64 << 20;

  @Test
  void damageEndsInAModelOrAMessage(@TempDir Path folder) throws IOException {
    fuzz(400, 20_240_601, folder);
  }

  @Test
  @Tag("benchmark")
  void muchMoreOfIt(@TempDir Path folder) throws IOException {
    int cases = Integer.getInteger("compress.fuzz", 10_000);
    int read = fuzz(cases, 1, folder);
    System.getLogger(MutationFuzzTest.class.getName())
        .log(System.Logger.Level.INFO, "{0} of {1} mutants could be read", read, cases);
  }

  /** Returns how many mutants could be read. */
  private static int fuzz(int cases, long firstSeed, Path folder) throws IOException {
    List<byte[]> models = models();
    assumeTrue(!models.isEmpty(), SharedData.WHY_ABSENT);
    com.sun.management.ThreadMXBean threads =
        (com.sun.management.ThreadMXBean) java.lang.management.ManagementFactory.getThreadMXBean();
    int read = 0;
    for (int i = 0; i < cases; i++) {
      long seed = firstSeed + i;
      byte[] mutant = mutate(models, new Random(seed));
      long start = System.nanoTime();
      long allocated = threads.getCurrentThreadAllocatedBytes();
      try {
        read += survives(mutant, i % 4 == 0 ? folder : null) ? 1 : 0;
      } catch (RuntimeException | Error e) {
        throw new AssertionError("seed " + seed, e);
      }
      assertThat(System.nanoTime() - start).as("time of seed %d", seed).isLessThan(CASE_NANOS);
      assertThat(threads.getCurrentThreadAllocatedBytes() - allocated)
          .as("allocations of seed %d", seed)
          .isLessThan(HEAP_PER_CASE);
    }
    assertThat(read).isBetween(1, cases - 1); // else the mutations are too weak or too strong
    return read;
  }

  private static boolean survives(byte[] mutant, @org.jspecify.annotations.Nullable Path folder)
      throws IOException {
    try {
      GraphValidator.Checked checked =
          GraphValidator.check(
              folder == null
                  ? OnnxReader.read(mutant)
                  : OnnxReader.read(Files.write(folder.resolve("m.onnx"), mutant)).model());
      assertThat(GraphPrinter.print(checked.model())).isNotEmpty();
      byte[] written = OnnxWriter.toBytes(checked.model());
      // what was accepted is written in a form that is accepted, and then stays as it is
      assertThat(Arrays.equals(OnnxWriter.toBytes(OnnxReader.read(written)), written)).isTrue();
      return true;
    } catch (InvalidModelException | UnsupportedModelException e) {
      assertThat(e).isInstanceOf(CompressionException.class);
      assertThat(e.getMessage()).isNotBlank().endsWith(".");
      return false;
    }
  }

  private static List<byte[]> models() throws IOException {
    Path root = SharedData.data().map(d -> d.resolve("models")).orElse(null);
    if (root == null) {
      return List.of();
    }
    try (Stream<Path> files = Files.walk(root)) {
      List<Path> small =
          files
              .filter(f -> f.toString().endsWith(".onnx") && f.toFile().length() < LARGEST_MODEL)
              .sorted()
              .toList();
      List<byte[]> models = new java.util.ArrayList<>();
      for (Path file : small) {
        models.add(Files.readAllBytes(file));
      }
      return models;
    }
  }

  /** One to eight bit flips, length edits, deletions, insertions, splices; sometimes a cut. */
  private static byte[] mutate(List<byte[]> models, Random random) {
    byte[] bytes = models.get(random.nextInt(models.size())).clone();
    int changes = 1 + random.nextInt(8);
    for (int i = 0; i < changes && bytes.length > 0; i++) {
      // half of the damage at the ends, where the structure is; weights do not mind
      int span = random.nextBoolean() ? bytes.length : Math.min(bytes.length, 2000);
      int at = random.nextInt(span);
      at = random.nextInt(4) == 0 ? bytes.length - 1 - at : at;
      switch (random.nextInt(8)) {
        case 0, 1 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
        case 2 -> bytes[at] = (byte) random.nextInt();
        case 3 -> bytes[at] = (byte) 0xff;
        case 4 -> bytes[at]++; // a length that is one too long
        case 5 -> bytes = splice(bytes, at, 1 + random.nextInt(16), new byte[0]);
        case 6 -> {
          byte[] other = models.get(random.nextInt(models.size()));
          int from = random.nextInt(other.length);
          int to = Math.min(other.length, from + 1 + random.nextInt(300));
          bytes = splice(bytes, at, random.nextInt(300), Arrays.copyOfRange(other, from, to));
        }
        default -> {
          if (random.nextInt(4) == 0) {
            bytes = Arrays.copyOf(bytes, at);
          } else {
            bytes[at]--;
          }
        }
      }
    }
    return bytes;
  }

  private static byte[] splice(byte[] bytes, int at, int removed, byte[] inserted) {
    int end = Math.min(bytes.length, at + removed);
    byte[] spliced = new byte[at + inserted.length + bytes.length - end];
    System.arraycopy(bytes, 0, spliced, 0, at);
    System.arraycopy(inserted, 0, spliced, at, inserted.length);
    System.arraycopy(bytes, end, spliced, at + inserted.length, bytes.length - end);
    return spliced;
  }
}
