package dev.compress.pack;

import dev.compress.tensor.ElementType;
import dev.compress.tensor.Float16;
import dev.compress.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What decides how a weight is best stored, found in one reading: how many elements are not zero,
 * how far apart those lie, how many distinct values there are, and whether 16 bits hold them
 * exactly.
 *
 * @param elements all elements
 * @param elementBytes of one element
 * @param nonZeros elements whose bits are not all zero
 * @param symbolForms entries of the symbol forms, for codes of {@link SymbolStream#FEWEST_BITS}
 *     bits and more: one a non-zero, and those that only skip
 * @param gaps4 entries of the gap form with 4 bits
 * @param gaps8 entries of the gap form with 8 bits
 * @param codebook the distinct values, or empty if there are more than a codebook holds
 * @param fitsHalf whether these are floats that half precision, or int32 that int16 holds exactly
 * @param tables runs of channels with few values each, where those are fewer than all have
 */
record WeightSurvey(
    long elements,
    int elementBytes,
    long nonZeros,
    List<Long> symbolForms,
    long gaps4,
    long gaps8,
    Optional<Codebook> codebook,
    boolean fitsHalf,
    Map<ChannelTables.Size, ChannelTables> tables) {
  private static final long FEWEST_ELEMENTS = 64;
  private static final double LEAST_SPARSITY = 0.1;

  /** Reads a weight. */
  static WeightSurvey of(Tensor weight) {
    Reading reading = new Reading(weight.type());
    ElementBits bits = new ElementBits(weight);
    bits.forEachPiece(reading::read);
    reading.end();
    Optional<Codebook> codebook = reading.codebook();
    return new WeightSurvey(
        weight.elementCount(),
        bits.elementBytes(),
        reading.nonZeros,
        Arrays.stream(reading.symbols).boxed().toList(),
        reading.gaps4,
        reading.gaps8,
        codebook,
        reading.fitsHalf,
        tables(weight, codebook, reading.nonZeros));
  }

  private static Map<ChannelTables.Size, ChannelTables> tables(
      Tensor weight, Optional<Codebook> codebook, long nonZeros) {
    long elements = weight.elementCount();
    if (elements < FEWEST_ELEMENTS || weight.shape().rank() < 2) {
      return Map.of();
    }
    boolean sparse = nonZeros > 0 && isSparse(elements, nonZeros);
    List<ChannelTables.Size> wanted = new ArrayList<>();
    for (int bits : new int[] {1, 2, 3, 4, 5}) {
      for (boolean withZero : new boolean[] {false, true}) {
        int all = codebook.map(c -> withZero ? c.nonZeros() + 1 : c.size()).orElse(1 << 30);
        boolean usable = withZero ? sparse && bits > 1 : bits == 1 || bits == 2 || bits == 4;
        if (usable && all > 1 << bits) {
          wanted.add(new ChannelTables.Size(bits, withZero));
        }
      }
    }
    int elementBytes = weight.type().bits() / 8;
    Map<ChannelTables.Size, ChannelTables> found = new HashMap<>();
    ChannelTables.find(weight, wanted)
        .forEach(
            (size, tables) ->
                tables.stream()
                    .min(Comparator.comparingLong(t -> t.bytes(elementBytes)))
                    .ifPresent(t -> found.put(size, t)));
    return found;
  }

  /** Whether it is worth telling where the non-zeros are. */
  static boolean isSparse(long elements, long nonZeros) {
    return elements > 0 && 1 - (double) nonZeros / elements >= LEAST_SPARSITY;
  }

  /** Entries of the symbol form with codes of some bits. */
  long symbols(int bits) {
    return symbolForms.get(bits - SymbolStream.FEWEST_BITS);
  }

  private static final class Reading {
    private final int[] table = new int[8 * Codebook.MOST];
    private final boolean[] used = new boolean[8 * Codebook.MOST];
    private int distinct;
    private final boolean isFloat;
    private boolean fitsHalf;
    private long nonZeros;
    private final long[] symbols = new long[SymbolStream.MOST_BITS - SymbolStream.FEWEST_BITS + 1];
    private long gaps4;
    private long gaps8;
    private long position;
    private long last = -1;
    private int previous;
    private boolean begun;

    Reading(ElementType type) {
      isFloat = type.equals(ElementType.FLOAT);
      fitsHalf = isFloat || type.equals(ElementType.INT32);
    }

    void read(int[] bits, int count) {
      for (int i = 0; i < count; i++) {
        int value = bits[i];
        if (value != 0) {
          if (nonZeros++ > 0) {
            gap(position + i - last);
          }
          last = position + i;
        }
        if (value != previous || !begun) {
          begun = true;
          previous = value;
          note(value);
        }
      }
      position += count;
    }

    /** The last non-zero's distance from the end: streams begin there. */
    void end() {
      if (nonZeros > 0) {
        gap(position - last);
      }
    }

    private void gap(long distance) {
      for (int i = 0; i < symbols.length; i++) {
        symbols[i] += SymbolStream.entries(distance, SymbolStream.FEWEST_BITS + i);
      }
      gaps4 += GapStream.entries(distance, 4);
      gaps8 += GapStream.entries(distance, 8);
    }

    private void note(int value) {
      if (distinct <= Codebook.MOST) {
        int slot = (value * 0x9E3779B1) >>> 21;
        while (used[slot] && table[slot] != value) {
          slot = (slot + 1) % table.length;
        }
        if (!used[slot]) {
          used[slot] = true;
          table[slot] = value;
          distinct++;
        }
      }
      if (fitsHalf) {
        fitsHalf = isFloat ? fitsHalf(value) : value == (short) value;
      }
    }

    private static boolean fitsHalf(int bits) {
      float back = Float16.toFloat(Float16.fromFloat(Float.intBitsToFloat(bits)));
      return Float.floatToRawIntBits(back) == bits;
    }

    Optional<Codebook> codebook() {
      if (distinct > Codebook.MOST) {
        return Optional.empty();
      }
      int[] values = new int[distinct];
      int n = 0;
      for (int slot = 0; slot < table.length; slot++) {
        if (used[slot]) {
          values[n++] = table[slot];
        }
      }
      return Optional.of(new Codebook(Arrays.copyOf(values, n)));
    }
  }
}
