package dev.compress.prepare;

import static org.assertj.core.api.Assertions.assertThat;

import dev.compress.graph.Attribute;
import dev.compress.graph.Graph;
import dev.compress.graph.GraphPrinter;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.pass.CompressionPass;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.List;
import org.junit.jupiter.api.Test;

/** One small model before and after each pass, in full. */
class PassTextTest {
  private static final Initializer W =
      Initializer.of("w", Tensor.ofFloats(Shape.of(2, 1, 1, 1), 2, 4));
  private static final Initializer B = Initializer.of("b", Tensor.ofFloats(Shape.of(2), 1, 3));

  private static void check(CompressionPass pass, OnnxModel model, String before, String after) {
    assertThat(GraphPrinter.print(model)).isEqualTo(before);
    assertThat(GraphPrinter.print(pass.apply(model, Check.context()).model())).isEqualTo(after);
  }

  @Test
  void removeInitializersFromInputs() {
    OnnxModel model =
        OnnxModel.of(
            3,
            8,
            Graph.of(
                "g",
                List.of(Node.of("Conv", "c", List.of("x", "w", "b"), List.of("y"))),
                List.of(W, B),
                List.of(
                    Check.floats("x", 1, 1, 2, 2),
                    Check.floats("w", 2, 1, 1, 1),
                    Check.floats("b", 2)),
                List.of(Check.floats("y", 1, 2, 2, 2))));
    check(
        new RemoveInitializersFromInputs(),
        model,
        """
        ir 3, opset 8
        graph g
          input  x: float[1, 1, 2, 2]
          input  w: float[2, 1, 1, 1]
          input  b: float[2]
          const  w: float[2, 1, 1, 1] = [2.0, 4.0]
          const  b: float[2] = [1.0, 3.0]
          Conv c (x, w, b) -> y
          output y: float[1, 2, 2, 2]
        """,
        """
        ir 4, opset 8
        graph g
          input  x: float[1, 1, 2, 2]
          const  w: float[2, 1, 1, 1] = [2.0, 4.0]
          const  b: float[2] = [1.0, 3.0]
          Conv c (x, w, b) -> y
          output y: float[1, 2, 2, 2]
        """);
  }

  @Test
  void constantsToInitializers() {
    OnnxModel model =
        Check.model(
            13,
            List.of(Check.floats("x", 2)),
            List.of(Check.floats("y", 2)),
            List.of(),
            Node.of("Constant", "", List.of(), List.of("k"), Attribute.of("value_float", 0.5f)),
            Node.of("Mul", "m", List.of("x", "k"), List.of("y")));
    check(
        new ConstantsToInitializers(),
        model,
        """
        ir 7, opset 13
        graph test
          input  x: float[2]
          Constant () -> k {value_float=0.5}
          Mul m (x, k) -> y
          output y: float[2]
        """,
        """
        ir 7, opset 13
        graph test
          input  x: float[2]
          const  k: float[] = [0.5]
          Mul m (x, k) -> y
          output y: float[2]
        """);
  }

  @Test
  void foldConstants() {
    OnnxModel model =
        Check.model(
            13,
            List.of(Check.floats("x", 1, 2)),
            List.of(Check.floats("y", 1, 2)),
            List.of(Initializer.of("w", Tensor.ofFloats(Shape.of(2, 2), 1, 2, 3, 4))),
            Node.of(
                "Transpose",
                "t",
                List.of("w"),
                List.of("wt"),
                Attribute.of("perm", new long[] {1, 0})),
            Node.of("MatMul", "m", List.of("x", "wt"), List.of("y")));
    check(
        new FoldConstants(),
        model,
        """
        ir 7, opset 13
        graph test
          input  x: float[1, 2]
          const  w: float[2, 2] = [1.0, 2.0, 3.0, 4.0]
          Transpose t (w) -> wt {perm=[1, 0]}
          MatMul m (x, wt) -> y
          output y: float[1, 2]
        """,
        """
        ir 7, opset 13
        graph test
          input  x: float[1, 2]
          const  wt: float[2, 2] = [1.0, 3.0, 2.0, 4.0]
          MatMul m (x, wt) -> y
          output y: float[1, 2]
        """);
  }

