package dev.compress.models.training;

import dev.compress.error.InvalidDataException;
import dev.compress.models.random.SplitMix64;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.TensorBuffer;
import dev.compress.train.Augmentation;
import java.nio.FloatBuffer;

/**
 * Moves, mirrors and covers images; what is done to one depends on seed, epoch and sample alone.
 *
 * @param settings what is done
 * @param seed of the training
 */
record ImageChanges(Augmentation settings, long seed) {
  private static final long STREAM = 0x696D6167L;

  /** Where channels, rows and columns are. */
  private record Layout(int channels, int height, int width, boolean channelsFirst) {
    static Layout of(Shape shape) {
      if (shape.rank() == 4) {
        if (isChannels(shape.dim(1))) {
          return new Layout((int) shape.dim(1), (int) shape.dim(2), (int) shape.dim(3), true);
        }
        if (isChannels(shape.dim(3))) {
          return new Layout((int) shape.dim(3), (int) shape.dim(1), (int) shape.dim(2), false);
        }
      }
      if (shape.rank() == 3) {
        return new Layout(1, (int) shape.dim(1), (int) shape.dim(2), true);
      }
      throw new InvalidDataException(
          "--augment is for images, [samples, channels, height, width] or with channels last; the"
              + " model's input is "
              + shape
              + ". Leave it away.");
    }

    private static boolean isChannels(long dim) {
      return dim == 1 || dim == 3 || dim == 4;
    }

    int at(int channel, int row, int column) {
      return channelsFirst
          ? (channel * height + row) * width + column
          : (row * width + column) * channels + channel;
    }

    int size() {
      return channels * height * width;
    }
  }

  /**
   * Changes the images of a batch in place.
   *
   * @param images floats, a row a sample
   * @param epoch counted from 0
   * @param positions of the samples in the dataset
   */
  void apply(TensorBuffer images, int epoch, int[] positions) {
    if (!images.type().equals(ElementType.FLOAT)) {
      throw new InvalidDataException(
          "--augment is for images of floats; the model's input is " + images.type() + ".");
    }
    Layout layout = Layout.of(images.shape());
    float[] before = new float[layout.size()];
    float[] after = new float[layout.size()];
    FloatBuffer all = images.floats();
    for (int i = 0; i < positions.length; i++) {
      SplitMix64 random = SplitMix64.stream(seed, STREAM, epoch, positions[i]);
      all.get(i * before.length, before);
      move(layout, before, after, random);
      if (settings.cutout() > 0) {
        cover(layout, after, random);
      }
      all.put(i * after.length, after);
    }
  }

  private void move(Layout layout, float[] before, float[] after, SplitMix64 random) {
    int span = 2 * settings.shift() + 1;
    int down = random.nextInt(span) - settings.shift();
    int right = random.nextInt(span) - settings.shift();
    boolean mirrored = settings.flip() && random.nextInt(2) == 1;
    for (int row = 0; row < layout.height(); row++) {
      int fromRow = Math.min(Math.max(row - down, 0), layout.height() - 1);
      for (int column = 0; column < layout.width(); column++) {
        int place = mirrored ? layout.width() - 1 - column : column;
        int fromColumn = Math.min(Math.max(place - right, 0), layout.width() - 1);
        for (int c = 0; c < layout.channels(); c++) {
          after[layout.at(c, row, column)] = before[layout.at(c, fromRow, fromColumn)];
        }
      }
    }
  }

  private void cover(Layout layout, float[] image, SplitMix64 random) {
    double sum = 0;
    for (float value : image) {
      sum += value;
    }
    float mean = (float) (sum / image.length);
    int half = settings.cutout() / 2;
    int top = random.nextInt(layout.height()) - half;
    int left = random.nextInt(layout.width()) - half;
    int bottom = Math.min(top + settings.cutout(), layout.height());
    int right = Math.min(left + settings.cutout(), layout.width());
    for (int row = Math.max(top, 0); row < bottom; row++) {
      for (int column = Math.max(left, 0); column < right; column++) {
        for (int c = 0; c < layout.channels(); c++) {
          image[layout.at(c, row, column)] = mean;
        }
      }
    }
  }
}
