package dev.compress.data;

import dev.compress.error.InvalidDataException;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.ComponentColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.Raster;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Iterator;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.FileImageInputStream;
import javax.imageio.stream.ImageInputStream;

/**
 * Decodes PNG and JPEG files to 8-bit pixels. Values are those in the file: no colour profile,
 * gamma or EXIF orientation is applied, as in Pillow. Of 16-bit images the high byte is taken. The
 * only class that touches {@code java.desktop}, which is therefore loaded only where images are
 * read.
 */
final class ImageDecoder {
  private static final long MOST_PIXELS = 1L << 27;

  private ImageDecoder() {}

  static Pixels decode(Path file) {
    try (ImageInputStream in = new FileImageInputStream(file.toFile())) {
      Iterator<ImageReader> readers = ImageIO.getImageReaders(in);
      if (!readers.hasNext()) {
        throw new InvalidDataException(file + " is no PNG or JPEG image. Remove or convert it.");
      }
      ImageReader reader = readers.next();
      try {
        reader.setInput(in, true, true);
        long pixels = (long) reader.getWidth(0) * reader.getHeight(0);
        // An image of n pixels takes up to 4n bytes decoded and 3n as our own.
        if (pixels > Math.min(MOST_PIXELS, Runtime.getRuntime().maxMemory() / 16)) {
          throw new InvalidDataException(
              file
                  + " has "
                  + reader.getWidth(0)
                  + " x "
                  + reader.getHeight(0)
                  + " pixels, more than can be decoded here. Make it smaller, or give more memory.");
        }
        BufferedImage image = reader.read(0);
        // JPEG knows no transparency: four bands are inks.
        if (image.getRaster().getNumBands() == 4
            && reader.getFormatName().equalsIgnoreCase("jpeg")) {
          throw new InvalidDataException(
              file + " is a CMYK image, made for print. Convert it to RGB.");
        }
        return pixels(image);
      } finally {
        reader.dispose();
      }
    } catch (IOException | RuntimeException e) {
      // The JDK's decoders answer damaged files with many a RuntimeException.
      if (e instanceof InvalidDataException known) {
        throw known;
      }
      throw new InvalidDataException(
          file
              + " cannot be decoded as an image ("
              + String.valueOf(e.getMessage()).replaceAll("\\p{Cntrl}", " ")
              + "). Remove or convert it.",
          e);
    }
  }

  private static Pixels pixels(BufferedImage image) {
    Raster raster = image.getRaster();
    ColorModel colours = image.getColorModel();
    int bands = raster.getNumBands();
    int type = raster.getSampleModel().getDataType();
    int height = image.getHeight();
    int width = image.getWidth();
    boolean plain =
        colours instanceof ComponentColorModel
            && bands <= 4
            && (type == DataBuffer.TYPE_BYTE || type == DataBuffer.TYPE_USHORT);
    // getRGB would convert grey and profiled values, so it serves palettes and packed pixels only.
    return plain
        ? components(raster, height, width, bands, type == DataBuffer.TYPE_USHORT ? 8 : 0)
        : converted(image, height, width);
  }

  private static Pixels components(Raster raster, int height, int width, int bands, int shift) {
    int channels = bands < 3 ? 1 : 3;
    byte[] data = new byte[height * width * channels];
    int[] row = new int[width * bands];
    int out = 0;
    for (int y = 0; y < height; y++) {
      raster.getPixels(raster.getMinX(), raster.getMinY() + y, width, 1, row);
      for (int x = 0; x < width; x++) {
        for (int c = 0; c < channels; c++) {
          data[out++] = (byte) (row[x * bands + c] >> shift);
        }
      }
    }
    return new Pixels(height, width, channels, data);
  }

  private static Pixels converted(BufferedImage image, int height, int width) {
    byte[] data = new byte[height * width * 3];
    int[] row = new int[width];
    int out = 0;
    for (int y = 0; y < height; y++) {
      image.getRGB(0, y, width, 1, row, 0, width);
      for (int rgb : row) {
        data[out++] = (byte) (rgb >> 16);
        data[out++] = (byte) (rgb >> 8);
        data[out++] = (byte) rgb;
      }
    }
    return new Pixels(height, width, 3, data);
  }
}
