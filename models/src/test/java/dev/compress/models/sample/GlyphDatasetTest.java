package dev.compress.models.sample;

import static org.assertj.core.api.Assertions.assertThat;

import dev.compress.models.sample.GlyphDataset.Split;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class GlyphDatasetTest {
  private static final int PIXELS = GlyphDataset.SIDE * GlyphDataset.SIDE;

  /**
   * The committed files are what this code makes: to the byte inside, since zlib versions pack
   * differently.
   */
  @Test
  void theEmbeddedDataIsWhatTheCodeDraws() throws IOException {
    Map<String, byte[]> files = GlyphFiles.contents(GlyphDataset.SEED);
    assertThat(files).hasSize(6);
    for (Map.Entry<String, byte[]> file : files.entrySet()) {
      try (InputStream resource = GlyphFiles.class.getResourceAsStream("glyphs/" + file.getKey())) {
        assertThat(resource).as(file.getKey()).isNotNull();
        assertThat(plain(resource.readAllBytes()))
            .as(file.getKey())
            .isEqualTo(plain(file.getValue()));
      }
    }
  }

  private static byte[] plain(byte[] content) throws IOException {
    if (content[0] != 0x1f) {
      return content;
    }
    return new GZIPInputStream(new ByteArrayInputStream(content)).readAllBytes();
  }

  @Test
  void idxFilesHaveTheFormatsHeader() throws IOException {
    byte[] data = {1, 2, 3, 4, 5, 6};
    ByteBuffer plain = ByteBuffer.wrap(plain(IdxFile.gzip(IdxFile.encode(data, 3, 2))));
    assertThat(plain.getInt()).isEqualTo(0x0802);
    assertThat(plain.getInt()).isEqualTo(3);
    assertThat(plain.getInt()).isEqualTo(2);
    assertThat(Arrays.copyOfRange(plain.array(), plain.position(), plain.capacity()))
        .isEqualTo(data);
  }

  @ParameterizedTest
  @EnumSource(Split.class)
  void aPartIsTheSameAsInTheWhole(Split split) {
    GlyphDataset whole = GlyphDataset.generate(split, 100, 7);
    GlyphDataset part = GlyphDataset.generate(split, 45, 30, 7);
    assertThat(part.labels()).isEqualTo(Arrays.copyOfRange(whole.labels(), 45, 75));
    assertThat(part.images())
        .isEqualTo(Arrays.copyOfRange(whole.images(), 45 * PIXELS, 75 * PIXELS));
  }

  @Test
  void seedsAndSplitsGiveOtherImages() {
    Set<Integer> seen = new HashSet<>();
    for (Split split : Split.values()) {
      for (long seed = 0; seed < 3; seed++) {
        seen.add(Arrays.hashCode(GlyphDataset.generate(split, 34, seed).images()));
      }
    }
    assertThat(seen).hasSize(4 * 3);
  }

  @Test
  void labelsAreBalancedInEveryRound() {
    byte[] labels = GlyphDataset.generate(Split.TEST, 340, 1).labels();
    for (int round = 0; round < 10; round++) {
      byte[] sorted = Arrays.copyOfRange(labels, round * 34, (round + 1) * 34);
      assertThat(sorted).doesNotHaveDuplicates();
      Arrays.sort(sorted);
      assertThat(sorted).isNotEqualTo(Arrays.copyOfRange(labels, round * 34, (round + 1) * 34));
    }
  }

  /** Every image shows something, is mostly paper, and no two are alike. */
  @Test
  void imagesLookLikeWriting() {
    GlyphDataset data = GlyphDataset.generate(Split.TEST, 680, 3);
    Set<Integer> seen = new HashSet<>();
    for (int i = 0; i < data.count(); i++) {
      byte[] image = Arrays.copyOfRange(data.images(), i * PIXELS, (i + 1) * PIXELS);
      int inked = 0;
      int darkest = 0;
      for (byte pixel : image) {
        int value = pixel & 0xFF;
        inked += value > 64 ? 1 : 0;
        darkest = Math.max(darkest, value);
        assertThat(value % 17).isZero();
      }
      assertThat(darkest).as("image %s", i).isGreaterThan(64);
      assertThat(inked).as("image %s", i).isBetween(3, PIXELS / 2);
      assertThat(seen.add(Arrays.hashCode(image))).as("image %s is new", i).isTrue();
    }
  }

  @Test
  void theAlphabetHasDigitsAndLettersWithoutIAndO() {
    assertThat(String.join("", GlyphAlphabet.load().labels()))
        .isEqualTo("0123456789ABCDEFGHJKLMNPQRSTUVWXYZ");
  }
}
