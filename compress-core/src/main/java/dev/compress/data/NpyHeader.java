package dev.compress.data;

import dev.compress.error.InvalidDataException;
import dev.compress.tensor.ByteSource;
import dev.compress.tensor.ElementType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The header of a NumPy array file, format versions 1 to 3: a magic, a length and a Python literal
 * such as {@code {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }}. Only literals of
 * this form are accepted; nothing is evaluated.
 *
 * @param type the element type
 * @param bigEndian the byte order
 * @param fortran whether the first dim varies fastest
 * @param dims the dims
 * @param offset where the elements begin
 */
record NpyHeader(
    ElementType type, boolean bigEndian, boolean fortran, List<Long> dims, long offset) {
  private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};
  private static final int LONGEST_HEADER = 1 << 16;
  private static final Pattern ENTRY =
      Pattern.compile(
          "\\G\\s*(['\"])(descr|fortran_order|shape)\\1\\s*:\\s*"
              + "((['\"])([^'\"\\\\]*)\\4|True|False|\\(([0-9L,\\s]*)\\))\\s*(,|(?=\\}))");

  static boolean hasMagic(byte[] head) {
    for (int i = 0; i < MAGIC.length; i++) {
      if (head.length <= i || head[i] != MAGIC[i]) {
        return false;
      }
    }
    return true;
  }

  /**
   * Reads a header.
   *
   * @param what names the array in errors
   */
  static NpyHeader read(ByteSource bytes, String what) {
    byte[] head = new byte[(int) Math.min(12, bytes.size())];
    bytes.read(0, ByteBuffer.wrap(head));
    if (!hasMagic(head) || head.length < 12) {
      throw new InvalidDataException(
          what + " is no NumPy array: it does not begin with \\x93NUMPY. Save it with numpy.save.");
    }
    int version = head[6];
    ByteBuffer length = ByteBuffer.wrap(head).order(ByteOrder.LITTLE_ENDIAN);
    long size = version == 1 ? length.getShort(8) & 0xffff : length.getInt(8) & 0xffffffffL;
    int start = version == 1 ? 10 : 12;
    if (version < 1 || version > 3 || size > LONGEST_HEADER || start + size > bytes.size()) {
      throw new InvalidDataException(
          what
              + " has a damaged NumPy header (version "
              + version
              + ", "
              + size
              + " header bytes of "
              + bytes.size()
              + ").");
    }
    byte[] text = new byte[(int) size];
    bytes.read(start, ByteBuffer.wrap(text));
    return parse(new String(text, StandardCharsets.UTF_8), start + size, what);
  }

  private static NpyHeader parse(String text, long offset, String what) {
    String literal = text.strip();
    if (!literal.startsWith("{") || !literal.endsWith("}")) {
      throw unsupported(what, literal);
    }
    String descr = null;
    Boolean fortran = null;
    List<Long> dims = null;
    Matcher entry = ENTRY.matcher(literal).region(1, literal.length());
    int end = 1;
    while (entry.find()) {
      end = entry.end();
      String value = entry.group(3);
      switch (entry.group(2)) {
        case "descr" -> descr = entry.group(5);
        case "fortran_order" -> fortran = value.startsWith("(") ? null : value.equals("True");
        default -> dims = entry.group(6) == null ? null : dims(entry.group(6), what);
      }
    }
    boolean complete = literal.substring(end).strip().equals("}");
    if (!complete || descr == null || fortran == null || dims == null) {
      throw unsupported(what, literal);
    }
    return new NpyHeader(
        type(descr, what), descr.startsWith(">"), fortran && dims.size() > 1, dims, offset);
  }

  private static InvalidDataException unsupported(String what, String literal) {
    String shown = Labels.shown(literal, 120);
    return new InvalidDataException(
        what
            + " has a NumPy header that is damaged or of a structured type: "
            + shown
            + ". Plain numeric arrays can be read.");
  }

  private static List<Long> dims(String tuple, String what) {
    List<Long> dims = new ArrayList<>();
    for (String part : tuple.split(",", -1)) {
      String number = part.strip();
      if (number.endsWith("L")) { // Python 2
        number = number.substring(0, number.length() - 1);
      }
      if (number.isEmpty()) {
        continue;
      }
      try {
        dims.add(Long.parseLong(number));
      } catch (NumberFormatException e) {
        throw new InvalidDataException(
            what + " has a dim of " + number + " in its NumPy header. Is it damaged?", e);
      }
    }
    return dims;
  }

  private static ElementType type(String descr, String what) {
    String kind = descr.replaceFirst("^[<>=|]", "");
    return switch (kind) {
      case "f4" -> ElementType.FLOAT;
      case "f8" -> ElementType.DOUBLE;
      case "f2" -> ElementType.FLOAT16;
      case "i1" -> ElementType.INT8;
      case "i2" -> ElementType.INT16;
      case "i4" -> ElementType.INT32;
      case "i8" -> ElementType.INT64;
      case "u1" -> ElementType.UINT8;
      case "u2" -> ElementType.UINT16;
      case "u4" -> ElementType.UINT32;
      case "u8" -> ElementType.UINT64;
      case "b1" -> ElementType.BOOL;
      default ->
          throw new InvalidDataException(
              what
                  + " holds NumPy type '"
                  + Labels.shown(descr)
                  + "'. Floats, integers and bools can be read: "
                  + "convert it with astype.");
    };
  }
}
