package dev.compress.data;

import static dev.compress.data.DataFixtures.labels;
import static dev.compress.data.DataFixtures.resource;
import static dev.compress.data.DataFixtures.values;
import static dev.compress.data.DataFixtures.wav;
import static dev.compress.data.DataFixtures.write;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.compress.error.InvalidDataException;
import dev.compress.tensor.ElementType;
import java.awt.image.DataBuffer;
import java.awt.image.Raster;
import java.awt.image.WritableRaster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriter;
import javax.imageio.stream.FileImageOutputStream;
import javax.imageio.stream.ImageOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Images against Pillow 12.3 (see make_fixtures.py): every pixel equal, but for JPEG's rounding.
 */
class ImageAndWavTest {
  private final Path folder;

  ImageAndWavTest(@TempDir Path folder) {
    this.folder = folder;
  }

  private static byte[] expected(String name) {
    try (Dataset data = Dataset.open(resource("images-expected.npz"))) {
      double[] values = values(data, name, 1);
      byte[] bytes = new byte[values.length];
      for (int i = 0; i < bytes.length; i++) {
        bytes[i] = (byte) values[i];
      }
      return bytes;
    }
  }

  /** Four inks without transparency, as print shops send them. */
  @Test
  void imagesForPrintAreRefused() throws IOException {
    Path file = folder.resolve("cmyk.jpg");
    ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
    try (ImageOutputStream out = new FileImageOutputStream(file.toFile())) {
      writer.setOutput(out);
      WritableRaster inks = Raster.createInterleavedRaster(DataBuffer.TYPE_BYTE, 16, 16, 4, null);
      writer.write(null, new IIOImage(inks, null, null), null);
    } finally {
      writer.dispose();
    }
    assertThatThrownBy(() -> ImageDecoder.decode(file))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("CMYK");
  }

  @ParameterizedTest
  @CsvSource({
    "rgb.png, rgb, 0",
    "rgba.png, rgb, 0",
    "palette.png, palette, 0",
    "grey.png, grey, 0",
    "grey-alpha.png, grey, 0",
    "grey16.png, grey, 0",
    "rgb.jpg, rgb_jpg, 2",
    "grey.jpg, grey_jpg, 2",
  })
  void decodedAsPillowDoes(String file, String name, int tolerance) {
    Pixels pixels = ImageDecoder.decode(resource(file));
    byte[] expected = expected(name);
    assertThat(pixels.height()).isEqualTo(23);
    assertThat(pixels.width()).isEqualTo(31);
    assertThat(pixels.data()).hasSameSizeAs(expected);
    for (int i = 0; i < expected.length; i++) {
      assertThat(Math.abs((pixels.data()[i] & 0xff) - (expected[i] & 0xff)))
          .as("value " + i)
          .isLessThanOrEqualTo(tolerance);
    }
  }

  @Test
  void resizedAsPillowDoes() {
    Pixels rgb = ImageDecoder.decode(resource("rgb.png"));
    Pixels grey = ImageDecoder.decode(resource("grey.png"));
    assertThat(BilinearResize.resize(rgb, 9, 11).data()).isEqualTo(expected("down_9x11"));
    assertThat(BilinearResize.resize(rgb, 40, 50).data()).isEqualTo(expected("up_40x50"));
    assertThat(BilinearResize.resize(rgb, 40, 7).data()).isEqualTo(expected("mixed_40x7"));
    assertThat(BilinearResize.resize(grey, 10, 10).data()).isEqualTo(expected("grey_10x10"));
    Pixels shorter = BilinearResize.shorterSide(rgb, 16);
    assertThat(shorter.data()).isEqualTo(expected("shorter_16"));
    assertThat(shorter.centreCrop(12, 12, "x").data()).isEqualTo(expected("shorter_16_crop_12"));
    assertThat(rgb.centreCrop(6, 9, "x").data()).isEqualTo(expected("crop_6x9"));
    assertThat(rgb.toChannels(InputDescriptor.Channels.GRAY).data()).isEqualTo(expected("grey"));
  }

  @Test
  void coverKeepsTheAspectRatioAndFills() {
    Pixels image = new Pixels(30, 40, 1, new byte[1200]);
    assertThat(List.of(BilinearResize.cover(image, 15, 15).height(), 20))
        .containsExactly(15, BilinearResize.cover(image, 15, 15).width());
    for (int[] size : new int[][] {{7, 50}, {50, 7}, {3, 4}, {29, 40}, {1, 1}}) {
      Pixels covered = BilinearResize.cover(image, size[0], size[1]);
      assertThat(covered.height()).isGreaterThanOrEqualTo(size[0]);
      assertThat(covered.width()).isGreaterThanOrEqualTo(size[1]);
      assertThat(covered.height() == size[0] || covered.width() == size[1]).isTrue();
    }
  }

