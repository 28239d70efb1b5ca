package dev.compress.pack;

import dev.compress.graph.Attribute;
import dev.compress.graph.GraphEditor;
import dev.compress.graph.Node;
import dev.compress.pack.StorageForm.Places;
import dev.compress.pack.StorageForm.Values;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Scratch;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Writes encoded weights into a graph: the bytes as constants and the standard operators that make
 * the weight of them, all of which ONNX Runtime computes at load. What several weights need, such
 * as tables, is there once. Names are short, since there are many.
 *
 * <pre>
 * codes         BitShift(left) -> BitShift(right) -> Reshape [-> Slice] -> Cast -> Gather(codebook)
 * symbols       Cast -> Gather(steps) -> CumSum = p;  BitShift -> Cast -> Gather(codebook) = v
 *               ScatterElements(ConstantOfShape, p, v) -> Reshape
 * gaps          Cast -> Gather(steps) -> CumSum = p;  Gather(arrivals) = a;  CumSum(a) * a = k
 *               ScatterElements(ConstantOfShape, p, Gather(list, k)) -> Reshape
 * bitmask       Cast = m;  Gather(list, CumSum(m) * m) -> Reshape
 * by group      the same, but codes for values -> Add(offsets of tables) -> Gather(tables) -> Reshape
 * </pre>
 */
final class UnpackingNodes {
  private final GraphEditor editor;
  private final Scratch scratch;
  private final Map<List<Object>, String> shared = new HashMap<>();
  private int named;

  UnpackingNodes(GraphEditor editor, Scratch scratch) {
    this.editor = editor;
    this.scratch = scratch;
  }

  /**
   * Writes one weight.
   *
   * @param name the value that the nodes make; nothing makes it any more
   * @param weight its type and shape
   * @param survey of the weight
   * @param form how it is stored
   * @param encoded its bytes
   */
  void emit(
      String name, Tensor weight, WeightSurvey survey, StorageForm form, EncodedWeight encoded) {
    if (!form.grouped()) {
      emit(name, weight.type(), weight.shape(), survey, form, encoded);
      return;
    }
    ChannelTables tables = form.tables(survey);
    String codes = fresh();
    emit(codes, ElementType.INT32, tables.blocks(), survey, form, encoded);
    String index = node("Add", codes, offsets(tables));
    String values = node("Gather", constant(tables.joint(weight.type())), index);
    editor.add(Node.of("Reshape", "", List.of(values, dims(weight.shape())), List.of(name)));
  }

  private String offsets(ChannelTables tables) {
    int[] offsets = tables.offsets();
    Shape column = Shape.of(offsets.length, 1);
    Object values = Arrays.stream(offsets).boxed().toList();
    ElementType type = tables.offsetType();
    if (type.equals(ElementType.INT32)) {
      return shared(List.of("offsets", values), () -> Tensor.ofInts(column, offsets));
    }
    List<Object> key = List.of("narrow offsets", values);
    String known = shared.get(key);
    if (known == null) {
      byte[] bytes = type.bits() == 8 ? bytes(offsets) : shorts(offsets);
      known = cast(constant(Tensor.ofBytes(type, column, bytes)));
      shared.put(key, known);
    }
    return known;
  }

  private void emit(
      String name,
      ElementType type,
      Shape shape,
      WeightSurvey survey,
      StorageForm form,
      EncodedWeight encoded) {
    if (form.places() == Places.ALL) {
      list(type, shape, form, encoded, name);
      return;
    }
    boolean flat = shape.rank() == 1;
    String whole = flat ? name : fresh();
    String places;
    int symbolBits = form.places().symbolBits();
    if (symbolBits > 0) {
      String symbols = constant(ElementType.UINT8, encoded.places());
      places = node("CumSum", node("Gather", symbolSteps(symbolBits), cast(symbols)), axis());
      String high =
          node("BitShift", List.of(symbols, byteConstant(8 - symbolBits)), direction("RIGHT"));
      String codes = cast(high);
      String values = form.grouped() ? codes : node("Gather", codebook(type, encoded), codes);
      scatter(type, shape.elementCount(), places, values, whole);
    } else {
      long listed = survey.nonZeros() + 1;
      String values = list(type, Shape.of(listed), form, encoded, fresh());
      if (form.places() == Places.MASK) {
        String mask = cast(bits(encoded.places(), 1, Shape.of(shape.elementCount())));
        String index = node("Mul", node("CumSum", mask, axis()), mask);
        editor.add(Node.of("Gather", "", List.of(values, index), List.of(whole)));
      } else {
        int width = form.places() == Places.GAPS4 ? 4 : 8;
        long entries = width == 4 ? survey.gaps4() : survey.gaps8();
        String gaps = cast(bits(encoded.places(), width, Shape.of(entries)));
        places = node("CumSum", node("Gather", gapSteps(width), gaps), axis());
        String arrivals = node("Gather", ints("arrivals" + width, GapStream.arrivals(width)), gaps);
        String index = node("Mul", node("CumSum", arrivals, axis()), arrivals);
        scatter(type, shape.elementCount(), places, node("Gather", values, index), whole);
      }
    }
    if (!flat) {
      editor.add(Node.of("Reshape", "", List.of(whole, dims(shape)), List.of(name)));
    }
  }

  private void scatter(
      ElementType type, long elements, String places, String values, String target) {
    List<Object> key = List.of("zeros", type, elements);
    String zeros = shared.get(key);
    if (zeros == null) {
      Tensor zero = Tensor.ofBytes(type, Shape.of(1), new byte[type.bits() / 8]);
      List<String> size = List.of(dims(Shape.of(elements)));
      zeros = node("ConstantOfShape", size, Attribute.of("value", zero));
      shared.put(key, zeros);
    }
    editor.add(Node.of("ScatterElements", "", List.of(zeros, places, values), List.of(target)));
  }

