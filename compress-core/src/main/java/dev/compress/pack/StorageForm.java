package dev.compress.pack;

import java.util.ArrayList;
import java.util.List;

/**
 * A way to store a weight: where its non-zeros are, and what the values are.
 *
 * @param places how positions are told
 * @param values how values are told
 * @param grouped whether runs of channels have tables of their own, into which codes point
 */
record StorageForm(Places places, Values values, boolean grouped) {
  /** How the positions of non-zeros are told. */
  enum Places {
    /** Not at all: every element is there. */
    ALL("", 0),
    /** A bit an element. */
    MASK("bitmask", 11),
    /** {@link GapStream} of 4 bits. */
    GAPS4("4-bit gaps", 11),
    /** {@link GapStream} of 8 bits. */
    GAPS8("8-bit gaps", 11),
    /** {@link SymbolStream} with codes of 2 bits, values included. */
    SYMBOLS2("symbols of 3 values", 11),
    /** With codes of 3 bits. */
    SYMBOLS3("symbols of 7 values", 11),
    /** With codes of 4 bits. */
    SYMBOLS4("symbols", 11),
    /** With codes of 5 bits. */
    SYMBOLS5("symbols of 31 values", 11);

    private final String text;
    private final int opset;

    Places(String text, int opset) {
      this.text = text;
      this.opset = opset;
    }

    /** Bits of the code in a symbol, 0 where values are told elsewhere. */
    int symbolBits() {
      return switch (this) {
        case SYMBOLS2 -> 2;
        case SYMBOLS3 -> 3;
        case SYMBOLS4 -> 4;
        case SYMBOLS5 -> 5;
        default -> 0;
      };
    }
  }

  /** How values are told. */
  enum Values {
    /** As they are. */
    RAW("values", 0, 1),
    /** In 16 bits: half precision, or short integers. */
    HALF("16-bit values", 16, 1),
    /** An index of 1 bit into a codebook. */
    CODES1("1-bit codes", 1, 11),
    /** An index of 2 bits. */
    CODES2("2-bit codes", 2, 11),
    /** An index of 4 bits. */
    CODES4("4-bit codes", 4, 11),
    /** An index of 8 bits. */
    CODES8("8-bit codes", 8, 1);

    private final String text;
    private final int bits;
    private final int opset;

    Values(String text, int bits, int opset) {
      this.text = text;
      this.bits = bits;
      this.opset = opset;
    }

    /** Bits of an index, 0 without one. */
    int codeBits() {
      return this == RAW || this == HALF ? 0 : bits;
    }
  }

  /** As it is, without any node. */
  static final StorageForm DENSE = new StorageForm(Places.ALL, Values.RAW, false);

  /** What a node with its names and attributes takes in a file, on average. */
  private static final long NODE_BYTES = 32;

  /** What a constant's name and dims take. */
  private static final long CONSTANT_BYTES = 18;

  /** The two tables of 8-bit gaps. */
  private static final long GAP8_TABLE_BYTES = 1024;

  /** The table of symbols, which the weights of a model share: {@link SharedTables} counts it. */
  static final long SYMBOL_TABLE_BYTES = 526;

  /** Every form that can hold a weight, dense first. */
  static List<StorageForm> holding(WeightSurvey weight, long opset) {
    List<StorageForm> forms = new ArrayList<>();
    for (Places places : Places.values()) {
      for (Values values : Values.values()) {
        for (boolean grouped : new boolean[] {false, true}) {
          StorageForm form = new StorageForm(places, values, grouped);
          if (form.opset() <= opset && form.holds(weight)) {
            forms.add(form);
          }
        }
      }
    }
    return forms;
  }

  private boolean holds(WeightSurvey weight) {
    if (places != Places.ALL
        && (weight.nonZeros() == 0
            || !WeightSurvey.isSparse(weight.elements(), weight.nonZeros()))) {
      return false;
    }
    if (grouped) {
      return (!isSymbolic() || values == Values.CODES4)
          && values.codeBits() > 0
          && weight.tables().containsKey(tableSize());
    }
    if (values == Values.RAW) {
      return !isSymbolic();
    }
    if (values == Values.HALF) {
      return weight.fitsHalf() && !isSymbolic();
    }
    if (weight.codebook().isEmpty()
        || (values == Values.CODES8 && weight.elementBytes() == 1)
        || (isSymbolic() && values != Values.CODES4)) {
      return false;
    }
    Codebook codebook = weight.codebook().get();
    if (isSymbolic()) {
      return codebook.nonZeros() < (1 << places.symbolBits());
    }
    int needed = places == Places.ALL ? codebook.size() : codebook.nonZeros() + 1;
    return needed <= (1 << values.bits);
  }

