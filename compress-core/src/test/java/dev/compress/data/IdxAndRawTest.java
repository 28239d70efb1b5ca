package dev.compress.data;

import static dev.compress.data.DataFixtures.gzip;
import static dev.compress.data.DataFixtures.idx;
import static dev.compress.data.DataFixtures.idxLabels;
import static dev.compress.data.DataFixtures.labels;
import static dev.compress.data.DataFixtures.values;
import static dev.compress.data.DataFixtures.write;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.compress.error.InvalidDataException;
import dev.compress.error.ReadWriteException;
import dev.compress.metric.Metric;
import dev.compress.tensor.ElementType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class IdxAndRawTest {
  private final Path folder;

  IdxAndRawTest(@TempDir Path folder) {
    this.folder = folder;
  }

  private static final double[] BYTES = IntStream.range(0, 24).mapToDouble(i -> i).toArray();

  @BeforeEach
  void writePair() {
    write(folder.resolve("t10k-images-idx3-ubyte.gz"), gzip(idx(4, 2, 3)));
    write(folder.resolve("t10k-labels-idx1-ubyte.gz"), gzip(idxLabels(7, 2, 1, 0)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz", "t10k", ""})
  void aPairIsFoundByEitherFileItsNameOrItsFolder(String path) {
    try (Dataset data = Dataset.open(folder.resolve(path))) {
      assertThat(data.sampleCount()).isEqualTo(4);
      assertThat(data.inputs())
          .containsExactly(new DataInput("images", ElementType.UINT8, List.of(2L, 3L), false));
      assertThat(values(data)).containsExactly(BYTES);
      assertThat(labels(data)).containsExactly(7, 2, 1, 0);
      assertThat(data.metric()).contains(Metric.TOP1);
    }
  }

  @Test
  void severalPairsAreAmbiguousUnlessOneIsNamed() {
    write(folder.resolve("train-images.idx3-ubyte"), idx(2, 2, 3));
    write(folder.resolve("train-labels.idx1-ubyte"), idxLabels(1, 0));
    assertThatThrownBy(() -> Dataset.open(folder))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("t10k-images-idx3-ubyte.gz")
        .hasMessageContaining("train-images.idx3-ubyte");
    try (Dataset named = Dataset.open(folder, DataDescriptor.parse("file: train"));
        Dataset path = Dataset.open(folder.resolve("train-images.idx3-ubyte"))) {
      assertThat(named.sampleCount()).isEqualTo(2);
      assertThat(labels(named)).containsExactly(1, 0);
      assertThat(path.contentSha256()).isEqualTo(named.contentSha256());
    }
  }

  @Test
  void imagesWithoutLabelsSaySo() {
    Path file = write(folder.resolve("other.idx"), idx(4, 2, 3));
    try (Dataset data = Dataset.open(file)) {
      assertThat(data.labelKind()).isEqualTo(LabelKind.NONE);
      assertThat(data.metric()).isEmpty();
      assertThat(data.notes()).anyMatch(n -> n.contains("no label file"));
    }
  }

  @Test
  void bigEndianElementsOfOtherTypes() {
    ByteBuffer out = ByteBuffer.allocate(8 + 16);
    out.put(new byte[] {0, 0, 0x0d, 1}).putInt(4);
    out.putFloat(1.5f).putFloat(-2).putFloat(1e-20f).putFloat(3);
    Path file = write(folder.resolve("floats.idx"), out.array());
    try (Dataset data = Dataset.open(file)) {
      assertThat(values(data)).containsExactly(1.5, -2, 1e-20f, 3);
    }
  }

  @Test
  void aDescriptorBesideIsUsed() {
    write(
        folder.resolve("t10k.yaml"),
        """
        inputs: {image: {shape: [1, 2, 3], scale: 0.5, mean: 1, std: 2}}
        labels: {classes: [a, b, c, d, e, f, g, h]}
        split: {offset: 1, count: 2}
        metric: f1
        """);
    try (Dataset data = Dataset.open(folder.resolve("t10k-images-idx3-ubyte.gz"))) {
      assertThat(data.sampleCount()).isEqualTo(2);
      assertThat(data.metric()).contains(Metric.F1);
      assertThat(data.classNames()).hasSize(8).startsWith("a");
      assertThat(labels(data)).containsExactly(2, 1);
      assertThat(data.inputs())
          .containsExactly(new DataInput("image", ElementType.FLOAT, List.of(1L, 2L, 3L), false));
      double[] expected = IntStream.range(6, 18).mapToDouble(i -> (i * 0.5 - 1) / 2).toArray();
      assertThat(values(data)).containsExactly(expected, within(1e-6));
    }
  }

  @Test
  void recordsWithLabelsFirst() {
    byte[] bytes = new byte[3 * 7];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) (i % 7 == 0 ? i / 7 : 10 * (i / 7) + i % 7);
    }
    Path file = write(folder.resolve("batch.bin.gz"), gzip(bytes));
    DataDescriptor descriptor =
        DataDescriptor.parse(
            "format: raw\nrecord: {label: uint8, x: {dtype: uint8, shape: [3, 1, 2]}}");
    try (Dataset data = Dataset.open(file, descriptor)) {
      assertThat(labels(data)).containsExactly(0, 1, 2);
      assertThat(values(data))
          .containsExactly(1, 2, 3, 4, 5, 6, 11, 12, 13, 14, 15, 16, 21, 22, 23, 24, 25, 26);
      // Turned to channels last for a model that wants it so.
      Dataset last = data.bind(List.of(InputSpec.of("input_1", ElementType.FLOAT, -1, 1, 2, 3)));
      assertThat(values(last.take(1))).containsExactly(1, 3, 5, 2, 4, 6);
      assertThat(last.notes()).anyMatch(n -> n.contains("channels last"));
    }
  }

  @Test
  void recordsWithLabelsInEveryKindOfFile() {
    ByteBuffer floats = ByteBuffer.allocate(24).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < 6; i++) {
      floats.putFloat(i / 4f);
    }
    Path file = write(folder.resolve("mfcc.bin"), floats.array());
    write(folder.resolve("l.csv"), "index,label,clip\n0,2,a.wav\n1,0,b.wav\n2,1,c.wav\n");
    write(folder.resolve("l.txt"), "2\n0\n1\n");
    write(folder.resolve("l.names.txt"), "two\nzero\none\n");
    write(folder.resolve("l.bin"), new byte[] {2, 0, 1});
    write(folder.resolve("l.idx.gz"), gzip(idxLabels(2, 0, 1)));
    for (String labelFile : List.of("l.csv", "l.txt", "l.names.txt", "l.bin", "l.idx.gz")) {
      DataDescriptor descriptor =
          DataDescriptor.parse(
              "format: raw\ninputs: {x: {dtype: float32, shape: [2]}}\nlabels: {file: "
                  + labelFile
                  + (labelFile.contains("names") ? ", classes: [zero, one, two]}" : "}"));
      try (Dataset data = Dataset.open(file, descriptor)) {
        assertThat(values(data)).as(labelFile).containsExactly(0, 0.25, 0.5, 0.75, 1, 1.25);
        assertThat(labels(data)).as(labelFile).containsExactly(2, 0, 1);
      }
    }
    assertThatThrownBy(
            () ->
                Dataset.open(
                    file,
                    DataDescriptor.parse(
                        "format: raw\ninputs: {x: {dtype: float32, shape: [2]}}\n"
                            + "labels: {file: none.csv}")))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("none.csv");
  }

  @Test
  void descriptorsBesideAreFoundByTheNamesThatAFileHas() {
    Path data = write(folder.resolve("d/one.bin.gz"), gzip(new byte[4]));
    assertThat(SourceOpener.descriptorBeside(data)).isEmpty();
    for (String name : List.of("one.yml", "one.yaml", "one.bin.yaml", "one.bin.gz.yaml")) {
      Path descriptor = write(folder.resolve("d").resolve(name), "metric: top1");
      assertThat(SourceOpener.descriptorBeside(data)).contains(descriptor.toAbsolutePath());
    }
    write(folder.resolve("d.yaml"), "metric: top1");
    assertThat(SourceOpener.descriptorBeside(folder.resolve("d"))).isPresent();
  }

  @Test
  void aLabelFieldOfAnotherName() {
    Path file = write(folder.resolve("y.bin"), new byte[] {5, 1, 6, 0});
    String record = "format: raw\nrecord: {x: uint8, y: uint8}\nlabels: {column: ";
    try (Dataset data = Dataset.open(file, DataDescriptor.parse(record + "y}"))) {
      assertThat(values(data)).containsExactly(5, 6);
      assertThat(labels(data)).containsExactly(1, 0);
    }
    assertThatThrownBy(() -> Dataset.open(file, DataDescriptor.parse(record + "z}")))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("no field 'z'")
        .hasMessageContaining("y uint8");
  }

  @Test
  void aPathThatDoesNotExist() {
    assertThatThrownBy(() -> Dataset.open(folder.resolve("none")))
        .isInstanceOf(ReadWriteException.class)
        .hasMessageContaining("none")
        .hasMessageContaining("does not exist");
  }
}
