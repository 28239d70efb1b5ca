package dev.compress.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.compress.error.CancelledException;
import dev.compress.error.OutputExistsException;
import dev.compress.error.ReadWriteException;
import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.OnnxModel;
import dev.compress.onnx.WriteSettings.ExternalData;
import dev.compress.progress.Progress;
import dev.compress.tensor.ByteSource;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.HeapBytes;
import dev.compress.tensor.Sha256;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermission;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class OnnxWriterTest {
  private static final int WEIGHTS = 20;
  private static final int WEIGHT_BYTES = 200_000;
  private static final WriteSettings FORCE = WriteSettings.DEFAULT.withForce(true);

  private static OnnxModel model(ByteSource... weights) {
    List<Initializer> initializers = new ArrayList<>();
    for (ByteSource weight : weights) {
      Tensor tensor = new Tensor(ElementType.UINT8, Shape.of(weight.size()), weight);
      initializers.add(Initializer.of("w" + initializers.size(), tensor));
    }
    return OnnxModel.of(8, 17, Graph.of("g", List.of(), initializers, List.of(), List.of()));
  }

  private static byte[] random(long seed) {
    byte[] bytes = new byte[WEIGHT_BYTES];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  private static OnnxModel good() {
    ByteSource[] weights = new ByteSource[WEIGHTS];
    for (int i = 0; i < WEIGHTS; i++) {
      weights[i] = HeapBytes.wrap(random(i));
    }
    return model(weights);
  }

  /** Fails when more than half of it is read, as a file on a broken disk would. */
  private static final class Failing implements ByteSource {
    @Override
    public long size() {
      return 8L << 20;
    }

    @Override
    public void read(long position, ByteBuffer target) {
      if (position + target.remaining() > size() / 2) {
        throw new ReadWriteException("Cannot read weights.bin: broken. Check the disk.");
      }
      target.position(target.limit());
    }
  }

  private static List<String> files(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(f -> String.valueOf(f.getFileName())).sorted().toList();
    }
  }

  @Test
  void bytesAndFileAreTheSame(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("m.onnx");
    WrittenModel written = OnnxWriter.write(good(), file);
    assertThat(Files.readAllBytes(file)).isEqualTo(OnnxWriter.toBytes(good()));
    assertThat(written.bytes()).isEqualTo(Files.size(file));
    assertThat(written.sha256()).isEqualTo(Sha256.of(file)).hasSize(64);
    assertThat(written.file()).isEqualTo(file);
  }

  @Test
  void anExistingFileIsOnlyReplacedWhenAsked(@TempDir Path folder) throws IOException {
    Path file = Files.writeString(folder.resolve("m.onnx"), "old");
    assertThatThrownBy(() -> OnnxWriter.write(good(), file))
        .isInstanceOf(OutputExistsException.class)
        .hasMessageContainingAll("m.onnx", "--force");
    assertThat(file).hasContent("old");
    OnnxWriter.write(good(), file, FORCE, Progress.NONE);
    assertThat(OnnxReader.read(file).model().graph().initializers()).hasSize(WEIGHTS);
    assertThat(files(folder)).containsExactly("m.onnx");
  }

  @Test
  void aModelCanBeWrittenOverItself(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("m.onnx");
    OnnxWriter.write(good(), file);
    byte[] before = Files.readAllBytes(file);
    OnnxWriter.write(OnnxReader.read(file).model(), file, FORCE, Progress.NONE);
    assertThat(Files.readAllBytes(file)).isEqualTo(before);
    assertThat(files(folder)).containsExactly("m.onnx");
  }

  @Test
  void afterThatTheOldRecordsAreOfNoUse(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("m.onnx");
    OnnxWriter.write(good(), file);
    Files.setLastModifiedTime(file, FileTime.from(Instant.EPOCH.plusSeconds(1)));
    OnnxModel old = OnnxReader.read(file).model();
    OnnxWriter.write(old.withMetadata(Map.of("key", "moves all")), file, FORCE, Progress.NONE);
    assertThatThrownBy(() -> old.graph().initializers().get(3).tensor().data().toByteArray())
        .isInstanceOf(ReadWriteException.class)
        .hasMessageContainingAll("m.onnx", "changed");
  }

  @ParameterizedTest
  @EnumSource(ExternalData.class)
  void aFailureLeavesTheOldFileAndNothingElse(ExternalData external, @TempDir Path folder)
      throws IOException {
    Path file = Files.writeString(folder.resolve("m.onnx"), "old");
    OnnxModel failing = model(HeapBytes.wrap(random(1)), new Failing());
    assertThatThrownBy(
            () -> OnnxWriter.write(failing, file, FORCE.withExternal(external), Progress.NONE))
        .isInstanceOf(ReadWriteException.class)
        .hasMessageContaining("weights.bin");
    assertThat(file).hasContent("old");
    assertThat(files(folder)).containsExactly("m.onnx");
  }

  /** Asks to stop once a number of bytes were written. */
  private record StopAfter(AtomicLong left) implements Progress {
    @Override
    public void begin(String stage, long total) {}

    @Override
    public void advance(long steps) {
      left.addAndGet(-steps);
    }

    @Override
    public boolean cancelled() {
      return left.get() <= 0;
    }
  }

  @ParameterizedTest
  @EnumSource(ExternalData.class)
  void cancellingLeavesNothing(ExternalData external, @TempDir Path folder) throws IOException {
    Path file = folder.resolve("m.onnx");
    StopAfter stop = new StopAfter(new AtomicLong(1 << 20));
    assertThatThrownBy(() -> OnnxWriter.write(good(), file, FORCE.withExternal(external), stop))
        .isInstanceOf(CancelledException.class);
    assertThat(files(folder)).isEmpty();
  }

  @Test
  void anInterruptCancels(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("m.onnx");
    Thread.currentThread().interrupt();
    try {
      assertThatThrownBy(() -> OnnxWriter.write(good(), file))
          .isInstanceOf(CancelledException.class);
    } finally {
      assertThat(Thread.interrupted()).isTrue();
    }
    assertThat(files(folder)).isEmpty();
  }

  @Test
  void progressAddsUp(@TempDir Path folder) {
    AtomicLong total = new AtomicLong();
    AtomicLong done = new AtomicLong();
    Progress progress =
        new Progress() {
          @Override
          public void begin(String stage, long steps) {
            total.set(steps);
          }

          @Override
          public void advance(long steps) {
            done.addAndGet(steps);
          }

          @Override
          public boolean cancelled() {
            return false;
          }
        };
    OnnxWriter.write(good(), folder.resolve("a.onnx"), FORCE, progress);
    assertThat(done.getAndSet(0)).isEqualTo(total.get()).isPositive();
    OnnxWriter.write(
        good(), folder.resolve("b.onnx"), FORCE.withExternal(ExternalData.ALWAYS), progress);
    assertThat(done.get()).isEqualTo(total.get());
  }

  @Test
  void placesThatCannotBeWritten(@TempDir Path folder) throws IOException {
    assertThatThrownBy(() -> OnnxWriter.write(good(), folder.resolve("no/such/m.onnx")))
        .isInstanceOf(ReadWriteException.class)
        .hasMessageContaining("folder does not exist");
    assertThatThrownBy(() -> OnnxWriter.write(good(), folder, FORCE, Progress.NONE))
        .isInstanceOf(ReadWriteException.class)
        .hasMessageContaining("is a folder");
    Path file = Files.writeString(folder.resolve("file"), "");
    assertThatThrownBy(() -> OnnxWriter.write(good(), file.resolve("m.onnx")))
        .isInstanceOf(ReadWriteException.class);
  }

  @Test
  void aLinkStaysALink(@TempDir Path folder) throws IOException {
    Path real = Files.writeString(folder.resolve("real.onnx"), "old");
    Path link = folder.resolve("link.onnx");
    try {
      Files.createSymbolicLink(link, real);
    } catch (IOException | UnsupportedOperationException e) {
      assumeTrue(false, "no symbolic links here");
    }
    OnnxWriter.write(good(), link, FORCE, Progress.NONE);
    assertThat(link).isSymbolicLink();
    assertThat(OnnxReader.read(real).model().graph().initializers()).hasSize(WEIGHTS);
  }

  @Test
  void theFileIsAsReadableAsAnyOther(@TempDir Path folder) throws IOException {
    assumeTrue(
        folder.getFileSystem().supportedFileAttributeViews().contains("posix"), "no POSIX here");
    Path ordinary = Files.writeString(folder.resolve("ordinary"), "x");
    Path file = folder.resolve("m.onnx");
    OnnxWriter.write(good(), file);
    Iterable<PosixFilePermission> expected = Files.getPosixFilePermissions(ordinary);
    assertThat(Files.getPosixFilePermissions(file)).containsExactlyInAnyOrderElementsOf(expected);
  }

  @Test
  void sharedWeightsAreWrittenOnceToExternalData(@TempDir Path folder) throws IOException {
    ByteSource shared = HeapBytes.wrap(random(3));
    WrittenModel written =
        OnnxWriter.write(
            model(shared, shared, shared),
            folder.resolve("m.onnx"),
            FORCE.withExternal(ExternalData.ALWAYS),
            Progress.NONE);
    assertThat(written.data().orElseThrow().bytes()).isEqualTo(WEIGHT_BYTES);
    for (Initializer weight :
        OnnxReader.read(folder.resolve("m.onnx")).model().graph().initializers()) {
      assertThat(weight.tensor().data().toByteArray()).isEqualTo(random(3));
    }
  }

  @Test
  void withoutLargeWeightsThereIsNoDataFile(@TempDir Path folder) throws IOException {
    WrittenModel written =
        OnnxWriter.write(
            model(HeapBytes.wrap(new byte[10])),
            folder.resolve("m.onnx"),
            FORCE.withExternal(ExternalData.ALWAYS),
            Progress.NONE);
    assertThat(written.data()).isEmpty();
    assertThat(files(folder)).containsExactly("m.onnx");
  }

  @Test
  void emptyWeightsStayEmpty() {
    OnnxModel read = OnnxReader.read(OnnxWriter.toBytes(model(HeapBytes.wrap(new byte[0]))));
    assertThat(read.graph().initializers().get(0).tensor().elementCount()).isZero();
  }

  @Test
  void theHashIsThatOfSha256(@TempDir Path folder) throws IOException {
    Path file = Files.writeString(folder.resolve("abc"), "abc"); // FIPS 180-2, appendix B.1
    assertThat(Sha256.of(file))
        .isEqualTo("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assertThatThrownBy(() -> Sha256.of(folder.resolve("absent")))
        .isInstanceOf(ReadWriteException.class)
        .hasMessageContaining("No such file");
  }
}
