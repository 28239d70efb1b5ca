package dev.compress.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ScratchTest {
  private static final int SIZE = 3 * FileRegion.STEP + 777;

  @TempDir Path folder;

  /** Longer than one call reads or writes, at odd places, on the heap and outside. */
  @Test
  void longPiecesAreReadAsTheyWereWritten() {
    byte[] bytes = new byte[SIZE];
    new Random(3).nextBytes(bytes);
    try (Scratch scratch = new Scratch(folder)) {
      scratch.reserve(5);
      Scratch.Region region = scratch.reserve(SIZE);
      ByteBuffer from = ByteBuffer.allocateDirect(SIZE).put(bytes).flip();
      region.write(0, from.duplicate().limit(100));
      ByteBuffer rest = from.duplicate().position(100);
      region.write(100, rest);
      assertThat(rest.hasRemaining()).isFalse();

      assertThat(region.source().toByteArray()).isEqualTo(bytes);
      for (ByteBuffer target :
          new ByteBuffer[] {ByteBuffer.allocate(SIZE), ByteBuffer.allocateDirect(SIZE)}) {
        target.position(9).limit(SIZE - 20);
        region.source().read(13, target);
        assertThat(target.hasRemaining()).isFalse();
        byte[] got = new byte[SIZE - 29];
        target.get(9, got);
        assertThat(got).isEqualTo(Arrays.copyOfRange(bytes, 13, SIZE - 16));
      }
      assertThatThrownBy(() -> region.source().read(1, ByteBuffer.allocate(SIZE)))
          .isInstanceOf(IndexOutOfBoundsException.class);
    }
  }

  @Test
  void buffersThatAreHandedBackAreLentAgain() {
    Scratch scratch = new Scratch(folder);
    WorkBuffers first = scratch.lend();
    WorkBuffers second = scratch.lend();
    assertThat(second).isNotSameAs(first);
    float[] floats = first.floats(10);
    scratch.giveBack(first);
    assertThat(scratch.lend()).isSameAs(first);
    assertThat(first.floats(7)).isSameAs(floats);
    assertThat(first.floats(11)).hasSizeGreaterThanOrEqualTo(11);
    assertThat(first.bytes(6).remaining()).isEqualTo(6);
    assertThat(first.bytes(3).remaining()).isEqualTo(3);
  }
}