  @Test
  void removeIdentity() {
    OnnxModel model =
        Check.model(
            9,
            List.of(Check.floats("x", 2)),
            List.of(Check.floats("y", 2)),
            List.of(),
            Node.of("Relu", "r", List.of("x"), List.of("a")),
            Node.of("Dropout", "d", List.of("a"), List.of("b"), Attribute.of("ratio", 0.5f)),
            Node.of("Identity", "i", List.of("b"), List.of("y")));
    check(
        new RemoveIdentity(),
        model,
        """
        ir 4, opset 9
        graph test
          input  x: float[2]
          Relu r (x) -> a
          Dropout d (a) -> b {ratio=0.5}
          Identity i (b) -> y
          output y: float[2]
        """,
        """
        ir 4, opset 9
        graph test
          input  x: float[2]
          Relu r (x) -> y
          output y: float[2]
        """);
  }

  @Test
  void cancelTransposes() {
    OnnxModel model =
        Check.model(
            13,
            List.of(Check.floats("x", 1, 2, 3, 3)),
            List.of(Check.floats("y", 1, 2, 3, 3)),
            List.of(B),
            Node.of(
                "Transpose",
                "t",
                List.of("x"),
                List.of("a"),
                Attribute.of("perm", new long[] {0, 2, 3, 1})),
            Node.of("Add", "add", List.of("a", "b"), List.of("c")),
            Node.of(
                "Transpose",
                "u",
                List.of("c"),
                List.of("d"),
                Attribute.of("perm", new long[] {0, 3, 1, 2})),
            Node.of("Relu", "r", List.of("d"), List.of("y")));
    check(
        new CancelTransposes(),
        model,
        """
        ir 7, opset 13
        graph test
          input  x: float[1, 2, 3, 3]
          const  b: float[2] = [1.0, 3.0]
          Transpose t (x) -> a {perm=[0, 2, 3, 1]}
          Add add (a, b) -> c
          Transpose u (c) -> d {perm=[0, 3, 1, 2]}
          Relu r (d) -> y
          output y: float[1, 2, 3, 3]
        """,
        """
        ir 7, opset 13
        graph test
          input  x: float[1, 2, 3, 3]
          const  b_transposed: float[2, 1, 1] = [1.0, 3.0]
          Add add (x, b_transposed) -> c_untransposed
          Relu r (c_untransposed) -> y
          output y: float[1, 2, 3, 3]
        """);
  }

  @Test
  void foldBatchNorm() {
    OnnxModel model =
        Check.model(
            13,
            List.of(Check.floats("x", 1, 1, 2, 2)),
            List.of(Check.floats("y", 1, 2, 2, 2)),
            List.of(
                W,
                B,
                Initializer.of("gamma", Tensor.ofFloats(Shape.of(2), 1, 2)),
                Initializer.of("beta", Tensor.ofFloats(Shape.of(2), 10, 20)),
                Initializer.of("mean", Tensor.ofFloats(Shape.of(2), 1, 1)),
                Initializer.of("variance", Tensor.ofFloats(Shape.of(2), 4, 16))),
            Node.of("Conv", "c", List.of("x", "w", "b"), List.of("a")),
            Node.of(
                "BatchNormalization",
                "bn",
                List.of("a", "gamma", "beta", "mean", "variance"),
                List.of("y"),
                Attribute.of("epsilon", 0f)));
    check(
        new FoldBatchNorm(),
        model,
        """
        ir 7, opset 13
        graph test
          input  x: float[1, 1, 2, 2]
          const  w: float[2, 1, 1, 1] = [2.0, 4.0]
          const  b: float[2] = [1.0, 3.0]
          const  gamma: float[2] = [1.0, 2.0]
          const  beta: float[2] = [10.0, 20.0]
          const  mean: float[2] = [1.0, 1.0]
          const  variance: float[2] = [4.0, 16.0]
          Conv c (x, w, b) -> a
          BatchNormalization bn (a, gamma, beta, mean, variance) -> y {epsilon=0.0}
          output y: float[1, 2, 2, 2]
        """,
        """
        ir 7, opset 13
        graph test
          input  x: float[1, 1, 2, 2]
          const  w: float[2, 1, 1, 1] = [1.0, 2.0]
          const  b: float[2] = [10.0, 21.0]
          Conv c (x, w, b) -> y
          output y: float[1, 2, 2, 2]
        """);
  }

