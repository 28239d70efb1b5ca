package dev.compress.data;

import dev.compress.error.InvalidDataException;
import java.util.Arrays;

/**
 * Bilinear resizing with antialiasing, bit for bit as Pillow does it (and so torchvision on PIL
 * images): a triangle filter whose support grows with the reduction, first along rows, then along
 * columns, weights in fixed point, each pass rounded to 8 bits.
 */
final class BilinearResize {
  private static final long MOST_PIXELS = 1L << 27;
  private static final int PRECISION_BITS = 32 - 8 - 2;

  private BilinearResize() {}

  /** Resizes so that the shorter side has {@code side} pixels; the other is cut to a whole one. */
  static Pixels shorterSide(Pixels image, int side) {
    int height = image.height();
    int width = image.width();
    if (height <= width) {
      return resize(image, side, sized((long) side * width / height));
    }
    return resize(image, sized((long) side * height / width), side);
  }

  /** Resizes just so far that {@code height x width} fits in, keeping the aspect ratio. */
  static Pixels cover(Pixels image, int height, int width) {
    // Cross products instead of quotients, so that an exact fit is exact.
    if ((long) height * image.width() >= (long) width * image.height()) {
      int scaled = sized((long) image.width() * height / image.height());
      return resize(image, height, Math.max(width, scaled));
    }
    int scaled = sized((long) image.height() * width / image.width());
    return resize(image, Math.max(height, scaled), width);
  }

  /**
   * Resizes to a size.
   *
   * @throws InvalidDataException if the result would be absurdly large, as an image of one row
   *     makes it whose shorter side is to grow
   */
  static Pixels resize(Pixels image, int height, int width) {
    if (height < 1 || width < 1 || (long) height * width > MOST_PIXELS) {
      throw new InvalidDataException(
          "An image of "
              + image.height()
              + " x "
              + image.width()
              + " pixels cannot be resized to "
              + height
              + " x "
              + width
              + ". Remove it, or give another resize.");
    }
    Pixels across = width == image.width() ? image : transposed(rows(transposed(image), width));
    return height == across.height() ? across : rows(across, height);
  }

  private static int sized(long side) {
    return (int) Math.min(side, Integer.MAX_VALUE);
  }

  private static Pixels transposed(Pixels image) {
    int channels = image.channels();
    byte[] out = new byte[image.data().length];
    for (int y = 0; y < image.height(); y++) {
      for (int x = 0; x < image.width(); x++) {
        System.arraycopy(
            image.data(),
            (y * image.width() + x) * channels,
            out,
            (x * image.height() + y) * channels,
            channels);
      }
    }
    return new Pixels(image.width(), image.height(), channels, out);
  }

  /** Changes the number of rows. */
  private static Pixels rows(Pixels image, int height) {
    int rowBytes = image.width() * image.channels();
    byte[] out = new byte[height * rowBytes];
    double scale = (double) image.height() / height;
    double support = Math.max(1, scale);
    int[] sums = new int[rowBytes];
    for (int y = 0; y < height; y++) {
      double centre = (y + 0.5) * scale;
      int from = Math.max(0, (int) (centre - support + 0.5));
      int to = Math.min(image.height(), (int) (centre + support + 0.5));
      int[] weights = weights(from, to, centre, support);
      Arrays.fill(sums, 1 << (PRECISION_BITS - 1));
      for (int source = from; source < to; source++) {
        int weight = weights[source - from];
        int at = source * rowBytes;
        for (int i = 0; i < rowBytes; i++) {
          sums[i] += weight * (image.data()[at + i] & 0xff);
        }
      }
      for (int i = 0; i < rowBytes; i++) {
        out[y * rowBytes + i] = (byte) Math.max(0, Math.min(255, sums[i] >> PRECISION_BITS));
      }
    }
    return new Pixels(height, image.width(), image.channels(), out);
  }

  private static int[] weights(int from, int to, double centre, double support) {
    double[] triangle = new double[to - from];
    double sum = 0;
    for (int i = 0; i < triangle.length; i++) {
      double distance = Math.abs((i + from - centre + 0.5) * (1 / support));
      triangle[i] = distance < 1 ? 1 - distance : 0;
      sum += triangle[i];
    }
    int[] weights = new int[triangle.length];
    for (int i = 0; i < weights.length; i++) {
      weights[i] = (int) (0.5 + triangle[i] / sum * (1 << PRECISION_BITS));
    }
    return weights;
  }
}
