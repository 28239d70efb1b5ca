package dev.compress.models.autograd;

import dev.compress.graph.Attribute;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class SelectionOperatorsTest {
  @ParameterizedTest
  @MethodSource
  void slices(OpCase one) {
    OpChecks.check(one);
  }

  static Stream<OpCase> slices() {
    return Stream.of(
        OpCase.of("Slice", 9, "attributes")
            .x(4, 5)
            .with("starts", new long[] {1, -3})
            .with("ends", new long[] {Long.MAX_VALUE, -1})
            .with("axes", new long[] {0, 1}),
        OpCase.of("Slice", 7, "no axes")
            .x(4, 5)
            .with("starts", new long[] {1})
            .with("ends", new long[] {3}),
        OpCase.of("Slice", 10, "").x(4, 5).ints(1, 0).ints(3, 100),
        OpCase.of("Slice", 13, "steps").x(5, 6).ints(0, 1).ints(5, 6).ints(0, 1).ints(2, 3),
        OpCase.of("Slice", 13, "backwards").x(5, 6).ints(-1).ints(Long.MIN_VALUE).ints(1).ints(-1),
        OpCase.of("Slice", 13, "backwards by two").x(5, 6).ints(4).ints(0).ints(0).ints(-2),
        OpCase.of("Slice", 13, "backwards, far").x(5, 6).ints(100).ints(-100).ints(-1).ints(-2),
        OpCase.of("Split", 11, "").x(4, 3).outputs(2),
        OpCase.of("Split", 11, "sizes")
            .x(2, 5)
            .with("axis", 1)
            .with("split", new long[] {2, 3})
            .outputs(2),
        OpCase.of("Split", 13, "sizes").x(2, 5).ints(1, 4).with("axis", -1).outputs(2),
        OpCase.of("Split", 18, "uneven").x(5, 2).with("num_outputs", 2).outputs(2),
        OpCase.of("Expand", 8, "").x(3, 1).ints(2, 1, 4),
        OpCase.of("Tile", 13, "").x(2, 3).ints(2, 2),
        OpCase.of("Trilu", 14, "").x(3, 4),
        OpCase.of("Trilu", 14, "lower, shifted")
            .x(2, 3, 4)
            .indices(new long[0], 1)
            .with("upper", 0),
        OpCase.of("CumSum", 14, "").x(3, 4).indices(new long[0], 1),
        OpCase.of("CumSum", 14, "exclusive, reverse")
            .x(3, 4)
            .indices(new long[0], -1)
            .with("exclusive", 1)
            .with("reverse", 1),
        OpCase.of("TopK", 11, "").x(3, 5).ints(2).outputs(2),
        OpCase.of("TopK", 11, "least, axis 0")
            .x(5, 2)
            .ints(3)
            .with("axis", 0)
            .with("largest", 0)
            .outputs(2),
        OpCase.of("TopK", 7, "attribute").x(3, 5).with("k", 2).outputs(2),
        OpCase.of("DepthToSpace", 11, "").x(2, 8, 2, 3).with("blocksize", 2),
        OpCase.of("DepthToSpace", 11, "CRD").x(2, 8, 2, 3).with("blocksize", 2).with("mode", "CRD"),
        OpCase.of("SpaceToDepth", 7, "").x(2, 3, 4, 6).with("blocksize", 2));
  }

  @ParameterizedTest
  @MethodSource
  void gathers(OpCase one) {
    OpChecks.check(one);
  }

  static Stream<OpCase> gathers() {
    return Stream.of(
        OpCase.of("Gather", 7, "rows").x(4, 3).indices(new long[] {2, 2}, 0, 3, 1, 3),
        OpCase.of("Gather", 13, "negative").x(4, 3).ints(-1, 0),
        OpCase.of("Gather", 13, "axis 1").x(2, 4, 3).ints(3, 0, 3).with("axis", 1),
        OpCase.of("Gather", 13, "axis -1, matrix")
            .x(2, 3, 4)
            .indices(new long[] {1, 2}, 1, 2)
            .with("axis", -1),
        OpCase.of("Gather", 13, "scalar").x(2, 4, 3).indices(new long[0], 2).with("axis", 1),
        OpCase.of("Gather", 13, "one").x(2, 4, 3).ints(-1).with("axis", 2),
        OpCase.of("GatherElements", 13, "")
            .x(3, 4)
            .indices(new long[] {3, 2}, 0, -1, 1, 1, 2, 3)
            .with("axis", 1),
        OpCase.of("GatherND", 13, "elements").x(3, 4).indices(new long[] {2, 2}, 0, 1, 2, -1),
        OpCase.of("GatherND", 13, "rows").x(3, 4, 2).indices(new long[] {3, 1}, 2, 0, 2),
        OpCase.of("ScatterElements", 13, "").x(3, 4).indices(new long[] {1, 3}, 1, 0, 2).x(1, 3),
        OpCase.of("ScatterND", 13, "").x(4, 3).indices(new long[] {2, 1}, 3, 1).x(2, 3));
  }

  @ParameterizedTest
  @MethodSource
  void pads(OpCase one) {
    OpChecks.check(one);
  }

  static Stream<OpCase> pads() {
    return Stream.of(
        OpCase.of("Pad", 7, "attributes")
            .x(2, 3)
            .with("pads", new long[] {0, 1, 2, 0})
            .with("value", 0.5f),
        OpCase.of("Pad", 13, "").x(2, 3).ints(1, 0, 0, 2).scalar(-1),
        OpCase.of("Pad", 13, "negative").x(4, 5).ints(1, -1, -2, 2),
        OpCase.of("Pad", 18, "axes").x(2, 3, 4).ints(1, 2).none().ints(-1),
        OpCase.of("Pad", 7, "reflect")
            .x(1, 2, 4, 5)
            .with("pads", new long[] {0, 0, 1, 2, 0, 0, 3, 1})
            .with("mode", "reflect"),
        OpCase.of("Pad", 13, "edge").x(2, 3).ints(1, 2, 0, 3).with("mode", "edge"),
        OpCase.of("Pad", 19, "wrap").x(3, 4).ints(1, 2, 0, 3).with("mode", "wrap"));
  }

  @ParameterizedTest
  @MethodSource
  void reductions(OpCase one) {
    OpChecks.check(one);
  }

  static Stream<OpCase> reductions() {
    return Stream.of(
        OpCase.of("ReduceSum", 11, "").x(2, 3, 4).with("axes", new long[] {0, -1}),
        OpCase.of("ReduceSum", 13, "input").x(2, 3, 4).ints(1).with("keepdims", 0),
        OpCase.of("ReduceSum", 13, "nothing").x(2, 3).with("noop_with_empty_axes", 1),
        OpCase.of("ReduceMean", 11, "all").x(2, 3, 4),
        OpCase.of("ReduceMean", 18, "").x(2, 3, 4).ints(1, 2),
        OpCase.of("ReduceMean", 11, "flat")
            .x(2, 3, 4)
            .with("axes", new long[] {2, 1})
            .with("keepdims", 0),
        OpCase.of("ReduceMax", 12, "").x(2, 3, 4).with("axes", new long[] {1, 2}),
        OpCase.of("ReduceMin", 18, "").x(2, 3, 4).ints(0).with("keepdims", 0),
        OpCase.of("ReduceProd", 11, "").x(2, 3, 4).with("axes", new long[] {1}),
        OpCase.of("ReduceL1", 11, "").x(2, 3, 4).with("axes", new long[] {1}),
        OpCase.of("ReduceL2", 18, "").x(2, 3, 4).ints(1, 2).with("keepdims", 0),
        OpCase.of("ReduceSumSquare", 11, "").x(2, 3, 4).with("axes", new long[] {1}),
        OpCase.of("ReduceLogSum", 11, "").x(v -> 1 + v * v, 2, 3, 4).with("axes", new long[] {1}),
        OpCase.of("ReduceLogSumExp", 13, "")
            .x(2, 3, 4)
            .with("axes", new long[] {0, 1})
            .with("keepdims", 0));
  }

  @ParameterizedTest
  @MethodSource
  void resizes(OpCase one) {
    OpChecks.check(one);
  }

  static Stream<OpCase> resizes() {
    Stream.Builder<OpCase> cases = Stream.builder();
    cases.add(
        OpCase.of("Upsample", 7, "")
            .x(1, 2, 2, 3)
            .with(Attribute.ofFloats("scales", List.of(1f, 1f, 2f, 3f))));
    cases.add(
        OpCase.of("Upsample", 9, "linear")
            .x(1, 2, 3, 3)
            .constant(floats(1, 1, 2, 2))
            .with("mode", "linear"));
    cases.add(OpCase.of("Resize", 10, "").x(1, 1, 4, 4).constant(floats(1, 1, 2, 0.5f)));
    for (String transform :
        List.of("half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric")) {
      for (String mode : List.of("nearest", "linear", "cubic")) {
        cases.add(
            OpCase.of("Resize", 13, mode + " " + transform + " up")
                .x(1, 2, 3, 4)
                .none()
                .constant(floats(1, 1, 2, 1.5f))
                .with("mode", mode)
                .with("coordinate_transformation_mode", transform));
        cases.add(
            OpCase.of("Resize", 13, mode + " " + transform + " down")
                .x(1, 2, 6, 5)
                .none()
                .none()
                .ints(1, 2, 4, 3)
                .with("mode", mode)
                .with("coordinate_transformation_mode", transform));
      }
    }
    for (String nearest : List.of("floor", "ceil", "round_prefer_ceil", "round_prefer_floor")) {
      cases.add(
          OpCase.of("Resize", 11, nearest)
              .x(1, 2, 4, 4)
              .constant(floats())
              .constant(floats(1, 1, 1.5f, 2))
              .with("nearest_mode", nearest));
    }
    cases.add(
        OpCase.of("Resize", 13, "exclude_outside")
            .x(1, 1, 4, 4)
            .none()
            .constant(floats(1, 1, 1.5f, 2))
            .with("mode", "cubic")
            .with("exclude_outside", 1)
            .with("cubic_coeff_a", -0.5f));
    cases.add(
        OpCase.of("Resize", 18, "axes")
            .x(1, 2, 3, 3)
            .none()
            .none()
            .ints(5, 6)
            .with("axes", new long[] {2, 3})
            .with("mode", "linear"));
    return cases.build();
  }

  private static Tensor floats(float... values) {
    return Tensor.ofFloats(Shape.of(values.length), values);
  }

  @ParameterizedTest
  @MethodSource
  void constants(OpCase one) {
    OpChecks.check(one);
  }

  static Stream<OpCase> constants() {
    Tensor seven = Tensor.ofLongs(Shape.of(1), 7);
    return Stream.of(
        OpCase.of("Shape", 13, "").x(2, 3, 4).flat(),
        OpCase.of("Shape", 15, "part").x(2, 3, 4).with("start", -2).with("end", 3).flat(),
        OpCase.of("Size", 13, "").x(2, 3, 4).flat(),
        OpCase.of("ConstantOfShape", 9, "").ints(2, 3).flat(),
        OpCase.of("ConstantOfShape", 9, "value")
            .ints(2, 3)
            .with(Attribute.of("value", seven))
            .flat(),
        OpCase.of("Range", 11, "").scalar(1).scalar(6).scalar(1.5).flat(),
        OpCase.of("EyeLike", 9, "").x(3, 4).with("k", 1).flat(),
        OpCase.of("OneHot", 11, "").ints(2, 0, -1).ints(4).constant(floats(-1, 3)).flat(),
        OpCase.of("OneHot", 11, "axis 0")
            .ints(2, 0, -1)
            .ints(4)
            .constant(floats(-1, 3))
            .with("axis", 0)
            .flat(),
        OpCase.of("Cast", 13, "to int").x(v -> 5 * v, 3, 4).with("to", 7).flat(),
        OpCase.of("Cast", 9, "to bool").x(Math::rint, 3, 4).with("to", 9).flat(),
        OpCase.of("CastLike", 15, "").x(v -> 5 * v, 3, 4).ints(1).flat(),
        OpCase.of("Div", 14, "integers").ints(7, -7, 8, -1).ints(2, 2, -3, 2).flat(),
        OpCase.of("Mod", 13, "integers").ints(7, -7, 8, -1).ints(2, 3, -3, 5).flat(),
        OpCase.of("Mod", 13, "integers, fmod").ints(7, -7, 8).ints(2, 3, -3).with("fmod", 1).flat(),
        OpCase.of("Clip", 12, "integers").ints(7, -7, 8).indices(new long[0], 0).none().flat(),
        OpCase.of("Equal", 13, "").ints(1, 2, 3).ints(3, 2, 1).flat(),
        OpCase.of("Greater", 13, "").x(3, 4).x(4).flat(),
        OpCase.of("GreaterOrEqual", 12, "").x(3, 4).x(4).flat(),
        OpCase.of("Less", 13, "").x(3, 4).x(4).flat(),
        OpCase.of("LessOrEqual", 12, "").x(3, 4).x(4).flat(),
        OpCase.of("And", 7, "").constant(bools(1, 1, 0, 0)).constant(bools(1, 0, 1, 0)).flat(),
        OpCase.of("Or", 7, "").constant(bools(1, 1, 0, 0)).constant(bools(1, 0, 1, 0)).flat(),
        OpCase.of("Xor", 7, "").constant(bools(1, 1, 0, 0)).constant(bools(1, 0, 1, 0)).flat(),
        OpCase.of("Not", 7, "").constant(bools(1, 0)).flat(),
        OpCase.of("IsNaN", 13, "").constant(floats(1, Float.NaN)).flat(),
        OpCase.of("IsInf", 10, "").constant(infinite()).flat(),
        OpCase.of("IsInf", 10, "above").constant(infinite()).with("detect_negative", 0).flat(),
        OpCase.of("IsInf", 10, "below").constant(infinite()).with("detect_positive", 0).flat(),
        OpCase.of("Where", 9, "").constant(bools(1, 0, 1)).x(2, 3).x(2, 1),
        OpCase.of("ArgMax", 11, "").x(3, 4).with("axis", 1).with("keepdims", 0).flat(),
        OpCase.of("ArgMax", 13, "last")
            .constant(floats(1, 3, 3, 2))
            .with("select_last_index", 1)
            .flat(),
        OpCase.of("ArgMin", 13, "").x(3, 4).flat());
  }

  private static Tensor infinite() {
    return floats(1, Float.NEGATIVE_INFINITY, Float.POSITIVE_INFINITY);
  }

  private static Tensor bools(int... values) {
    byte[] bytes = new byte[values.length];
    for (int i = 0; i < values.length; i++) {
      bytes[i] = (byte) values[i];
    }
    return Tensor.ofBytes(ElementType.BOOL, Shape.of(values.length), bytes);
  }
}
