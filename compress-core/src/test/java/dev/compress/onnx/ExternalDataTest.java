package dev.compress.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import dev.compress.error.InvalidModelException;
import dev.compress.error.UnsupportedModelException;
import dev.compress.graph.AttributeValue;
import dev.compress.graph.Initializer;
import dev.compress.graph.OnnxModel;
import dev.compress.progress.Progress;
import dev.compress.tensor.FileRegion;
import dev.compress.tensor.Sha256;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ExternalDataTest {
  private static final WriteSettings EXTERNAL =
      WriteSettings.DEFAULT.withExternal(WriteSettings.ExternalData.ALWAYS);

  private static Path model(Path folder, Map<String, String> entries) throws IOException {
    return Files.write(
        folder.resolve("model.onnx"),
        TinyModels.adding(TinyModels.external("w", 2, entries)).toByteArray());
  }

  private static void refused(Path model, String... words) {
    assertThatThrownBy(() -> OnnxReader.read(model))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContaining("Tensor w")
        .hasMessageContainingAll(words);
  }

  @Test
  void isReadInPlace(@TempDir Path folder) throws IOException {
    Files.createDirectory(folder.resolve("weights"));
    byte[] data = {9, 9, 9, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    Files.write(folder.resolve("weights/w.bin"), data);
    Path model =
        model(
            folder,
            Map.of("location", "weights/w.bin", "offset", "4", "length", "8", "checksum", "?"));
    LoadedModel loaded = OnnxReader.read(model);
    Initializer w = loaded.model().graph().initializers().get(0);
    assertThat(w.tensor().data()).isInstanceOf(FileRegion.class);
    assertThat(w.tensor().data().toByteArray()).containsExactly(1, 2, 3, 4, 5, 6, 7, 8);
    assertThat(loaded.hasExternalData()).isTrue();
    assertThat(loaded.externalFiles()).containsExactly(folder.resolve("weights/w.bin"));
    assertThat(loaded.bytes()).isEqualTo(Files.size(model) + 13);
  }

  @Test
  void offsetAndLengthMayBeLeftOut(@TempDir Path folder) throws IOException {
    Files.write(folder.resolve("w.bin"), new byte[] {1, 2, 3, 4, 5, 6, 7, 8, 9});
    LoadedModel loaded = OnnxReader.read(model(folder, Map.of("location", "w.bin")));
    assertThat(loaded.model().graph().initializers().get(0).tensor().data().toByteArray())
        .containsExactly(1, 2, 3, 4, 5, 6, 7, 8);
  }

  @Test
  void tensorsMayShareBytes(@TempDir Path folder) throws IOException {
    Files.write(folder.resolve("w.bin"), new byte[8]);
    ModelProto one = TinyModels.adding(TinyModels.external("w", 2, Map.of("location", "w.bin")));
    ModelProto.Builder two = one.toBuilder();
    two.getGraphBuilder()
        .addInitializer(TinyModels.external("v", 2, Map.of("location", "w.bin")))
        .addInitializer(TinyModels.external("u", 1, Map.of("location", "w.bin", "offset", "2")));
    Path model = Files.write(folder.resolve("m.onnx"), two.build().toByteArray());
    assertThat(OnnxReader.read(model).model().graph().initializers()).hasSize(3);
    assertThat(OnnxReader.read(model).externalFiles()).hasSize(1);
  }

  static Stream<Arguments> attacks() {
    return Stream.of(
        Arguments.of(Map.of("location", "../secret.bin"), "outside"),
        Arguments.of(Map.of("location", "sub/../../secret.bin"), "outside"),
        Arguments.of(Map.of("location", "..\\secret.bin"), "outside"),
        Arguments.of(Map.of("location", ".."), "outside"),
        Arguments.of(Map.of("location", "/etc/hostname"), "outside"),
        Arguments.of(Map.of("location", "C:\\secret.bin"), "outside"),
        Arguments.of(Map.of("location", "\\\\host\\secret.bin"), "outside"),
        Arguments.of(Map.of("location", "link.bin"), "outside"),
        Arguments.of(Map.of("location", "folder-link/secret.bin"), "outside"),
        Arguments.of(Map.of("location", ""), "location"),
        Arguments.of(Map.of("offset", "0"), "location"),
        Arguments.of(Map.of("location", "sub"), "no file"),
        Arguments.of(Map.of("location", "."), "no file"),
        Arguments.of(Map.of("location", "a\0b"), "no file name"),
        Arguments.of(Map.of("location", "absent.bin"), "missing"),
        Arguments.of(Map.of("location", "w.bin", "offset", "-1"), "-1"),
        Arguments.of(Map.of("location", "w.bin", "offset", "9"), "16 bytes"),
        Arguments.of(Map.of("location", "w.bin", "offset", "17"), "16 bytes"),
        Arguments.of(Map.of("location", "w.bin", "offset", "9223372036854775807"), "16 bytes"),
        Arguments.of(Map.of("location", "w.bin", "offset", "99999999999999999999"), "byte count"),
        Arguments.of(Map.of("location", "w.bin", "offset", "0x4"), "byte count"),
        Arguments.of(Map.of("location", "w.bin", "length", "-8"), "byte count"),
        Arguments.of(Map.of("location", "w.bin", "length", "9"), "9 bytes"),
        Arguments.of(Map.of("location", "w.bin", "length", "7"), "7 bytes"),
        Arguments.of(Map.of("location", "w.bin", "length", "1000"), "16 bytes"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("attacks")
  void nothingOutsideTheModelsFolderIsRead(
      Map<String, String> entries, String word, @TempDir Path outer) throws IOException {
    Files.write(outer.resolve("secret.bin"), new byte[16]);
    Path folder = Files.createDirectory(outer.resolve("models"));
    Files.write(folder.resolve("w.bin"), new byte[16]);
    Files.createDirectory(folder.resolve("sub"));
    try {
      Files.createSymbolicLink(folder.resolve("link.bin"), outer.resolve("secret.bin"));
      Files.createSymbolicLink(folder.resolve("folder-link"), outer);
    } catch (IOException | UnsupportedOperationException e) {
      assumeTrue(!entries.toString().contains("link"), "no symbolic links here");
    }
    refused(model(folder, entries), word);
  }

  @Test
  void linksInsideTheFolderAreFine(@TempDir Path folder) throws IOException {
    Files.write(folder.resolve("w.bin"), new byte[8]);
    try {
      Files.createSymbolicLink(folder.resolve("link.bin"), Path.of("w.bin"));
    } catch (IOException | UnsupportedOperationException e) {
      assumeTrue(false, "no symbolic links here");
    }
    assertThat(OnnxReader.read(model(folder, Map.of("location", "link.bin"))).bytes())
        .isGreaterThan(8);
  }

  @Test
  void aPointerInPlaceOfTheDataIsCalledByItsName(@TempDir Path folder) throws IOException {
    Files.writeString(
        folder.resolve("w.bin"),
        "version https://git-lfs.github.com/spec/v1\noid sha256:4d\nsize 8000\n");
    ModelProto model =
        TinyModels.adding(TinyModels.external("w", 2000, Map.of("location", "w.bin")));
    refused(Files.write(folder.resolve("model.onnx"), model.toByteArray()), "git lfs pull");
  }

  @Test
  void aModelInMemoryHasNoFolder() {
    byte[] model =
        TinyModels.adding(TinyModels.external("w", 2, Map.of("location", "w.bin"))).toByteArray();
    assertThatThrownBy(() -> OnnxReader.read(model))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContaining("Tensor w");
  }

  @Test
  void functionsMayNotHaveIt(@TempDir Path folder) throws IOException {
    Files.write(folder.resolve("w.bin"), new byte[8]);
    NodeProto constant =
        NodeProto.newBuilder()
            .setOpType("Constant")
            .addAttribute(
                AttributeProto.newBuilder()
                    .setName("value")
                    .setType(AttributeProto.AttributeType.TENSOR)
                    .setT(TinyModels.external("w", 2, Map.of("location", "w.bin"))))
            .build();
    ModelProto model =
        TinyModels.adding(TinyModels.vector("v", 2).build()).toBuilder()
            .addFunctions(
                ai.onnx.proto.OnnxMl.FunctionProto.newBuilder().setName("f").addNode(constant))
            .build();
    Path file = Files.write(folder.resolve("m.onnx"), model.toByteArray());
    assertThatThrownBy(() -> OnnxReader.read(file))
        .isInstanceOf(UnsupportedModelException.class)
        .hasMessageContainingAll("Tensor w", "function");
  }

  /** Weights in the graph, in a subgraph and in an attribute; small ones, and two that are one. */
  private static ModelProto manyTensors() {
    GraphProto inner =
        GraphProto.newBuilder()
            .setName("inner")
            .addInitializer(filled("inner", 3000))
            .addOutput(TinyModels.value("inner", 3000))
            .build();
    ModelProto.Builder model = TinyModels.adding(filled("w", 5000)).toBuilder();
    model
        .getGraphBuilder()
        .addInitializer(filled("large", 300_000))
        .addInitializer(filled("small", 3))
        .addNode(
            NodeProto.newBuilder()
                .setOpType("If")
                .addAttribute(
                    AttributeProto.newBuilder()
                        .setName("then_branch")
                        .setType(AttributeProto.AttributeType.GRAPH)
                        .setG(inner)))
        .addNode(
            NodeProto.newBuilder()
                .setOpType("Constant")
                .addOutput("c")
                .addAttribute(
                    AttributeProto.newBuilder()
                        .setName("value")
                        .setType(AttributeProto.AttributeType.TENSOR)
                        .setT(filled("", 4000))));
    return model.build();
  }

  private static ai.onnx.proto.OnnxMl.TensorProto filled(String name, int size) {
    byte[] bytes = new byte[4 * size];
    new java.util.Random(size).nextBytes(bytes);
    return TinyModels.vector(name, size)
        .setRawData(com.google.protobuf.ByteString.copyFrom(bytes))
        .build();
  }

  @Test
  void goesIntoOneAlignedFileNamedByItsContent(@TempDir Path folder) throws IOException {
    ModelProto original = manyTensors();
    Path input = Files.write(folder.resolve("in.onnx"), original.toByteArray());
    Path output = folder.resolve("out.onnx");
    WrittenModel written =
        OnnxWriter.write(OnnxReader.read(input).model(), output, EXTERNAL, Progress.NONE);

    WrittenModel.Data data = written.data().orElseThrow();
    assertThat(data.sha256()).isEqualTo(Sha256.of(data.file()));
    assertThat(data.file())
        .isEqualTo(folder.toRealPath().resolve("out-" + data.sha256().substring(0, 16) + ".data"));
    assertThat(written.bytes()).isEqualTo(Files.size(output) + Files.size(data.file()));
    assertThat(files(folder)).hasSize(3);

    LoadedModel again = OnnxReader.read(output);
    for (Initializer initializer : again.model().graph().initializers()) {
      boolean external =
          initializer.tensor().data() instanceof FileRegion region && !region.file().equals(output);
      assertThat(external).isEqualTo(!initializer.name().equals("small"));
      if (external) {
        long offset = ((FileRegion) initializer.tensor().data()).offset();
        assertThat(offset % (initializer.tensor().byteSize() >= 1 << 20 ? 4096 : 64)).isZero();
      }
    }
    Path inline = folder.resolve("inline.onnx");
    OnnxWriter.write(again.model(), inline);
    assertThat(
            OnnxMlComparison.normalised(ModelProto.parseFrom(Files.readAllBytes(inline)))
                .equals(OnnxMlComparison.normalised(original)))
        .isTrue();
  }

  @Test
  void dataOfAnOverwrittenModelGoesUnlessAnotherRefersToIt(@TempDir Path folder)
      throws IOException {
    Path input = Files.write(folder.resolve("in.onnx"), manyTensors().toByteArray());
    OnnxModel model = OnnxReader.read(input).model();
    Path output = folder.resolve("out.onnx");
    WriteSettings force = EXTERNAL.withForce(true);
    Path first = dataOf(OnnxWriter.write(model, output, force, Progress.NONE));
    assertThat(dataOf(OnnxWriter.write(model, output, force, Progress.NONE))).isEqualTo(first);
    assertThat(first).as("the same content").exists();

    Path others = Files.write(folder.resolve("out-notes.data"), new byte[] {1});
    Path second = dataOf(OnnxWriter.write(without(model, 1), output, force, Progress.NONE));
    assertThat(first).as("no longer referred to").doesNotExist();
    assertThat(second).exists();
    assertThat(others).as("not ours").exists();

    Files.copy(output, folder.resolve("copy.onnx"));
    Path third = dataOf(OnnxWriter.write(model, output, force, Progress.NONE));
    assertThat(second).as("the copy refers to it").exists();
    assertThat(OnnxWriter.copy(input, output, true, Progress.NONE).sha256())
        .isEqualTo(Sha256.of(input));
    assertThat(third).as("replaced by a model that is one file").doesNotExist();
    assertThat(output).hasSameBinaryContentAs(input);
  }

  private static Path dataOf(WrittenModel written) {
    return written.data().orElseThrow().file();
  }

  private static OnnxModel without(OnnxModel model, int initializers) {
    List<Initializer> some = model.graph().initializers();
    return model.withGraph(model.graph().withInitializers(some.subList(initializers, some.size())));
  }

  @Test
  void isUsedWhereTheModelWouldPassTheLimit(@TempDir Path folder) throws IOException {
    Path input = Files.write(folder.resolve("in.onnx"), manyTensors().toByteArray());
    LoadedModel loaded = OnnxReader.read(input);
    long size = Files.size(input);
    WriteSettings fits =
        new WriteSettings(true, WriteSettings.ExternalData.WHEN_NEEDED, size + 100, true);
    assertThat(
            OnnxWriter.write(loaded.model(), folder.resolve("a.onnx"), fits, Progress.NONE).data())
        .isEmpty();
    WriteSettings tooSmall =
        new WriteSettings(true, WriteSettings.ExternalData.WHEN_NEEDED, size / 2, false);
    WrittenModel external =
        OnnxWriter.write(loaded.model(), folder.resolve("b.onnx"), tooSmall, Progress.NONE);
    assertThat(external.data()).isPresent();
    // tighter still: the attribute's tensor has to go as well
    WriteSettings tight =
        new WriteSettings(true, WriteSettings.ExternalData.WHEN_NEEDED, 4000, false);
    Path c = folder.resolve("c.onnx");
    OnnxWriter.write(loaded.model(), c, tight, Progress.NONE);
    assertThat(Files.size(c)).isLessThan(4000);
    AttributeValue.TensorValue constant =
        (AttributeValue.TensorValue)
            OnnxReader.read(c).model().graph().nodes().get(2).attributes().get(0).value();
    assertThat(constant.value().tensor().data().toByteArray())
        .isEqualTo(filled("", 4000).getRawData().toByteArray());
  }

  @Test
  void oneFileManyReadersTwoWrites(@TempDir Path folder) throws IOException {
    Path model = Files.write(folder.resolve("m.onnx"), manyTensors().toByteArray());
    WrittenModel first =
        OnnxWriter.write(
            OnnxReader.read(model).model(), model, EXTERNAL.withForce(true), Progress.NONE);
    // Over its own files: the data file's name stays, since its content does.
    WrittenModel second =
        OnnxWriter.write(
            OnnxReader.read(model).model(), model, EXTERNAL.withForce(true), Progress.NONE);
    assertThat(second).isEqualTo(first);
    assertThat(files(folder)).hasSize(2);
    assertThat(OnnxReader.read(model).model().graph().initializers().get(1).tensor().byteSize())
        .isEqualTo(1_200_000);
  }

  @Test
  void offsetsBeyondTwoGigabytesWork(@TempDir Path folder) throws IOException {
    long size = 5L << 30;
    Path data = folder.resolve("w.bin");
    try (FileChannel channel =
        FileChannel.open(data, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(new byte[] {1, 2, 3, 4, 5, 6, 7, 8}), size - 8); // sparse
    } catch (IOException e) {
      assumeTrue(false, "no sparse files here");
    }
    LoadedModel loaded =
        OnnxReader.read(
            model(folder, Map.of("location", "w.bin", "offset", Long.toString(size - 8))));
    assertThat(loaded.model().graph().initializers().get(0).tensor().data().toByteArray())
        .containsExactly(1, 2, 3, 4, 5, 6, 7, 8);
    assertThat(loaded.bytes()).isGreaterThan(size);
  }

  private static List<Path> files(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.toList();
    }
  }
}