  @Test
  void upgradeOpset() {
    OnnxModel model =
        Check.model(
            9,
            List.of(Check.floats("x", 2, 1, 3)),
            List.of(Check.floats("y", 2, 3)),
            List.of(),
            Node.of(
                "Squeeze", "s", List.of("x"), List.of("a"), Attribute.of("axes", new long[] {1})),
            Node.of(
                "Clip",
                "c",
                List.of("a"),
                List.of("b"),
                Attribute.of("min", 0f),
                Attribute.of("max", 6f)),
            Node.of("Softmax", "p", List.of("b"), List.of("y")));
    check(
        new UpgradeOpset(13),
        model,
        """
        ir 4, opset 9
        graph test
          input  x: float[2, 1, 3]
          Squeeze s (x) -> a {axes=[1]}
          Clip c (a) -> b {max=6.0, min=0.0}
          Softmax p (b) -> y
          output y: float[2, 3]
        """,
        """
        ir 7, opset 13
        graph test
          input  x: float[2, 1, 3]
          const  axes_1: int64[1] = [1]
          const  min: float[] = [0.0]
          const  max: float[] = [6.0]
          Squeeze s (x, axes_1) -> a
          Clip c (a, min, max) -> b
          Softmax p (b) -> y {axis=-1}
          output y: float[2, 3]
        """);
  }

  @Test
  void mergeTiedWeights() {
    OnnxModel model =
        Check.model(
            13,
            List.of(Check.floats("x", 2)),
            List.of(Check.floats("y", 2)),
            List.of(B, Initializer.of("b2", B.tensor())),
            Node.of("Add", "p", List.of("x", "b"), List.of("a")),
            Node.of("Add", "q", List.of("a", "b2"), List.of("y")));
    check(
        new MergeTiedWeights(1),
        model,
        """
        ir 7, opset 13
        graph test
          input  x: float[2]
          const  b: float[2] = [1.0, 3.0]
          const  b2: float[2] = [1.0, 3.0]
          Add p (x, b) -> a
          Add q (a, b2) -> y
          output y: float[2]
        """,
        """
        ir 7, opset 13
        graph test
          input  x: float[2]
          const  b: float[2] = [1.0, 3.0]
          Add p (x, b) -> a
          Add q (a, b) -> y
          output y: float[2]
        """);
  }

  @Test
  void removeDead() {
    OnnxModel model =
        Check.model(
            13,
            List.of(Check.floats("x", 2)),
            List.of(Check.floats("y", 2)),
            List.of(B),
            Node.of("Relu", "r", List.of("x"), List.of("y")),
            Node.of("Neg", "n", List.of("x"), List.of("unused")));
    check(
        new RemoveDead(),
        model,
        """
        ir 7, opset 13
        graph test
          input  x: float[2]
          const  b: float[2] = [1.0, 3.0]
          Relu r (x) -> y
          Neg n (x) -> unused
          output y: float[2]
        """,
        """
        ir 7, opset 13
        graph test
          input  x: float[2]
          Relu r (x) -> y
          output y: float[2]
        """);
  }
}