  private Path classFolders() throws IOException {
    Path root = folder.resolve("images");
    for (String name : List.of("dog/b.png", "dog/a.png", "cat/deep/c.png")) {
      Path file = root.resolve(name);
      Files.createDirectories(file.getParent());
      Files.copy(resource("rgb.png"), file);
    }
    Files.createDirectories(root.resolve("empty"));
    write(root.resolve("cat/notes.txt"), "no image");
    write(root.resolve(".hidden/x.png"), "no image");
    return root;
  }

  @Test
  void classFoldersAreSortedLabels() throws IOException {
    try (Dataset data = Dataset.open(classFolders())) {
      assertThat(data.sampleCount()).isEqualTo(3);
      assertThat(data.classNames()).containsExactly("cat", "dog");
      assertThat(labels(data)).containsExactly(0, 1, 1);
      assertThat(data.inputs())
          .containsExactly(new DataInput("image", ElementType.UINT8, List.of(-1L, -1L, 3L), false));
      assertThat(data.contentSha256()).hasSize(64);
    }
    DataDescriptor order = DataDescriptor.parse("labels: {classes: [dog, bird, cat]}");
    try (Dataset data = Dataset.open(folder.resolve("images"), order)) {
      assertThat(labels(data)).containsExactly(0, 0, 2);
    }
    DataDescriptor fewer = DataDescriptor.parse("labels: {classes: [dog]}");
    assertThatThrownBy(() -> Dataset.open(folder.resolve("images"), fewer))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("[cat, dog]")
        .hasMessageContaining("[dog]");
  }

  @Test
  void preprocessingByDescriptorEqualsPillowAndArithmetic() throws IOException {
    DataDescriptor descriptor =
        DataDescriptor.parse(
            """
            inputs:
              x: {dtype: float32, shape: [3, 12, 12], layout: NCHW, scale: 1/255,
                  mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], resize: 16, crop: 12}
            """);
    byte[] pixels = expected("shorter_16_crop_12");
    double[] mean = {0.485, 0.456, 0.406};
    double[] std = {0.229, 0.224, 0.225};
    try (Dataset data = Dataset.open(classFolders(), descriptor)) {
      double[] values = values(data.take(1));
      for (int c = 0; c < 3; c++) {
        for (int p = 0; p < 144; p++) {
          double x = pixels[p * 3 + c] & 0xff;
          assertThat(values[c * 144 + p]).isEqualTo((float) ((x * (1 / 255.0) - mean[c]) / std[c]));
        }
      }
    }
  }

  @Test
  void aModelsSizeLayoutAndChannelsAreMetWithoutADescriptor() throws IOException {
    byte[] rgb = expected("rgb");
    byte[] grey = expected("grey");
    try (Dataset data = Dataset.open(classFolders())) {
      Dataset first = data.bind(List.of(InputSpec.of("in", ElementType.FLOAT, 1, 3, 23, 31)));
      double[] values = values(first.take(1));
      assertThat(values[31 * 23 + 5]).isEqualTo(rgb[5 * 3 + 1] & 0xff);
      assertThat(first.notes()).anyMatch(n -> n.contains("0 to 255"));

      Dataset last = data.bind(List.of(InputSpec.of("in", ElementType.UINT8, -1, 23, 31, 3)));
      assertThat(values(last.take(1))).containsExactly(doubles(rgb));

      Dataset one = data.bind(List.of(InputSpec.of("in", ElementType.FLOAT, -1, 1, 23, 31)));
      assertThat(values(one.take(1))).containsExactly(doubles(grey));

      Dataset small = data.bind(List.of(InputSpec.of("in", ElementType.FLOAT, -1, 3, 10, 10)));
      assertThat(values(small)).hasSize(3 * 300);
      assertThat(small.notes()).anyMatch(n -> n.contains("resized to cover 10 x 10"));

      Dataset free = data.bind(List.of(InputSpec.of("in", ElementType.FLOAT, -1, 3, -1, -1)));
      assertThat(free.batches(8).iterator().next().input("in").shape().toArray())
          .containsExactly(3, 3, 23, 31);
    }
  }

  private static double[] doubles(byte[] bytes) {
    return IntStream.range(0, bytes.length).mapToDouble(i -> bytes[i] & 0xff).toArray();
  }

  @Test
  void blueFirstIsTheReverse() throws IOException {
    DataDescriptor bgr = DataDescriptor.parse("inputs: {x: {channels: BGR, layout: NHWC}}");
    byte[] rgb = expected("rgb");
    try (Dataset data = Dataset.open(classFolders(), bgr)) {
      double[] values = values(data.take(1));
      assertThat(values[0]).isEqualTo(rgb[2] & 0xff);
      assertThat(values[1]).isEqualTo(rgb[1] & 0xff);
      assertThat(values[2]).isEqualTo(rgb[0] & 0xff);
    }
  }

