package dev.compress.models;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.compress.data.Dataset;
import dev.compress.error.ReadWriteException;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.onnx.OnnxReader;
import dev.compress.runtime.InferenceSession;
import dev.compress.runtime.SessionOptions;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.TensorBuffer;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SampleTest {
  private static final int IDX_IMAGES_HEADER = 16;
  private static final int IDX_LABELS_HEADER = 8;
  private static final int PIXELS = 28 * 28;

  private final Sample glyphs = SampleCatalog.find("glyphs").orElseThrow();

  /** The figure in the module's README is what ONNX Runtime says of the committed files. */
  @Test
  void hasTheAccuracyThatTheReadmeStates(@TempDir Path folder) throws IOException {
    Matcher stated =
        Pattern.compile("Accuracy on the test split: ([\\d.]+) %")
            .matcher(Files.readString(Path.of("README.md")));
    assertThat(stated.find()).isTrue();
    SampleFiles files = glyphs.extract(folder);
    byte[] images = gunzip(Path.of(files.testData() + "-images-idx3-ubyte.gz"));
    byte[] labels = gunzip(Path.of(files.testData() + "-labels-idx1-ubyte.gz"));
    int count = labels.length - IDX_LABELS_HEADER;
    assertThat(count).isEqualTo(2000);
    int correct = 0;
    try (InferenceSession session = InferenceSession.open(files.model(), SessionOptions.of(1))) {
      int batch = 100;
      for (int first = 0; first < count; first += batch) {
        float[] logits = run(session, images, first, batch);
        int classes = logits.length / batch;
        for (int i = 0; i < batch; i++) {
          correct +=
              argMax(logits, i * classes, classes) == labels[IDX_LABELS_HEADER + first + i] ? 1 : 0;
        }
      }
    }
    // one borderline image may fall to the other side on another processor
    assertThat(100.0 * correct / count)
        .isCloseTo(Double.parseDouble(stated.group(1)), within(0.0501));
  }

  private static float[] run(InferenceSession session, byte[] images, int first, int batch) {
    TensorBuffer input = TensorBuffer.allocate(ElementType.FLOAT, Shape.of(batch, 1, 28, 28));
    FloatBuffer pixels = input.floats();
    for (int i = 0; i < batch * PIXELS; i++) {
      pixels.put((images[IDX_IMAGES_HEADER + first * PIXELS + i] & 0xFF) / 255f);
    }
    return requireNonNull(session.run(Map.of("image", input)).get("logits")).toFloats();
  }

  private static int argMax(float[] values, int from, int count) {
    int best = 0;
    for (int i = 1; i < count; i++) {
      best = values[from + i] > values[from + best] ? i : best;
    }
    return best;
  }

  private static byte[] gunzip(Path file) throws IOException {
    try (GZIPInputStream stream = new GZIPInputStream(Files.newInputStream(file))) {
      return stream.readAllBytes();
    }
  }

  @Test
  void theModelLeavesSomethingToPrepare() {
    OnnxModel model = OnnxReader.read(glyphs.model());
    Stream<String> ops = model.graph().nodes().stream().map(Node::opType);
    assertThat(ops).contains("BatchNormalization", "Add", "GlobalAveragePool", "Gemm");
    assertThat(model.opset()).isEqualTo(17);
    assertThat(model.metadata()).containsKeys("training", "license", "classes");
    assertThat(model.graph().inputs().get(0).type()).hasToString("float[batch, 1, 28, 28]");
  }

  @Test
  void modelAndDataTakeLittleSpace(@TempDir Path folder) throws IOException {
    glyphs.extract(folder);
    long bytes = 0;
    for (String file : glyphs.files()) {
      bytes += Files.size(folder.resolve(file));
    }
    assertThat(bytes).isLessThan(1_200_000);
  }

  @Test
  void extractingAgainTouchesOnlyWhatDiffers(@TempDir Path folder) throws IOException {
    SampleFiles files = glyphs.extract(folder.resolve("new/folder"));
    Path other = Path.of(files.testData() + ".yaml");
    FileTime old = FileTime.fromMillis(1_000_000);
    Files.setLastModifiedTime(files.model(), old);
    Files.writeString(other, "changed");
    assertThat(glyphs.extract(folder.resolve("new/folder"))).isEqualTo(files);
    assertThat(Files.getLastModifiedTime(files.model())).isEqualTo(old);
    assertThat(other).content().startsWith("# 28 x 28");
    try (Stream<Path> left = Files.list(folder.resolve("new/folder"))) {
      assertThat(left).hasSize(glyphs.files().size());
    }
  }

  @Test
  void aFolderThatCannotBeIsAnError(@TempDir Path folder) throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "");
    assertThatThrownBy(() -> glyphs.extract(file))
        .isInstanceOf(ReadWriteException.class)
        .hasMessageContaining(file.toString());
  }

  /** None of its images is one that scores or calibrates; every class is there as often. */
  @Test
  void trainingDataIsDrawnApartFromTheRest(@TempDir Path folder) throws IOException {
    SampleFiles files = glyphs.extract(folder);
    Path drawn = glyphs.trainingData(folder);
    Set<String> others = new HashSet<>(images(files.testData()));
    others.addAll(images(files.calibrationData()));
    List<String> own = images(drawn);
    assertThat(own).hasSize(8160).noneMatch(others::contains);
    try (Dataset data = Dataset.open(drawn)) {
      assertThat(data.sampleCount()).isEqualTo(8160);
      assertThat(data.labelCounts()).hasSize(34).allSatisfy((c, n) -> assertThat(n).isEqualTo(240));
    }
    Path labels = Path.of(drawn + "-labels-idx1-ubyte.gz");
    Files.setLastModifiedTime(labels, FileTime.fromMillis(1000));
    assertThat(glyphs.trainingData(folder)).isEqualTo(drawn);
    assertThat(Files.getLastModifiedTime(labels).toMillis()).as("drawn once").isEqualTo(1000);
  }

  private static List<String> images(Path data) throws IOException {
    byte[] all = gunzip(Path.of(data + "-images-idx3-ubyte.gz"));
    List<String> images = new ArrayList<>();
    for (int at = IDX_IMAGES_HEADER; at < all.length; at += PIXELS) {
      images.add(new String(all, at, PIXELS, StandardCharsets.ISO_8859_1));
    }
    return images;
  }

  @Test
  void unknownSamplesAreNotFound() {
    assertThat(SampleCatalog.find("glyph")).isEmpty();
    assertThat(SampleCatalog.samples()).extracting(Sample::name).containsExactly("glyphs");
  }
}
