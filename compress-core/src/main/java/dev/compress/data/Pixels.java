package dev.compress.data;

import dev.compress.error.InvalidDataException;

/**
 * An 8-bit image: {@code rows x columns x channels}, the channel varying fastest.
 *
 * <p>Grey is {@code (19595 R + 38470 G + 7471 B + 32768) >> 16}, as in Pillow (ITU-R 601-2).
 */
final class Pixels {
  private final int height;
  private final int width;
  private final int channels;
  private final byte[] data;

  Pixels(int height, int width, int channels, byte[] data) {
    this.height = height;
    this.width = width;
    this.channels = channels;
    this.data = data;
  }

  int height() {
    return height;
  }

  int width() {
    return width;
  }

  int channels() {
    return channels;
  }

  /** The values themselves, not a copy. */
  byte[] data() {
    return data;
  }

  /** The same with other channels; grey is repeated, a fourth channel (alpha) dropped. */
  Pixels toChannels(InputDescriptor.Channels wanted) {
    int count = wanted.count;
    if (channels == count && wanted != InputDescriptor.Channels.BGR) {
      return this;
    }
    byte[] out = new byte[height * width * count];
    for (int p = 0; p < height * width; p++) {
      int from = p * channels;
      if (count == 1) {
        out[p] = channels < 3 ? data[from] : grey(from);
      } else {
        for (int c = 0; c < 3; c++) {
          int source = wanted == InputDescriptor.Channels.BGR ? 2 - c : c;
          out[p * 3 + c] = data[channels < 3 ? from : from + source];
        }
      }
    }
    return new Pixels(height, width, count, out);
  }

  private byte grey(int at) {
    int sum =
        19595 * (data[at] & 0xff) + 38470 * (data[at + 1] & 0xff) + 7471 * (data[at + 2] & 0xff);
    return (byte) ((sum + 0x8000) >> 16);
  }

  /**
   * Cuts a part from the centre; the odd pixel as torchvision has it, {@code round((h - c) / 2)}.
   */
  Pixels centreCrop(int rows, int columns, String what) {
    if (rows == height && columns == width) {
      return this;
    }
    if (rows > height || columns > width) {
      throw new InvalidDataException(
          what
              + " is "
              + height
              + " x "
              + width
              + " pixels, too small for a crop of "
              + rows
              + " x "
              + columns
              + ". Resize first.");
    }
    int top = (int) Math.rint((height - rows) / 2.0);
    int left = (int) Math.rint((width - columns) / 2.0);
    byte[] out = new byte[rows * columns * channels];
    for (int y = 0; y < rows; y++) {
      System.arraycopy(
          data,
          ((top + y) * width + left) * channels,
          out,
          y * columns * channels,
          columns * channels);
    }
    return new Pixels(rows, columns, channels, out);
  }
}
