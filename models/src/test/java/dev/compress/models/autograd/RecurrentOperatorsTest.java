package dev.compress.models.autograd;

import dev.compress.graph.Attribute;
import dev.compress.graph.AttributeValue;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class RecurrentOperatorsTest {
  private static final int TIME = 4;
  private static final int BATCH = 2;
  private static final int IN = 3;
  private static final int HIDDEN = 2;

  @ParameterizedTest
  @MethodSource
  void layers(OpCase one) {
    OpChecks.check(one.tolerance(1e-5));
  }

  static Stream<OpCase> layers() {
    return Stream.of(
        layer("LSTM", 7, "forward", 4, 1, true),
        layer("LSTM", 14, "no bias", 4, 1, false),
        layer("LSTM", 14, "reverse", 4, 1, true).with("direction", "reverse"),
        layer("LSTM", 14, "bidirectional", 4, 2, true).with("direction", "bidirectional"),
        states(layer("LSTM", 14, "states", 4, 2, true), 2, 2).with("direction", "bidirectional"),
        states(layer("LSTM", 14, "peepholes", 4, 1, true), 2, 1).x(1, 3 * HIDDEN),
        layer("LSTM", 14, "clip", 4, 1, true).with("clip", 0.3f),
        layer("LSTM", 14, "coupled", 4, 1, true).with("input_forget", 1),
        layer("LSTM", 14, "activations", 4, 1, true)
            .with(texts("activations", "HardSigmoid", "Softsign", "Relu")),
        lengths(layer("LSTM", 14, "lengths", 4, 2, true)).with("direction", "bidirectional"),
        layer("GRU", 7, "reset before", 3, 1, true),
        layer("GRU", 14, "reset after", 3, 1, true).with("linear_before_reset", 1),
        layer("GRU", 14, "reset after, no bias", 3, 1, false).with("linear_before_reset", 1),
        layer("GRU", 14, "bidirectional", 3, 2, true)
            .with("direction", "bidirectional")
            .with("linear_before_reset", 1),
        layer("GRU", 14, "bidirectional, reset before", 3, 2, true)
            .with("direction", "bidirectional"),
        states(layer("GRU", 14, "state", 3, 1, true), 1, 1).with("linear_before_reset", 1),
        lengths(layer("GRU", 14, "lengths", 3, 1, true)).with("direction", "reverse"),
        layer("RNN", 14, "", 1, 1, true),
        layer("RNN", 14, "relu, both", 1, 2, true)
            .with(texts("activations", "Relu", "Relu"))
            .with("direction", "bidirectional"));
  }

  private static OpCase layer(
      String op, long opset, String note, int gates, int directions, boolean bias) {
    OpCase one =
        OpCase.of(op, opset, note)
            .with("hidden_size", HIDDEN)
            .outputs(op.equals("LSTM") ? 3 : 2)
            .x(TIME, BATCH, IN)
            .x(directions, (long) gates * HIDDEN, IN)
            .x(directions, (long) gates * HIDDEN, HIDDEN);
    return bias ? one.x(directions, 2L * gates * HIDDEN) : one;
  }

  private static OpCase states(OpCase one, int count, int directions) {
    one.none();
    for (int i = 0; i < count; i++) {
      one.x(directions, BATCH, HIDDEN);
    }
    return one;
  }

  private static OpCase lengths(OpCase one) {
    return one.constant(Tensor.ofInts(Shape.of(BATCH), TIME, TIME - 2));
  }

  private static Attribute texts(String name, String... values) {
    return new Attribute(
        name,
        new AttributeValue.StringsValue(
            Arrays.stream(values).map(AttributeValue.Bytes::utf8).toList()),
        "",
        dev.compress.graph.Extras.NONE);
  }
}
