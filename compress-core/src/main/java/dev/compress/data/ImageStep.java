package dev.compress.data;

import java.util.List;
import java.util.Optional;

/**
 * Resizing, cropping and channels of an 8-bit image.
 *
 * @param resize one number: the shorter side; two: height and width; none: as it is
 * @param cover whether {@code resize} only makes sure that its height and width fit in
 * @param crop height and width to cut from the centre; empty: all
 * @param channels what the channels are to be; empty: as they are
 */
record ImageStep(
    List<Integer> resize,
    boolean cover,
    List<Integer> crop,
    Optional<InputDescriptor.Channels> channels) {
  ImageStep {
    resize = List.copyOf(resize);
    crop = List.copyOf(crop);
  }

  Pixels apply(Pixels image, String what) {
    Pixels result = image;
    if (cover) {
      result = BilinearResize.cover(result, resize.get(0), resize.get(1));
    } else if (resize.size() == 2) {
      result = BilinearResize.resize(result, resize.get(0), resize.get(1));
    } else if (resize.size() == 1) {
      result = BilinearResize.shorterSide(result, resize.get(0));
    }
    if (!crop.isEmpty()) {
      result = result.centreCrop(crop.get(0), crop.get(1), what);
    }
    return channels.isPresent() ? result.toChannels(channels.get()) : result;
  }
}
