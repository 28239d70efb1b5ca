package dev.compress.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.onnx.proto.OnnxMl.ModelProto;
import dev.compress.error.InvalidModelException;
import dev.compress.error.ReadWriteException;
import dev.compress.error.UnsupportedModelException;
import dev.compress.testing.SharedData;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class HostileFilesTest {
  private static void refused(byte[] bytes, String... words) {
    assertThatThrownBy(() -> OnnxReader.read(bytes))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContainingAll(words)
        .message()
        .doesNotContain("\n")
        .hasSizeLessThan(400);
  }

  private static byte[] good() {
    return TinyModels.adding(TinyModels.vector("w", 2).build()).toByteArray();
  }

  static Stream<Arguments> notOnnx() {
    byte[] safetensors = new byte[64];
    ByteBuffer.wrap(safetensors).put(0, (byte) 40).put(8, (byte) '{');
    return Stream.of(
        Arguments.of("nothing", new byte[0], "empty"),
        Arguments.of("web page", ascii("<!DOCTYPE html><html>404</html>"), "web page"),
        Arguments.of("web page", ascii("\n  <HTML><body>Log in</body>"), "web page"),
        Arguments.of(
            "LFS",
            ascii("version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 9\n"),
            "git lfs pull"),
        Arguments.of("zip", ascii("PK\3\4abcdefgh"), "zip"),
        Arguments.of("TFLite", ascii("\34\0\0\0TFL3\0\0"), "TensorFlow Lite"),
        Arguments.of("ORT", ascii("\34\0\0\0ORTM\0\0"), "ONNX Runtime's own"),
        Arguments.of("safetensors", safetensors, "safetensors"),
        Arguments.of("HDF5", new byte[] {(byte) 0x89, 'H', 'D', 'F', '\r', '\n'}, "HDF5"),
        Arguments.of("GGUF", ascii("GGUF\3\0\0\0"), "GGUF"),
        Arguments.of("gzip", new byte[] {0x1f, (byte) 0x8b, 8, 0}, "gzip"),
        Arguments.of("NumPy", new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'}, "NumPy"),
        Arguments.of("pickle", new byte[] {(byte) 0x80, 2, 'c', 'q'}, "pickle"),
        Arguments.of("JSON", ascii("{\"irVersion\": 8}"), "text"),
        Arguments.of("text form", ascii("ir_version: 8\ngraph {\n}\n"), "text"),
        Arguments.of("words", ascii("hello world"), "no ONNX"),
        Arguments.of("zeros", new byte[1000], "no ONNX"));
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  @ParameterizedTest(name = "{0}: {2}")
  @MethodSource("notOnnx")
  void whatIsNoModelIsCalledByItsName(String name, byte[] bytes, String word, @TempDir Path folder)
      throws IOException {
    refused(bytes, word);
    Path file = Files.write(folder.resolve("given.onnx"), bytes);
    assertThatThrownBy(() -> OnnxReader.read(file))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContainingAll("given.onnx", word);
  }

  @Test
  void filesThatAreNoFiles(@TempDir Path folder) {
    assertThatThrownBy(() -> OnnxReader.read(folder))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContaining("folder");
    assertThatThrownBy(() -> OnnxReader.read(folder.resolve("absent.onnx")))
        .isInstanceOf(ReadWriteException.class)
        .hasMessageContainingAll("No such file", "absent.onnx");
    assertThatThrownBy(() -> OnnxReader.read(folder.resolve("absent/absent.onnx")))
        .isInstanceOf(ReadWriteException.class);
    Path device = Path.of("/dev/zero");
    assumeTrue(Files.exists(device), "no devices here");
    assertThatThrownBy(() -> OnnxReader.read(device))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContaining("regular file");
  }

  @ParameterizedTest
  @CsvSource({
    "truncated.onnx, cut short",
    "empty.onnx, empty",
    "random.onnx, not a valid ONNX model",
    "no-opset-ir1.onnx, IR version 1",
    "external-data-missing.onnx, missing"
  })
  void brokenFilesOfTheSharedData(String name, String word) {
    assumeTrue(SharedData.data().isPresent(), SharedData.WHY_ABSENT);
    Path folder = SharedData.data().orElseThrow().resolve("broken");
    assertThatThrownBy(() -> OnnxReader.read(folder.resolve(name)))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContaining(word);
  }

  @Test
  void everyTruncationIsRefused() {
    byte[] whole = good();
    for (int length = 0; length < whole.length; length++) {
      byte[] part = Arrays.copyOf(whole, length);
      assertThatThrownBy(() -> OnnxReader.read(part))
          .as("%d bytes of %d", length, whole.length)
          .isInstanceOf(InvalidModelException.class);
    }
  }

  @Test
  void wrongWireTypesAreRefused() {
    refused(new byte[] {8 | 5, 8, 0, 0, 0}, "field 1", "ModelProto"); // ir_version as fixed32
    refused(new byte[] {8, 8, 7 << 3, 1}, "field 7"); // graph as a number
    // graph { node { input as a number } }
    refused(new byte[] {8, 8, 7 << 3 | 2, 4, 1 << 3 | 2, 2, 1 << 3, 1}, "field 1", "NodeProto");
    refused(new byte[] {8, 8, (byte) (15 << 3 | 6), 1}, "wire type");
    refused(new byte[] {8, 8, (byte) (15 << 3 | 7), 1}, "wire type");
    refused(new byte[] {8, 8, 0, 1}, "tag"); // field number 0
    refused(new byte[] {8, 8, 15 << 3 | 4}, "group");
    refused(new byte[] {8, 8, 15 << 3 | 3, 14 << 3 | 4}, "group");
    refused(new byte[] {8, 8, 15 << 3 | 3}, "cut short");
  }

  @Test
  void hugeNumbersAreRefused() {
    byte[] eleven = new byte[13];
    Arrays.fill(eleven, (byte) 0xff);
    eleven[0] = 8;
    refused(eleven, "64 bits");
    for (long length : new long[] {1L << 20, Integer.MAX_VALUE, 1L << 40, Long.MAX_VALUE, -1}) {
      ByteBuffer bytes = ByteBuffer.allocate(32).put((byte) 8).put((byte) 8).put((byte) 0x3a);
      WireWriter.putVarint(bytes, length);
      refused(Arrays.copyOf(bytes.array(), bytes.position()), "cut short");
      // The same inside a graph of 20 bytes that does end in the file: an overlong initializer.
      ByteBuffer inner = ByteBuffer.allocate(64).put((byte) 0x3a).put((byte) 20).put((byte) 0x2a);
      WireWriter.putVarint(inner, length);
      refused(inner.array(), "longer than what holds it");
    }
  }

  @Test
  void deepNestingIsRefused() throws IOException {
    assertThat(OnnxReader.read(TinyModels.nested(60).toByteArray()).graph().nodes()).hasSize(1);
    refused(TinyModels.nested(65).toByteArray(), "nested");
    refused(TinyModels.nested(300).toByteArray(), "nested");

    ByteArrayOutputStream groups = new ByteArrayOutputStream();
    groups.writeBytes(new byte[] {8, 8});
    for (int i = 0; i < 1_000_000; i++) {
      groups.write(15 << 3 | 3);
    }
    refused(groups.toByteArray(), "groups nested");

    // A type of a type of a type ... is kept as bytes and need not be entered.
    byte[] type = {};
    for (int i = 0; i < 2000; i++) {
      ByteBuffer outer = ByteBuffer.allocate(type.length + 24);
      byte[] head = varint(type.length);
      outer.put((byte) (1 << 3 | 2)).put(head).put(type); // elem_type of the sequence
      byte[] sequence = Arrays.copyOf(outer.array(), outer.position());
      ByteBuffer wrapped = ByteBuffer.allocate(sequence.length + 12);
      wrapped.put((byte) (4 << 3 | 2)).put(varint(sequence.length)).put(sequence);
      type = Arrays.copyOf(wrapped.array(), wrapped.position());
    }
    ByteArrayOutputStream value = new ByteArrayOutputStream();
    value.write(2 << 3 | 2);
    value.writeBytes(varint(type.length));
    value.writeBytes(type);
    ByteArrayOutputStream model = new ByteArrayOutputStream();
    model.writeBytes(good());
    byte[] head = varint(value.size());
    byte[] graph = new byte[1 + head.length + value.size()];
    graph[0] = 11 << 3 | 2;
    System.arraycopy(head, 0, graph, 1, head.length);
    System.arraycopy(value.toByteArray(), 0, graph, 1 + head.length, value.size());
    ModelProto merged = TinyModels.adding(TinyModels.vector("w", 2).build());
    byte[] g = merged.getGraph().toByteArray();
    ByteArrayOutputStream deep = new ByteArrayOutputStream();
    deep.writeBytes(merged.toBuilder().clearGraph().build().toByteArray());
    deep.write(7 << 3 | 2);
    deep.writeBytes(varint(g.length + graph.length));
    deep.writeBytes(g);
    deep.writeBytes(graph);
    assertThat(OnnxReader.read(deep.toByteArray()).graph().inputs()).hasSize(2);
  }

  private static byte[] varint(long value) {
    ByteBuffer bytes = ByteBuffer.allocate(10);
    WireWriter.putVarint(bytes, value);
    return Arrays.copyOf(bytes.array(), bytes.position());
  }

  @Test
  void aSecondGraphIsRefused() {
    ByteArrayOutputStream twice = new ByteArrayOutputStream();
    twice.writeBytes(good());
    twice.writeBytes(good());
    refused(twice.toByteArray(), "second graph");
  }

  @Test
  void aFileOfNothingButNodesEndsInAMessage() {
    int nodes = 1 << 20; // two bytes each in the file, about a hundred on the heap
    ByteBuffer bytes = ByteBuffer.allocate(16 + 2 * nodes);
    bytes.put(new byte[] {8, 8, 7 << 3 | 2}).put(varint(2L * nodes));
    while (bytes.remaining() > 1) {
      bytes.put((byte) (1 << 3 | 2)).put((byte) 0);
    }
    WireReader in = new WireReader("m.onnx", bytes.array(), new HeapBudget("m.onnx", 32L << 20));
    assertThatThrownBy(() -> new ModelReader(in, new ExternalFiles(null)).read())
        .isInstanceOf(UnsupportedModelException.class)
        .hasMessageContainingAll("m.onnx", "memory", "-Xmx");
    assertThat(in.position()).isBetween(300_000L, 1_500_000L);
  }

  @Test
  void aLengthIsNotBelievedBeforeTheBytesAreSeen() {
    // string_data, names and attributes that announce a gigabyte: refused without allocating it
    long before = Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    for (int i = 0; i < 100; i++) {
      ByteBuffer bytes = ByteBuffer.allocate(64).put((byte) 8).put((byte) 8).put((byte) 0x12);
      WireWriter.putVarint(bytes, 1L << 30);
      refused(bytes.array(), "cut short");
    }
    long after = Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    assertThat(after - before).isLessThan(256L << 20);
  }

  @Test
  void modelsOfMoreThanTwoGigabytesAreScanned(@TempDir Path folder) throws IOException {
    // One file with a weight of 3 GiB in the middle and the graph's nodes behind it.
    long weight = 3L << 30;
    ModelProto small = TinyModels.adding(TinyModels.vector("w", 2).build());
    byte[] rest = small.getGraph().toBuilder().clearInitializer().build().toByteArray();
    ByteArrayOutputStream tensor = new ByteArrayOutputStream();
    tensor.write(1 << 3);
    tensor.writeBytes(varint(weight / 4));
    tensor.writeBytes(new byte[] {2 << 3, 1, 8 << 3 | 2, 1, 'w', 9 << 3 | 2});
    tensor.writeBytes(varint(weight));
    ByteArrayOutputStream graph = new ByteArrayOutputStream();
    graph.write(5 << 3 | 2);
    graph.writeBytes(varint(tensor.size() + weight));
    graph.writeBytes(tensor.toByteArray());
    ByteArrayOutputStream head = new ByteArrayOutputStream();
    head.writeBytes(small.toBuilder().clearGraph().build().toByteArray());
    head.write(7 << 3 | 2);
    head.writeBytes(varint(graph.size() + weight + rest.length));
    head.writeBytes(graph.toByteArray());
    Path file = folder.resolve("big.onnx");
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(head.toByteArray()));
      channel.write(ByteBuffer.wrap(rest), head.size() + weight);
    } catch (IOException e) {
      assumeTrue(false, "no sparse files here");
    }
    LoadedModel loaded = OnnxReader.read(file);
    assertThat(loaded.model().graph().nodes()).hasSize(1);
    assertThat(loaded.model().graph().initializers().get(0).tensor().byteSize()).isEqualTo(weight);
    ByteBuffer end = ByteBuffer.allocate(8);
    loaded.model().graph().initializers().get(0).tensor().data().read(weight - 8, end);
    assertThat(end.array()).containsOnly(0);
  }
}