  private ChannelTables.Size tableSize() {
    int bits = isSymbolic() ? places.symbolBits() : values.codeBits();
    return new ChannelTables.Size(bits, places != Places.ALL);
  }

  /** The tables of runs of channels of a weight that it holds. */
  ChannelTables tables(WeightSurvey weight) {
    ChannelTables found = weight.tables().get(tableSize());
    if (found == null) {
      throw new IllegalStateException("No tables of " + this);
    }
    return found;
  }

  /** The lowest operator set with all operators that unpacking takes. */
  int opset() {
    return Math.max(places.opset, values.opset);
  }

  boolean isDense() {
    return equals(DENSE);
  }

  /** How many values are listed: all elements, or the non-zeros and the zero before them. */
  private long listed(WeightSurvey weight) {
    return places == Places.ALL ? weight.elements() : weight.nonZeros() + 1;
  }

  private static long entries(Places places, WeightSurvey weight) {
    return switch (places) {
      case ALL -> 0;
      case MASK -> weight.elements();
      case GAPS4 -> weight.gaps4();
      case GAPS8 -> weight.gaps8();
      default -> weight.symbols(places.symbolBits());
    };
  }

  /** Whether one byte says where a value is and what it is. */
  private boolean isSymbolic() {
    return places.symbolBits() > 0;
  }

  /** Bytes in the file, nodes and names included, about. */
  long bytes(WeightSurvey weight) {
    long payload =
        switch (places) {
          case ALL -> 0;
          case MASK -> BitStream.bytes(weight.elements(), 1);
          case GAPS4 -> BitStream.bytes(weight.gaps4(), 4);
          case GAPS8 -> weight.gaps8() + GAP8_TABLE_BYTES;
          default -> weight.symbols(places.symbolBits());
        };
    if (!isSymbolic()) {
      payload +=
          values == Values.RAW
              ? listed(weight) * weight.elementBytes()
              : BitStream.bytes(listed(weight), values.bits);
    }
    long constants = places == Places.ALL ? 1 : 3;
    if (grouped) {
      payload += tables(weight).bytes(weight.elementBytes());
      constants += 3;
    } else if (values.codeBits() > 0) {
      payload += weight.codebook().map(c -> (c.nonZeros() + 1L) * weight.elementBytes()).orElse(0L);
      constants++;
    }
    return payload + nodes() * NODE_BYTES + constants * CONSTANT_BYTES;
  }

  private int nodes() {
    int positions =
        switch (places) {
          case ALL -> 0;
          case MASK -> 8;
          case GAPS4 -> 12;
          case GAPS8 -> 9;
          default -> 9;
        };
    int looked =
        switch (values) {
          case RAW -> 0;
          case HALF -> 1;
          case CODES8 -> 2;
          default -> 5;
        };
    int looking = grouped ? 3 : 0;
    return looking + (isSymbolic() ? positions : positions + looked);
  }

  /**
   * What the runtime writes while it unpacks, in bytes: each node's result is made and copied. That
   * is what load time and peak memory follow.
   */
  long traffic(WeightSurvey weight) {
    long dense = weight.elements() * weight.elementBytes();
    long listed = listed(weight);
    long looked =
        switch (values) {
          case RAW -> 0;
          case HALF -> listed * 4;
          case CODES8 -> listed * (4 + weight.elementBytes());
          default -> listed * (3 + 4 + weight.elementBytes());
        };
    long entries = entries(places, weight);
    long placed =
        switch (places) {
          case ALL -> 0;
          case MASK -> entries * (3 + 3 * 4 + weight.elementBytes());
          case GAPS4 -> entries * (3 + 6 * 4 + weight.elementBytes()) + 2 * dense;
          case GAPS8 -> entries * (6 * 4 + weight.elementBytes()) + 2 * dense;
          default -> entries * (1 + 4 * 4 + weight.elementBytes()) + 2 * dense;
        };
    long grouping = 0;
    if (grouped) { // indices of all elements in 32 bits
      grouping = weight.elements() * ((places == Places.ALL ? 1 : 4) * 4L + weight.elementBytes());
    }
    return (isSymbolic() ? placed : looked + placed) + grouping + dense;
  }

  /** For people. */
  @Override
  public String toString() {
    if (isDense()) {
      return "dense";
    }
    String text =
        isSymbolic()
            ? places.text
            : places == Places.ALL ? values.text : places.text + " + " + values.text;
    return grouped ? text + ", tables by group" : text;
  }
}
