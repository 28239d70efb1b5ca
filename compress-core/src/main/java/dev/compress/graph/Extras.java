package dev.compress.graph;

import java.util.Arrays;

/**
 * What a message of the model file held beyond the fields that the records know: newer or rarely
 * used fields, in protobuf's wire form. They are written back as they were read.
 */
public final class Extras {
  /** Nothing more. */
  public static final Extras NONE = new Extras(new byte[0]);

  private final byte[] wire;

  private Extras(byte[] wire) {
    this.wire = wire;
  }

  /**
   * Fields in wire form.
   *
   * @param wire whole fields, tags included; copied
   */
  public static Extras of(byte[] wire) {
    return wire.length == 0 ? NONE : new Extras(wire.clone());
  }

  /** A copy of the fields in wire form. */
  public byte[] wire() {
    return wire.clone();
  }

  /** Whether there is nothing. */
  public boolean isEmpty() {
    return wire.length == 0;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Extras that && Arrays.equals(wire, that.wire);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(wire);
  }

  @Override
  public String toString() {
    return wire.length == 0 ? "none" : wire.length + " bytes";
  }
}
