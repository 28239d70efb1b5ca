package dev.compress.models.architecture;

import dev.compress.graph.Dim;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The images that a network takes, [batch, channels, height, width].
 *
 * @param channels 1 for grey, 3 for colour
 * @param height in pixels
 * @param width in pixels
 */
public record ImageSize(int channels, int height, int width) {
  private static final Pattern FORM = Pattern.compile("(\\d{1,4})x(\\d{1,5})x(\\d{1,5})");

  /**
   * Checks the sizes.
   *
   * @throws IllegalArgumentException if one is not positive
   */
  public ImageSize {
    if (channels < 1 || height < 1 || width < 1) {
      throw new IllegalArgumentException("an image needs positive sizes");
    }
  }

  /**
   * Reads {@code 3x32x32}.
   *
   * @throws IllegalArgumentException if it is none
   */
  public static ImageSize parse(String text) {
    Matcher form = FORM.matcher(text);
    if (!form.matches()) {
      throw new IllegalArgumentException(
          text + " is no size of images: channels, height and width are, as in 3x32x32");
    }
    return new ImageSize(
        Integer.parseInt(form.group(1)),
        Integer.parseInt(form.group(2)),
        Integer.parseInt(form.group(3)));
  }

  Dim[] dims() {
    return new Dim[] {Dim.of("batch"), Dim.of(channels), Dim.of(height), Dim.of(width)};
  }
}
