package dev.compress.prune.channels;

import dev.compress.graph.Node;
import dev.compress.prune.channels.Coupling.Role;

/**
 * How LSTM, GRU and RNN couple channels: the hidden units are rows of each gate in the weights of
 * the input and of the recurrence, columns of the recurrence, and the channels of the outputs. Both
 * directions lose the same places, as they share one hidden size.
 */
final class RecurrentRules {
  private RecurrentRules() {}

  /** Applies to a node; false if it is none of these. */
  static boolean apply(Node node, Coupling coupling) {
    int gates =
        switch (node.opType()) {
          case "LSTM" -> 4;
          case "GRU" -> 3;
          case "RNN" -> 1;
          default -> 0;
        };
    if (gates == 0) {
      return false;
    }
    int[][] x = coupling.of(node.input(0));
    int[][] w = coupling.of(node.input(1));
    int[][] r = coupling.of(node.input(2));
    boolean constant =
        coupling.index().constant(node.input(1)).isPresent()
            && coupling.index().constant(node.input(2)).isPresent();
    if (!constant || x.length != 3 || w.length != 3 || r.length != 3 || r[2].length == 0) {
      coupling.opaqueLayer(
          node, constant ? "the rank of its input is unknown" : "its weight is computed");
      return true;
    }
    boolean batchFirst = node.intAttribute("layout", 0) != 0;
    coupling.couple(x[2], w[2], node);
    coupling.use(node.input(1), 2, Role.INPUT, node);
    coupling.use(node.input(1), 1, Role.OUTPUT, node);
    coupling.use(node.input(2), 2, Role.INPUT, node);
    coupling.use(node.input(2), 1, Role.FOLLOWER, node);
    coupling.pin(w[0], node, "an axis of directions");
    coupling.pin(r[0], node, "an axis of directions");
    int[] hidden = r[2];
    tie(coupling, hidden, w[1]);
    tie(coupling, hidden, r[1]);
    if (node.hasInput(3)) {
      int[][] b = coupling.of(node.input(3));
      coupling.use(node.input(3), 1, Role.FOLLOWER, node);
      coupling.pin(b[0], node, "an axis of directions");
      tie(coupling, hidden, b[1]);
    }
    for (int i = 5; i <= 6; i++) {
      if (node.hasInput(i)) {
        state(node, coupling, node.input(i), hidden);
      }
    }
    if (node.hasInput(7)) {
      coupling.pinAll(node.input(7), node, "its gates look at the cells");
      coupling.pin(hidden, node, "its gates look at the cells");
    }
    outputs(node, coupling, x, hidden, batchFirst);
    return true;
  }

  private static void tie(Coupling coupling, int[] hidden, int[] gates) {
    for (int i = 0; i < gates.length; i++) {
      coupling.atoms().unite(gates[i], hidden[i % hidden.length]);
    }
  }

  private static void state(Node node, Coupling coupling, String value, int[] hidden) {
    int[][] axes = coupling.of(value);
    coupling.use(value, 2, Role.FOLLOWER, node);
    coupling.couple(hidden, axes.length == 3 ? axes[2] : Coupling.FIXED, node);
  }

  private static void outputs(
      Node node, Coupling coupling, int[][] x, int[] hidden, boolean batchFirst) {
    int[][] all = Coupling.fixed(4);
    all[3] = hidden;
    all[batchFirst ? 0 : 2] = x[batchFirst ? 0 : 1];
    all[batchFirst ? 1 : 0] = x[batchFirst ? 1 : 0];
    coupling.set(node.output(0), all);
    int[][] last = Coupling.fixed(3);
    last[2] = hidden;
    last[batchFirst ? 0 : 1] = x[batchFirst ? 0 : 1];
    coupling.set(node.output(1), last);
    coupling.set(node.output(2), last);
  }
}
