package dev.compress.models.architecture;

import java.util.EnumSet;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;

/**
 * What may differ from an architecture's standard form; empty is that form.
 *
 * @param classes number of logits
 * @param width factor of all channels
 * @param image what it takes
 * @param vocabulary number of tokens
 */
public record BuildSettings(
    OptionalInt classes, OptionalDouble width, Optional<ImageSize> image, OptionalInt vocabulary) {
  /** The standard form. */
  public static final BuildSettings STANDARD =
      new BuildSettings(
          OptionalInt.empty(), OptionalDouble.empty(), Optional.empty(), OptionalInt.empty());

  /** The settings by name. */
  enum Setting {
    CLASSES,
    WIDTH,
    IMAGE,
    VOCABULARY;

    String id() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** Those that are set. */
  Set<Setting> present() {
    Set<Setting> present = EnumSet.noneOf(Setting.class);
    if (classes.isPresent()) {
      present.add(Setting.CLASSES);
    }
    if (width.isPresent()) {
      present.add(Setting.WIDTH);
    }
    if (image.isPresent()) {
      present.add(Setting.IMAGE);
    }
    if (vocabulary.isPresent()) {
      present.add(Setting.VOCABULARY);
    }
    return present;
  }

  /** A number of channels, times the width; at least 1. */
  int channels(int full) {
    double factor = width.orElse(1);
    if (!(factor > 0) || factor > 16) {
      throw new IllegalArgumentException("a width is over 0 and up to 16, not " + factor);
    }
    return (int) Math.max(1, Math.rint(full * factor));
  }
}
