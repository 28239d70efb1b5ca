package dev.compress.pack;

import dev.compress.pack.StorageForm.Places;
import dev.compress.pack.StorageForm.Values;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Float16;
import dev.compress.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * A weight in a {@link StorageForm}, as bytes.
 *
 * @param places positions, or symbols; empty where every element is listed
 * @param values the list of values: raw, halves or codes; empty for symbols. Where positions are
 *     told, a zero comes first, and gaps have the others from the weight's last to its first
 * @param codebook what codes stand for; {@code values} itself without codes; empty where runs of
 *     channels have tables of their own
 */
@SuppressWarnings("ArrayRecordComponent") // large, made once and only read
record EncodedWeight(byte[] places, byte[] values, Codebook codebook) {
  private static final Codebook NONE = new Codebook(new int[0]);

  /**
   * Encodes.
   *
   * @param weight the weight
   * @param survey of that weight
   * @param form one that holds it
   */
  static EncodedWeight of(Tensor weight, WeightSurvey survey, StorageForm form) {
    Encoder encoder = new Encoder(weight.type(), survey, form);
    new ElementBits(weight).forEachPiece(encoder::add);
    return encoder.end();
  }

  /** The type of the list of values. */
  static ElementType valueType(ElementType type, StorageForm form) {
    return switch (form.values()) {
      case RAW -> type;
      case HALF -> type.equals(ElementType.FLOAT) ? ElementType.FLOAT16 : ElementType.INT16;
      default -> ElementType.UINT8;
    };
  }

  private static final class Encoder {
    private final StorageForm form;
    private final boolean isFloat;
    private final Codebook codebook;
    private final @Nullable ChannelTables tables;
    private final SymbolStream symbols;
    private final GapStream gaps;
    private final BitStream mask;
    private final BitStream codes;
    private final ByteBuffer raw;
    private final int rawBytes;
    private final boolean backwards;
    private final long listed;
    private long position;
    private long last = -1;
    private long count;

    Encoder(ElementType type, WeightSurvey survey, StorageForm form) {
      this.form = form;
      this.isFloat = type.equals(ElementType.FLOAT);
      Codebook found = survey.codebook().orElse(NONE);
      boolean all = form.places() == Places.ALL;
      boolean coded = form.values().codeBits() > 0;
      this.tables = form.grouped() ? form.tables(survey) : null;
      this.codebook = !coded || form.grouped() ? NONE : all ? found : found.withZero();
      int symbolBits = form.places().symbolBits();
      boolean symbolic = symbolBits > 0;
      this.symbols =
          new SymbolStream(
              symbolic ? Math.toIntExact(survey.symbols(symbolBits)) : 0,
              symbolic ? symbolBits : SymbolStream.MOST_BITS);
      this.backwards = form.places() == Places.GAPS4 || form.places() == Places.GAPS8;
      boolean wide = form.places() == Places.GAPS8;
      long entries = !backwards ? 0 : wide ? survey.gaps8() : survey.gaps4();
      this.gaps = new GapStream(Math.toIntExact(entries), wide ? 8 : 4);
      this.mask = new BitStream(form.places() == Places.MASK ? survey.elements() : 0, 1);
      this.listed = symbolic ? 0 : all ? survey.elements() : survey.nonZeros() + 1;
      this.codes = new BitStream(coded ? listed : 0, coded ? form.values().codeBits() : 8);
      this.rawBytes = form.values() == Values.HALF ? 2 : type.bits() / 8;
      this.raw =
          ByteBuffer.allocate(coded ? 0 : Math.toIntExact(listed * rawBytes))
              .order(ByteOrder.LITTLE_ENDIAN);
      if (!all && !symbolic) {
        list(0, 0); // what positions without a value read
      }
    }

    void add(int[] bits, int n) {
      for (int i = 0; i < n; i++) {
        int value = bits[i];
        switch (form.places()) {
          case ALL -> list(position + i, value);
          case MASK -> {
            mask.add(value == 0 ? 0 : 1);
            if (value != 0) {
              list(position + i, value);
            }
          }
          default -> {
            if (value != 0) {
              long distance = position + i - last;
              last = position + i;
              if (form.places().symbolBits() > 0) {
                symbols.add(distance, indexOf(last, value));
              } else {
                gaps.add(distance);
                list(last, value);
              }
            }
          }
        }
      }
      position += n;
    }

    private int indexOf(long at, int bits) {
      return tables == null ? codebook.indexOf(bits) : tables.indexOf(at, bits);
    }

    private void list(long element, int bits) {
      // Gaps are read from the end, and so are their values; only the zero stays in front.
      long at = backwards && count > 0 ? listed - count : count;
      count++;
      if (form.values().codeBits() > 0) {
        codes.set(at, indexOf(element, bits));
      } else {
        put((int) at * rawBytes, bits);
      }
    }

    private void put(int at, int bits) {
      if (form.values() == Values.HALF) {
        raw.putShort(at, isFloat ? Float16.fromFloat(Float.intBitsToFloat(bits)) : (short) bits);
      } else if (rawBytes == 1) {
        raw.put(at, (byte) bits);
      } else if (rawBytes == 2) {
        raw.putShort(at, (short) bits);
      } else {
        raw.putInt(at, bits);
      }
    }

    EncodedWeight end() {
      long distance = position - last;
      byte[] places =
          switch (form.places()) {
            case ALL -> new byte[0];
            case MASK -> mask.toBytes();
            case SYMBOLS2, SYMBOLS3, SYMBOLS4, SYMBOLS5 -> symbols.end(distance);
            default -> gaps.end(distance);
          };
      byte[] values = form.values().codeBits() > 0 ? codes.toBytes() : raw.array();
      return new EncodedWeight(places, values, codebook);
    }
  }
}
