package dev.compress.data;

import static dev.compress.data.DataFixtures.gzip;
import static dev.compress.data.DataFixtures.idx;
import static dev.compress.data.DataFixtures.idxLabels;
import static dev.compress.data.DataFixtures.resource;
import static dev.compress.data.DataFixtures.values;
import static dev.compress.data.DataFixtures.wav;
import static dev.compress.data.DataFixtures.write;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;

import dev.compress.error.InvalidDataException;
import dev.compress.error.ReadWriteException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Damaged and malicious files end in one line that says what and where, never in anything else. */
class HostileDataTest {
  private final Path folder;

  HostileDataTest(@TempDir Path folder) {
    this.folder = folder;
  }

  private void refused(String name, byte[] bytes, String... parts) {
    refused(name, bytes, DataDescriptor.NONE, parts);
  }

  private void refused(String name, byte[] bytes, DataDescriptor descriptor, String... parts) {
    Path file = write(folder.resolve(name), bytes);
    assertThatThrownBy(
            () -> {
              try (Dataset data = Dataset.open(file, descriptor)) {
                values(data);
              }
            })
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining(name)
        .satisfies(
            e -> {
              assertThat(e.getMessage()).contains(parts);
              assertThat(String.valueOf(e.getMessage()).lines()).hasSize(1);
            });
  }

