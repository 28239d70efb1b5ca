package dev.compress.graph;

/** One dim of a declared type: fixed, named, or unknown. */
public sealed interface Dim {
  /** The denotation of the dim, mostly empty. */
  String denotation();

  /** A dim of known size. */
  record Fixed(long size, String denotation) implements Dim {
    @Override
    public String toString() {
      return Long.toString(size);
    }
  }

  /** A dim with a name, such as "batch": free, but the same wherever the name is the same. */
  record Symbolic(String name, String denotation) implements Dim {
    @Override
    public String toString() {
      return name;
    }
  }

  /** A dim of which nothing is said. */
  record Unknown(String denotation) implements Dim {
    @Override
    public String toString() {
      return "?";
    }
  }

  /** A dim of known size. */
  static Dim of(long size) {
    return new Fixed(size, "");
  }

  /** A named dim. */
  static Dim of(String name) {
    return new Symbolic(name, "");
  }

  /** An unknown dim. */
  static Dim unknown() {
    return new Unknown("");
  }

  /** The size, or -1 if it is not fixed. */
  default long sizeOrUnknown() {
    return this instanceof Fixed fixed ? fixed.size() : -1;
  }
}
