package dev.compress.train;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What is changed of training images at random, by seed, epoch and sample: an image in another
 * epoch, or in another training, looks different, and the same where a training is resumed.
 *
 * @param shift pixels by which an image is moved at most, each way and along both dims; 0: none.
 *     What comes in is the image's edge, repeated
 * @param flip whether half of the images are mirrored left to right
 * @param cutout side of a square that is set to the image's mean (DeVries and Taylor, arXiv
 *     1708.04552); 0: none
 */
public record Augmentation(int shift, boolean flip, int cutout) {
  /** Nothing. */
  public static final Augmentation NONE = new Augmentation(0, false, 0);

  private static final int USUAL_SHIFT = 2;
  private static final int USUAL_CUTOUT = 8;

  /** Checks. */
  public Augmentation {
    if (shift < 0 || cutout < 0) {
      throw new IllegalArgumentException("A shift of " + shift + ", a cutout of " + cutout);
    }
  }

  /** Whether it changes anything. */
  public boolean any() {
    return shift > 0 || flip || cutout > 0;
  }

  /**
   * As options have it: {@code shift}, {@code flip} and {@code cutout}, separated by commas; a size
   * in pixels may follow, as in {@code shift=3}. Without one it is 2 for a shift and 8 for a
   * cutout.
   *
   * @throws IllegalArgumentException if it is something else
   */
  public static Augmentation parse(String text) {
    int shift = 0;
    boolean flip = false;
    int cutout = 0;
    for (String part : text.split(",", -1)) {
      String[] sides = part.strip().toLowerCase(Locale.ROOT).split("=", 2);
      switch (sides[0]) {
        case "shift" -> shift = pixels(text, sides, USUAL_SHIFT);
        case "cutout" -> cutout = pixels(text, sides, USUAL_CUTOUT);
        case "flip" -> {
          flip = true;
          if (sides.length > 1) {
            throw unknown(text);
          }
        }
        case "none" -> {}
        default -> throw unknown(text);
      }
    }
    return new Augmentation(shift, flip, cutout);
  }

  private static int pixels(String text, String[] sides, int usual) {
    try {
      int pixels = sides.length == 1 ? usual : Integer.parseInt(sides[1]);
      if (pixels > 0) {
        return pixels;
      }
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(unknown(text).getMessage(), e);
    }
    throw unknown(text);
  }

  private static IllegalArgumentException unknown(String text) {
    return new IllegalArgumentException(
        "--augment " + text + ": use shift, flip and cutout, such as shift=2,flip,cutout=8.");
  }

  @Override
  public String toString() {
    List<String> parts = new ArrayList<>();
    if (shift > 0) {
      parts.add("shift=" + shift);
    }
    if (flip) {
      parts.add("flip");
    }
    if (cutout > 0) {
      parts.add("cutout=" + cutout);
    }
    return parts.isEmpty() ? "none" : String.join(",", parts);
  }
}