  /** The values of a list, in a shape; returns {@code target} or the constant that it is. */
  private String list(
      ElementType type, Shape shape, StorageForm form, EncodedWeight encoded, String target) {
    if (form.values() == Values.RAW) {
      return constant(new Tensor(type, shape, stored(type, shape, encoded.values())));
    }
    if (form.values() == Values.HALF) {
      ElementType narrow = EncodedWeight.valueType(type, form);
      String halves = constant(new Tensor(narrow, shape, stored(narrow, shape, encoded.values())));
      editor.add(
          Node.of("Cast", "", List.of(halves), List.of(target), Attribute.of("to", type.code())));
      return target;
    }
    String codes = bits(encoded.values(), form.values().codeBits(), shape);
    if (form.grouped()) {
      Attribute to = Attribute.of("to", ElementType.INT32.code());
      editor.add(Node.of("Cast", "", List.of(codes), List.of(target), to));
      return target;
    }
    codes = cast(codes);
    editor.add(Node.of("Gather", "", List.of(codebook(type, encoded), codes), List.of(target)));
    return target;
  }

  /** Codes of a few bits, one a byte, in a shape. */
  private String bits(byte[] bytes, int width, Shape shape) {
    if (width == 8) {
      return constant(
          new Tensor(ElementType.UINT8, shape, stored(ElementType.UINT8, shape, bytes)));
    }
    Shape column = Shape.of(bytes.length, 1);
    String packed =
        constant(new Tensor(ElementType.UINT8, column, stored(ElementType.UINT8, column, bytes)));
    String left = node("BitShift", List.of(packed, leftShifts(width)), direction("LEFT"));
    String right = node("BitShift", List.of(left, byteConstant(8 - width)), direction("RIGHT"));
    long codes = bytes.length * (8L / width);
    if (codes == shape.elementCount()) {
      return node("Reshape", right, dims(shape));
    }
    String flat = node("Reshape", right, dims(-1));
    String cut = node("Slice", flat, dims(0), dims(shape.elementCount()));
    return shape.rank() == 1 ? cut : node("Reshape", cut, dims(shape));
  }

  private dev.compress.tensor.ByteSource stored(ElementType type, Shape shape, byte[] bytes) {
    return scratch.store(type, shape, bytes).data();
  }

  private String codebook(ElementType type, EncodedWeight encoded) {
    return constant(encoded.codebook().tensor(type));
  }

  private String cast(String value) {
    return node("Cast", List.of(value), Attribute.of("to", ElementType.INT32.code()));
  }

  private static Attribute direction(String direction) {
    return Attribute.of("direction", direction);
  }

  private String node(String op, String... inputs) {
    return node(op, List.of(inputs));
  }

  private String node(String op, List<String> inputs, Attribute... attributes) {
    String output = fresh();
    editor.add(Node.of(op, "", inputs, List.of(output), attributes));
    return output;
  }

  private String constant(ElementType type, byte[] bytes) {
    return constant(scratch.store(type, Shape.of(bytes.length * 8L / type.bits()), bytes));
  }

  private String constant(Tensor tensor) {
    return editor.addInitializer(fresh(), tensor);
  }

  private String axis() {
    return shared("axis", () -> Tensor.ofInts(Shape.scalar(), 0));
  }

  private String symbolSteps(int bits) {
    return ints("symbols" + bits, SymbolStream.steps(bits));
  }

  private String gapSteps(int width) {
    return ints("gaps" + width, GapStream.steps(width));
  }

  /** Long tables take half the bytes as shorts. */
  private String ints(String key, int[] values) {
    List<Object> cast = List.of("cast", key);
    if (values.length >= 256) {
      String known = shared.get(cast);
      if (known == null) {
        Shape shape = Shape.of(values.length);
        known = cast(constant(Tensor.ofBytes(ElementType.INT16, shape, shorts(values))));
        shared.put(cast, known);
      }
      return known;
    }
    return shared(key, () -> Tensor.ofInts(Shape.of(values.length), values));
  }

  private static byte[] bytes(int[] values) {
    byte[] bytes = new byte[values.length];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) values[i];
    }
    return bytes;
  }

  private static byte[] shorts(int[] values) {
    byte[] bytes = new byte[2 * values.length];
    for (int i = 0; i < values.length; i++) {
      bytes[2 * i] = (byte) values[i];
      bytes[2 * i + 1] = (byte) (values[i] >> 8);
    }
    return bytes;
  }

  private String byteConstant(int value) {
    return shared(
        value, () -> Tensor.ofBytes(ElementType.UINT8, Shape.scalar(), new byte[] {(byte) value}));
  }

  private String leftShifts(int width) {
    return shared(
        List.of("left", width),
        () -> {
          byte[] shifts = BitStream.leftShifts(width);
          return Tensor.ofBytes(ElementType.UINT8, Shape.of(shifts.length), shifts);
        });
  }

  private String dims(Shape shape) {
    return dims(shape.toArray());
  }

  private String dims(long... dims) {
    return shared(
        Arrays.stream(dims).boxed().toList(), () -> Tensor.ofLongs(Shape.of(dims.length), dims));
  }

  private String shared(Object key, java.util.function.Supplier<Tensor> tensor) {
    return shared.computeIfAbsent(List.of(key), k -> constant(tensor.get()));
  }

  private String fresh() {
    return editor.freshName("_" + Integer.toString(named++, Character.MAX_RADIX));
  }
}