  @Test
  void emptyUnknownAndDisguisedFiles() {
    refused("a.npz", new byte[0], "is empty");
    refused("b.npz", "<html>no</html>".getBytes(StandardCharsets.UTF_8), "no readable .npz");
    refused("c.dat", "<!DOCTYPE html>".getBytes(StandardCharsets.UTF_8), "web page");
    refused(
        "d.bin",
        "version https://git-lfs.github.com/spec/v1\n".getBytes(StandardCharsets.UTF_8),
        "Git LFS pointer");
    refused("e.bin", new byte[] {1, 2, 3, 4}, "Cannot tell what", "format:");
    refused("f.idx.gz", gzip(new byte[0]), "Cannot tell what");
    refused("g-images-idx3-ubyte", new byte[] {1, 2, 3, 4, 5}, "no IDX file", "01 02 03 04");
    refused("h.npy", new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0}, "no NumPy array");
    refused("i.wav", "RIFFxxxxWAVX".getBytes(StandardCharsets.UTF_8), "RIFF and WAVE");
    refused("j.png", new byte[] {1, 2, 3}, "no PNG or JPEG");
    refused("k.csv", "\n\n".getBytes(StandardCharsets.UTF_8), "holds no rows");
    refused("l.jsonl", "\n \n".getBytes(StandardCharsets.UTF_8), "holds no samples");
  }

  @Test
  void foldersWithNothingToRead() throws IOException {
    Files.createDirectories(folder.resolve("empty/sub"));
    assertThatThrownBy(() -> Dataset.open(folder.resolve("empty")))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("holds no dataset");
    DataDescriptor images = DataDescriptor.parse("format: images");
    assertThatThrownBy(() -> Dataset.open(folder.resolve("empty"), images))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("holds no PNG or JPEG image");
  }

  @Test
  void truncatedArchives() {
    byte[] packed = gzip(idx(100, 28, 28));
    refused("a.idx.gz", Arrays.copyOf(packed, packed.length / 2), "damaged archive");
    refused("b.idx.gz", Arrays.copyOf(packed, packed.length - 3), "damaged archive");
    refused("c.idx.gz", Arrays.copyOf(packed, 12), "damaged archive");
    byte[] flipped = packed.clone();
    flipped[packed.length - 6] ^= 0x55; // the checksum
    refused("d.idx.gz", flipped, "damaged archive");
    refused("e.csv.gz", Arrays.copyOf(gzip("a,b\n1,2\n".getBytes(StandardCharsets.UTF_8)), 20), "");
  }

  @Test
  void headersThatDisagreeWithTheBytes() {
    byte[] good = idx(4, 2, 3);
    refused("a.idx", Arrays.copyOf(good, good.length - 1), "39 bytes", "makes 40");
    refused("b.idx", Arrays.copyOf(good, good.length + 1), "41 bytes", "makes 40");
    refused("c.idx.gz", gzip(Arrays.copyOf(good, good.length - 1)), "ends after 39 of the 40");
    refused("d.idx.gz", gzip(Arrays.copyOf(good, good.length + 1)), "goes on after the 40");
    refused("e.idx", Arrays.copyOf(good, 9), "ends within its header");
    refused("f.idx", idx(0, 2, 3), "holds no samples");
    refused("g.idx", idx(4, 0, 3), "holds no samples");
  }

  @Test
  void hugeDimsNeverAllocate() {
    byte[] idx = idx(1, 2, 3);
    ByteBuffer.wrap(idx).putInt(4, -1).putInt(8, -1).putInt(12, -1);
    refused("a.idx", idx, "does not fit into memory");
    ByteBuffer.wrap(idx).putInt(4, -1).putInt(8, 2).putInt(12, 3);
    refused("b.idx", idx, "makes 25769803786");
    byte[] gz = gzip(idx);
    refused("c.idx.gz", gz, "of the 25769803786 bytes");
    for (String shape :
        List.of(
            "(9223372036854775807, 2)", "(4294967296, 4294967296)", "(2, 9223372036854775807)")) {
      refused("d.npy", npy("{'descr': '<f4', 'fortran_order': False, 'shape': " + shape + "}"), "");
      refused("e.npy", npy("{'descr': '<f4', 'fortran_order': True, 'shape': " + shape + "}"), "");
    }
    DataDescriptor huge =
        DataDescriptor.parse("format: raw\nrecord: {x: {dtype: float32, shape: [40000, 40000]}}");
    assertThatThrownBy(() -> Dataset.open(write(folder.resolve("f.bin"), new byte[64]), huge))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("[40000, 40000] does not fit");
  }

  private static byte[] npy(String header) {
    byte[] text = (header + "\n").getBytes(StandardCharsets.UTF_8);
    ByteBuffer out = ByteBuffer.allocate(10 + text.length + 8).order(ByteOrder.LITTLE_ENDIAN);
    out.put(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0});
    return out.putShort((short) text.length).put(text).array();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'evil': 1}",
        "{'descr': '<f4', 'fortran_order': False}",
        "{'descr': __import__('os'), 'fortran_order': False, 'shape': (2,)}",
        "{'descr': '<f4', 'fortran_order': 0, 'shape': (2,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': [2]}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)} + 1",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-2,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}",
        "{'descr': '<x4', 'fortran_order': False, 'shape': (2,)}",
        "[]",
        "",
      })
  void numpyHeadersAreParsedAndNeverEvaluated(String header) {
    refused("h.npy", npy(header), "NumPy");
  }

  @Test
  void aGoodNumpyHeaderOfOurOwnIsRead() {
    Path file =
        write(
            folder.resolve("ok.npy"),
            npy("{\"shape\": (2L,), 'descr':'<f4',  'fortran_order' : False , }"));
    try (Dataset data = Dataset.open(file)) {
      assertThat(values(data)).containsExactly(0, 0);
    }
  }

  @Test
  void countsThatDiffer() throws IOException {
    write(folder.resolve("x-images-idx3-ubyte"), idx(4, 2, 3));
    write(folder.resolve("x-labels-idx1-ubyte"), idxLabels(1, 2, 3));
    assertThatThrownBy(() -> Dataset.open(folder.resolve("x")))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("4 samples")
        .hasMessageContaining("labels are 3");
    refused(
        "r.bin",
        new byte[25],
        DataDescriptor.parse("format: raw\nrecord: {label: uint8, x: {dtype: uint8, shape: [7]}}"),
        "25 bytes",
        "records of 8");
    write(folder.resolve("three.txt"), "0\n1\n2\n");
    refused(
        "s.bin",
        new byte[8],
        DataDescriptor.parse(
            "format: raw\ninputs: {x: {dtype: uint8, shape: [2]}}\nlabels: {file: three.txt}"),
        "4 samples",
        "labels are 3");
    assertThat(Files.exists(folder.resolve("r.bin"))).isTrue();
  }

  @Test
  void notANumber() {
    ByteBuffer floats = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN);
    floats.putFloat(1).putFloat(2).putFloat(Float.NaN).putFloat(4);
    Path file = write(folder.resolve("n.bin"), floats.array());
    DataDescriptor descriptor =
        DataDescriptor.parse("format: raw\ninputs: {x: {dtype: float32, shape: [2]}}");
    try (Dataset data = Dataset.open(file, descriptor)) {
      assertThatThrownBy(() -> values(data))
          .isInstanceOf(InvalidDataException.class)
          .hasMessageContaining("Sample 1 of 'x' holds NaN");
    }
  }

  @Test
  void aPictureThatClaimsToBeHuge() throws IOException {
    byte[] png = Files.readAllBytes(resource("rgb.png"));
    ByteBuffer.wrap(png).putInt(16, 2_000_000_000).putInt(20, 2_000_000_000);
    refused("huge.png", png, "");
    byte[] cut = Arrays.copyOf(Files.readAllBytes(resource("rgb.jpg")), 300);
    refused("cut.jpg", cut, "");
  }

  @Test
  void picturesThatWouldGrowWithoutBound() throws IOException {
    Path file = folder.resolve("line.png");
    javax.imageio.ImageIO.write(
        new java.awt.image.BufferedImage(60000, 1, java.awt.image.BufferedImage.TYPE_BYTE_GRAY),
        "png",
        file.toFile());
    DataDescriptor descriptor = DataDescriptor.parse("inputs: {x: {resize: 8000}}");
    try (Dataset data = Dataset.open(file, descriptor)) {
      assertThatThrownBy(() -> values(data))
          .isInstanceOf(InvalidDataException.class)
          .hasMessageContaining("1 x 60000 pixels cannot be resized to 8000 x 480000000");
    }
  }

  @ParameterizedTest(name = "{0}: mutations of seed {1}")
  @CsvSource({
    "stored.npz, 1",
    "stored.npz, 2",
    "deflated.npz, 3",
    "fortran.npy, 4",
    "version2.npy, 5",
    "rgb.png, 6",
    "palette.png, 7",
    "rgb.jpg, 8",
    "a.wav, 9",
    "a.csv, 10",
    "a.jsonl, 11",
    "a.idx, 12",
    "a.idx.gz, 13",
    "a.yaml, 14",
  })
  void mutatedFilesAreReadOrRefused(String name, long seed) throws IOException {
    byte[] original =
        switch (name) {
          case "a.wav" -> wav(1, 8000, 1, 2, 3, 4, 5);
          case "a.csv" -> "a,b,label\n1,2,x\n3,\"4\",y\n5,6,x\n".getBytes(StandardCharsets.UTF_8);
          case "a.jsonl" ->
              "{\"x\": [1, 2], \"label\": 1}\n{\"x\": [3, 4], \"label\": 0}\n"
                  .getBytes(StandardCharsets.UTF_8);
          case "a.idx" -> idx(3, 4, 5);
          case "a.idx.gz" -> gzip(idx(3, 4, 5));
          case "a.yaml" ->
              "inputs: {x: {dtype: float32, shape: [4], scale: 1/2}}\nlabels: {classes: [a]}\n"
                  .getBytes(StandardCharsets.UTF_8);
          default -> Files.readAllBytes(resource(name));
        };
    Random random = new Random(seed);
    Path file = folder.resolve("m-" + name);
    int refusals = 0;
    for (int round = 0; round < 150; round++) {
      byte[] bytes = original.clone();
      for (int i = random.nextInt(4); i >= 0; i--) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
      }
      if (random.nextInt(4) == 0) {
        bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length));
      }
      write(file, bytes);
      try {
        if (name.endsWith(".yaml")) {
          DataDescriptor.read(file);
          continue;
        }
        try (Dataset data = Dataset.open(file)) {
          data.inputs().forEach(i -> values(data, i.name(), 2));
        }
      } catch (InvalidDataException | ReadWriteException e) {
        refusals++;
        assertThat(e.getMessage()).isNotBlank();
        assertThat(String.valueOf(e.getMessage()).lines()).hasSize(1);
      } catch (RuntimeException e) {
        fail("Mutation " + round + " of seed " + seed + " escaped as " + e, e);
      }
    }
    assertThat(refusals).as("mutations that were refused").isPositive();
  }
}
