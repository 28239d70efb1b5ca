package dev.compress.graph;

import static org.assertj.core.api.Assertions.assertThat;

import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class GraphPrinterTest {
  @Test
  void printsWhatCountsInAStableOrder() {
    ValueType type = ValueType.tensor(ElementType.FLOAT, List.of(Dim.of("n"), Dim.of(2)));
    Node gemm =
        Node.of(
            "Gemm",
            "fc",
            List.of("x", "w", ""),
            List.of("h"),
            Attribute.of("transB", 1),
            Attribute.of("alpha", 0.5f));
    Node branch =
        Node.of(
            "If",
            "",
            List.of("c"),
            List.of("y"),
            Attribute.of(
                "then_branch",
                Graph.of(
                    "then",
                    List.of(Node.of("Relu", "r", List.of("h"), List.of("t"))),
                    List.of(),
                    List.of(),
                    List.of(ValueInfo.of("t", new ValueType.Undeclared())))));
    Graph graph =
        Graph.of(
            "main",
            List.of(gemm, branch),
            List.of(
                Initializer.of("w", Tensor.ofFloats(Shape.of(5, 2), new float[10])),
                Initializer.of("axes", Tensor.ofLongs(Shape.of(2), -1, 7)),
                Initializer.of(
                    "c", Tensor.ofBytes(ElementType.BOOL, Shape.scalar(), new byte[] {1}))),
            List.of(ValueInfo.of("x", type)),
            List.of(ValueInfo.of("y", ValueType.tensor(ElementType.FLOAT))));
    OnnxModel model =
        OnnxModel.of(8, 17, graph).withOpset("com.microsoft", 1).withMetadata(Map.of("k", "v"));
    // 2c34ce1d is the beginning of the SHA-256 of 40 zero bytes
    assertThat(GraphPrinter.print(model))
        .isEqualTo(
            """
            ir 8, opset 17, com.microsoft 1
            meta   k = v
            graph main
              input  x: float[n, 2]
              const  w: float[5, 2] #2c34ce1d
              const  axes: int64[2] = [-1, 7]
              const  c: bool[] = [1]
              Gemm fc (x, w, ) -> h {alpha=0.5, transB=1}
              If (c) -> y {then_branch=graph then}
                then_branch: graph then
                  Relu r (h) -> t
                  output t: undeclared
              output y: float[...]
            """);
  }
}
