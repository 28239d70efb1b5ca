package dev.compress.data;

import dev.compress.error.InvalidDataException;
import dev.compress.tensor.ByteSource;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;

/**
 * A WAV file of 16-bit PCM: where its samples lie.
 *
 * @param file the file
 * @param content its bytes
 * @param channels 1 or 2 or more
 * @param ratePerSecond the sample rate in Hz
 * @param offset where the samples begin
 * @param frames samples of each channel
 */
record WavFile(
    Path file, ByteSource content, int channels, int ratePerSecond, long offset, int frames) {
  private static final int RIFF = 0x46464952;
  private static final int WAVE = 0x45564157;
  private static final int FORMAT = 0x20746d66;
  private static final int DATA = 0x61746164;
  private static final int PCM = 1;
  private static final int EXTENSIBLE = 0xfffe;

  static WavFile open(Path file) {
    ByteSource content = DataFiles.open(file);
    long size = content.size();
    ByteBuffer head = read(content, 0, 12, file);
    if (head.getInt(0) != RIFF || head.getInt(8) != WAVE) {
      throw broken(file, "it does not begin with RIFF and WAVE");
    }
    int channels = 0;
    int rate = 0;
    for (long at = 12; at + 8 <= size; ) {
      ByteBuffer chunk = read(content, at, 8, file);
      long length = chunk.getInt(4) & 0xffffffffL;
      if (chunk.getInt(0) == FORMAT) {
        ByteBuffer format = read(content, at + 8, 16, file);
        channels = format.getShort(2) & 0xffff;
        rate = format.getInt(4);
        int coding = format.getShort(0) & 0xffff;
        if (coding == EXTENSIBLE && length >= 26) {
          coding = read(content, at + 8 + 24, 2, file).getShort(0) & 0xffff;
        }
        int bits = format.getShort(14) & 0xffff;
        if (coding != PCM || bits != 16 || channels == 0) {
          throw broken(file, "it holds coding " + coding + " of " + bits + " bits, not 16-bit PCM");
        }
      } else if (chunk.getInt(0) == DATA) {
        if (channels == 0) {
          throw broken(file, "its samples come before its format");
        }
        // Recorders that were cut off leave 0 or all ones as the length: take what there is.
        boolean open = length == 0 || length == 0xffffffffL;
        if (!open && at + 8 + length > size) {
          throw broken(file, "it is cut short");
        }
        long frames = (open ? size - at - 8 : length) / (2L * channels);
        if (frames == 0 || frames > Integer.MAX_VALUE / 16 / channels) {
          throw broken(file, "it holds " + frames + " samples");
        }
        return new WavFile(file, content, channels, rate, at + 8, (int) frames);
      }
      at += 8 + length + (length & 1);
    }
    throw broken(file, "it holds no samples");
  }

  private static ByteBuffer read(ByteSource content, long at, int length, Path file) {
    if (at + length > content.size()) {
      throw broken(file, "it is cut short");
    }
    ByteBuffer bytes = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    content.read(at, bytes);
    return bytes.flip();
  }

  private static InvalidDataException broken(Path file, String why) {
    return new InvalidDataException(
        file + " is no readable WAV file: " + why + ". Convert it to 16-bit PCM.");
  }

  /** The waveform, {@code sample / 32768}: channel by channel, little-endian floats. */
  ByteBuffer floats() {
    ByteBuffer pcm = read(content, offset, frames * channels * 2, file);
    ByteBuffer out = ByteBuffer.allocate(frames * channels * 4).order(ByteOrder.LITTLE_ENDIAN);
    for (int c = 0; c < channels; c++) {
      for (int t = 0; t < frames; t++) {
        out.putFloat(pcm.getShort((t * channels + c) * 2) / 32768f);
      }
    }
    return out.flip();
  }
}
