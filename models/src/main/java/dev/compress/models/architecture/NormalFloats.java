package dev.compress.models.architecture;

import dev.compress.models.architecture.WeightSource.Normal;
import dev.compress.models.random.SplitMix64;
import dev.compress.tensor.ByteSource;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Objects;

/**
 * Normally distributed floats that are computed when they are read: element i is draw i of its
 * stream.
 *
 * @param stream where the stream starts
 * @param count number of floats
 * @param normal their distribution
 */
record NormalFloats(long stream, long count, Normal normal) implements ByteSource {
  @Override
  public long size() {
    return count * Float.BYTES;
  }

  @Override
  public void read(long position, ByteBuffer target) {
    Objects.checkFromIndexSize(position, target.remaining(), size());
    ByteBuffer out = target.slice().order(ByteOrder.LITTLE_ENDIAN);
    SplitMix64 random = SplitMix64.after(stream, position / Float.BYTES);
    int into = (int) (position % Float.BYTES);
    if (into != 0) {
      putPart(out, draw(random), into);
    }
    while (out.remaining() >= Float.BYTES) {
      out.putInt(draw(random));
    }
    if (out.hasRemaining()) {
      putPart(out, draw(random), 0);
    }
    target.position(target.limit());
  }

  private int draw(SplitMix64 random) {
    return Float.floatToRawIntBits(
        (float) (normal.mean() + normal.deviation() * random.nextGaussian()));
  }

  private static void putPart(ByteBuffer out, int bits, int from) {
    for (int i = from; i < Float.BYTES && out.hasRemaining(); i++) {
      out.put((byte) (bits >>> (Byte.SIZE * i)));
    }
  }
}
