package dev.compress.data;

import dev.compress.tensor.ElementType;
import java.util.List;
import java.util.Optional;

/**
 * What a descriptor says of one input.
 *
 * @param from the field of the source it is made from; empty: the one of its name, or the only one
 * @param columns the CSV columns it is made from
 * @param dtype the type it is delivered in
 * @param shape the dims of one sample as delivered; of a constant all dims, -1 for the batch
 * @param image how images become arrays
 * @param values how numbers are mapped
 */
record InputDescriptor(
    Optional<String> from,
    Optional<ColumnRange> columns,
    Optional<ElementType> dtype,
    Optional<List<Long>> shape,
    Image image,
    Values values) {

  static final InputDescriptor NONE =
      new InputDescriptor(
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          new Image(Optional.empty(), List.of(), List.of(), Optional.empty()),
          new Values(List.of(), List.of(), List.of(), false, Optional.empty()));

  enum Layout {
    NCHW,
    NHWC
  }

  enum Channels {
    RGB(3),
    BGR(3),
    GRAY(1);

    final int count;

    Channels(int count) {
      this.count = count;
    }
  }

  /**
   * Image steps, in the order in which they are done: resize, crop, channels, layout.
   *
   * @param layout the order of dims as delivered
   * @param resize one number: the shorter side, keeping the aspect ratio; two: height and width
   * @param crop height and width, or one number for both, cut from the centre
   * @param channels what the channels are as delivered
   */
  record Image(
      Optional<Layout> layout,
      List<Integer> resize,
      List<Integer> crop,
      Optional<Channels> channels) {
    Image {
      resize = List.copyOf(resize);
      crop = List.copyOf(crop);
    }
  }

  /**
   * Value steps: {@code (x * scale - mean) / std}, each one number or one a channel.
   *
   * @param scale factors; empty: 1
   * @param mean empty: 0
   * @param std empty: 1
   * @param nonzero whether the result is 1 where the value is not 0, else 0
   * @param constant the value of every element of an input that is no data at all
   */
  record Values(
      List<Double> scale,
      List<Double> mean,
      List<Double> std,
      boolean nonzero,
      Optional<Double> constant) {
    Values {
      scale = List.copyOf(scale);
      mean = List.copyOf(mean);
      std = List.copyOf(std);
    }

    boolean affine() {
      return !scale.isEmpty() || !mean.isEmpty() || !std.isEmpty();
    }
  }
}