  @Test
  void imagesOfDifferentSizesMakeBatchesOfTheirOwn() throws IOException {
    Path root = folder.resolve("flat");
    Files.createDirectories(root);
    Files.copy(resource("rgb.png"), root.resolve("a.png"));
    javax.imageio.ImageIO.write(
        new java.awt.image.BufferedImage(4, 2, java.awt.image.BufferedImage.TYPE_INT_RGB),
        "png",
        root.resolve("b.png").toFile());
    try (Dataset data = Dataset.open(root)) {
      assertThat(data.labelKind()).isEqualTo(LabelKind.NONE);
      Dataset free = data.bind(List.of(InputSpec.of("in", ElementType.FLOAT, -1, 3, -1, -1)));
      int batches = 0;
      for (Batch batch : free.batches(4)) {
        assertThat(batch.count()).isEqualTo(1);
        batches++;
      }
      assertThat(batches).isEqualTo(2);
      DataDescriptor crop = DataDescriptor.parse("inputs: {x: {crop: 10}}");
      assertThatThrownBy(() -> values(Dataset.open(root, crop)))
          .isInstanceOf(InvalidDataException.class)
          .hasMessageContaining("Sample 1 of 'x' is 2 x 4 pixels, too small");
    }
  }

  @Test
  void partsInsteadOfClassesAndMixedFoldersAreAmbiguous() throws IOException {
    Path root = folder.resolve("parts");
    for (String part : List.of("train/cat", "val/cat")) {
      Files.createDirectories(root.resolve(part));
      Files.copy(resource("rgb.png"), root.resolve(part).resolve("x.png"));
    }
    assertThatThrownBy(() -> Dataset.open(root))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("[train, val]");
    write(root.resolve("x.wav"), wav(1, 8000, 1, 2));
    assertThatThrownBy(() -> Dataset.open(root))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("several datasets: [images, WAV files]");
  }

  @Test
  void waveformsAreFractionsOfFullScale() {
    write(folder.resolve("w/yes/a.wav"), wav(1, 16000, 0, 16384, -32768, 32767));
    write(folder.resolve("w/no/b.wav"), wav(1, 16000, 1, 2));
    try (Dataset data = Dataset.open(folder.resolve("w"))) {
      assertThat(data.classNames()).containsExactly("no", "yes");
      double[] values = values(data);
      assertThat(values)
          .containsExactly(1 / 32768.0, 2 / 32768.0, 0, 0.5, -1, (float) (32767 / 32768.0));
      assertThat(data.notes()).anyMatch(n -> n.contains("16000 samples a second"));
    }
    DataDescriptor fixed = DataDescriptor.parse("inputs: {x: {shape: [1, 3]}}");
    try (Dataset data = Dataset.open(folder.resolve("w"), fixed)) {
      assertThat(values(data)).containsExactly(1 / 32768.0, 2 / 32768.0, 0, 0, 0.5, -1);
      assertThat(data.inputs().get(0).dims()).containsExactly(1L, 3L);
    }
  }

  @Test
  void stereoIsChannelByChannel() {
    Path file = write(folder.resolve("s.wav"), wav(2, 8000, 16384, -16384, 8192, -8192));
    try (Dataset data = Dataset.open(file)) {
      assertThat(data.inputs().get(0).dims()).containsExactly(2L, -1L);
      assertThat(values(data)).containsExactly(0.5, 0.25, -0.5, -0.25);
    }
  }

  @Test
  void wavesThatCannotBeRead() {
    byte[] good = wav(1, 8000, 1, 2, 3);
    byte[] eightBit = good.clone();
    eightBit[34] = 8;
    byte[] coded = good.clone();
    coded[20] = 7;
    byte[] cut = Arrays.copyOf(good, good.length - 2);
    byte[] silent = Arrays.copyOf(good, 36);
    for (byte[] bytes : List.of(eightBit, coded, cut, silent)) {
      Path file = write(folder.resolve("bad.wav"), bytes);
      assertThatThrownBy(() -> values(Dataset.open(file)))
          .isInstanceOf(InvalidDataException.class)
          .hasMessageContaining("bad.wav is no readable WAV file");
    }
    write(folder.resolve("mix/a.wav"), good);
    write(folder.resolve("mix/b.wav"), wav(1, 16000, 1));
    assertThatThrownBy(() -> values(Dataset.open(folder.resolve("mix"))))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("16000 Hz")
        .hasMessageContaining("8000");
  }
}
