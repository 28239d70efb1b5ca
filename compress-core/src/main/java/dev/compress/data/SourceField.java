package dev.compress.data;

import dev.compress.tensor.ElementType;
import java.util.List;

/**
 * One value of every sample of a source, before any preprocessing.
 *
 * @param name its name in the source
 * @param kind what it is
 * @param type its stored type
 * @param dims its dims; -1 where they differ from sample to sample
 */
record SourceField(String name, Kind kind, ElementType type, List<Long> dims) {
  enum Kind {
    /** A plain array. */
    ARRAY,
    /** An 8-bit image, rows x columns x channels. */
    IMAGE,
    /** A waveform, samples or channels x samples. */
    AUDIO,
    /** Numbers that were text and so have no type of their own. */
    TEXT
  }

  SourceField {
    dims = List.copyOf(dims);
  }

  boolean fixed() {
    return dims.stream().allMatch(d -> d >= 0);
  }

  @Override
  public String toString() {
    String what = kind == Kind.TEXT ? "numbers" : DataTypes.name(type);
    return "'" + Labels.shown(name) + "' " + what + InputSpec.dimsText(dims);
  }
}
