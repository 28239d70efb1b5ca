package dev.compress.models.autograd.op;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.List;

/**
 * LSTM, GRU and RNN: by the engine's fused layers where these compute the same, else step by step.
 */
final class RecurrentOperators {
  /** Where the engine's gates i, f, g, o are in ONNX's i, o, f, c. */
  private static final int[] LSTM_ORDER = {0, 2, 3, 1};

  /** Where the engine's gates r, z, n are in ONNX's z, r, h. */
  private static final int[] GRU_ORDER = {1, 0, 2};

  private RecurrentOperators() {}

  static void register(OperatorRegistry registry) {
    registry.add("LSTM", node -> new Layer(node, RecurrentKind.LSTM)::apply);
    registry.add("GRU", node -> new Layer(node, RecurrentKind.GRU)::apply);
    registry.add("RNN", node -> new Layer(node, RecurrentKind.RNN)::apply);
  }

  /** The kinds with what tells them apart in the order of inputs. */
  enum RecurrentKind {
    LSTM(4),
    GRU(3),
    RNN(1);

    private final int gates;

    RecurrentKind(int gates) {
      this.gates = gates;
    }

    int gates() {
      return gates;
    }

    /** The activations where a node names none. */
    List<String> activations() {
      return switch (this) {
        case LSTM -> List.of("Sigmoid", "Tanh", "Tanh");
        case GRU -> List.of("Sigmoid", "Tanh");
        case RNN -> List.of("Tanh");
      };
    }
  }

  /** One node. */
  private static final class Layer {
    private final RecurrentKind kind;
    private final String direction;
    private final boolean batchFirst;
    private final RecurrentSteps steps;
    private final boolean fusible;

    Layer(NodeReader node, RecurrentKind kind) {
      this.kind = kind;
      this.direction = node.text("direction", "forward");
      node.require(
          List.of("forward", "reverse", "bidirectional").contains(direction),
          "direction " + direction + " is unknown");
      this.batchFirst = node.flag("layout", false);
      this.steps = new RecurrentSteps(node, kind, directions());
      boolean fusedKind =
          switch (kind) {
            case LSTM -> !node.hasInput(7);
            case GRU -> node.flag("linear_before_reset", false);
            case RNN -> false;
          };
      this.fusible = fusedKind && steps.isPlain();
    }

    private int directions() {
      return direction.equals("bidirectional") ? 2 : 1;
    }

    NDList apply(Arguments in) {
      NDArray x = batchFirst ? in.get(0).swapAxes(0, 1) : in.get(0);
      long time = x.getShape().get(0);
      long batch = x.getShape().get(1);
      long hidden = in.get(2).getShape().get(2);
      NDList states = new NDList(state(in, 5, batch, hidden));
      if (kind == RecurrentKind.LSTM) {
        states.add(state(in, 6, batch, hidden));
      }
      boolean full = !in.has(4) || Arrays.stream(in.longs(4)).allMatch(length -> length == time);
      NDList results = fusible && full ? fused(in, x, states) : steps.run(in, x, states, direction);
      // time, direction, batch, hidden
      NDArray y = results.get(0);
      NDList ordered = new NDList(batchFirst ? y.transpose(2, 0, 1, 3) : y);
      for (int i = 1; i < results.size(); i++) {
        ordered.add(batchFirst ? results.get(i).swapAxes(0, 1) : results.get(i));
      }
      return ordered;
    }

    private NDArray state(Arguments in, int input, long batch, long hidden) {
      if (in.has(input)) {
        return batchFirst ? in.get(input).swapAxes(0, 1) : in.get(input);
      }
      return in.scope().zeros(new Shape(directions(), batch, hidden), in.get(0).getDataType());
    }

    private NDList fused(Arguments in, NDArray x, NDList states) {
      boolean backwards = direction.equals("reverse");
      int[] order = kind == RecurrentKind.LSTM ? LSTM_ORDER : GRU_ORDER;
      NDList weights = new NDList();
      for (int d = 0; d < directions(); d++) {
        weights.add(ordered(part(in.get(1), d), order));
        weights.add(ordered(part(in.get(2), d), order));
        if (in.has(3)) {
          NDArray bias = part(in.get(3), d);
          long half = bias.size() / 2;
          weights.add(ordered(Torch.slice(bias, 0, 0, half, 1), order));
          weights.add(ordered(Torch.slice(bias, 0, half, 2 * half, 1), order));
        }
      }
      NDArray source = backwards ? Torch.flip(x, 0) : x;
      boolean both = directions() == 2;
      NDList results =
          kind == RecurrentKind.LSTM
              ? Torch.lstm(source, states, weights, both, in.training())
              : Torch.gru(source, states.get(0), weights, both, in.training());
      NDArray y = backwards ? Torch.flip(results.get(0), 0) : results.get(0);
      Shape shape = y.getShape();
      NDArray split = y.reshape(shape.get(0), shape.get(1), directions(), -1).transpose(0, 2, 1, 3);
      NDList all = new NDList(split);
      results.subList(1, results.size()).forEach(all::add);
      return all;
    }

    /** The gates of a weight or bias in another order. */
    private static NDArray ordered(NDArray gates, int[] order) {
      long each = gates.getShape().get(0) / order.length;
      NDList parts = new NDList();
      for (int gate : order) {
        parts.add(Torch.slice(gates, 0, gate * each, (gate + 1) * each, 1));
      }
      NDList rest = new NDList(parts.subList(1, parts.size()));
      return parts.head().getNDArrayInternal().concat(rest, 0);
    }
  }

  /** What belongs to one direction. */
  static NDArray part(NDArray all, int direction) {
    return Reductions.withoutDims(
        Torch.slice(all, 0, direction, direction + 1L, 1), new long[] {0});
  }
}
