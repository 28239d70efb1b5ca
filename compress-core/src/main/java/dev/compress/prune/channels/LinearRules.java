package dev.compress.prune.channels;

import dev.compress.graph.Node;
import dev.compress.prune.channels.Coupling.Role;

/** How convolutions and matrix products couple channels: they make new ones. */
final class LinearRules {
  private LinearRules() {}

  /** Applies to a node; false if it is none of these. */
  static boolean apply(Node node, Coupling coupling) {
    switch (node.opType()) {
      case "Conv" -> convolution(node, coupling, false);
      case "ConvTranspose" -> convolution(node, coupling, true);
      case "Gemm" -> gemm(node, coupling);
      case "MatMul" -> matMul(node, coupling);
      default -> {
        return false;
      }
    }
    return true;
  }

  private static void convolution(Node node, Coupling coupling, boolean transposed) {
    int[][] x = coupling.of(node.input(0));
    int[][] w = coupling.of(node.input(1));
    boolean constant = coupling.index().constant(node.input(1)).isPresent();
    if (x.length < 3 || x.length != w.length || !constant) {
      coupling.opaqueLayer(
          node, constant ? "the rank of its input is unknown" : "its weight is computed");
      return;
    }
    for (int i = 2; i < w.length; i++) {
      coupling.pin(w[i], node, "an axis of its kernel");
      coupling.pin(x[i], node, "its kernel moves along that axis");
    }
    coupling.use(node.input(1), 0, transposed ? Role.INPUT : Role.OUTPUT, node);
    coupling.use(node.input(1), 1, transposed ? Role.OUTPUT : Role.INPUT, node);
    int groups = Math.toIntExact(node.intAttribute("group", 1));
    int[] out = groups == 1 ? w[transposed ? 1 : 0] : grouped(node, coupling, groups, transposed);
    if (groups == 1) {
      coupling.couple(x[1], w[transposed ? 0 : 1], node);
    }
    int[][] y = Coupling.fixed(x.length);
    y[0] = x[0];
    y[1] = out;
    if (node.hasInput(2)) {
      int[][] bias = coupling.of(node.input(2));
      coupling.use(node.input(2), 0, Role.FOLLOWER, node);
      coupling.couple(out, bias.length == 1 ? bias[0] : Coupling.FIXED, node);
    }
    coupling.set(node.output(0), y);
  }

  /**
   * Many small groups (depthwise among them) are removed whole. Of few large ones each loses the
   * same places, so that they stay equally large.
   */
  private static int[] grouped(Node node, Coupling coupling, int groups, boolean transposed) {
    int[] in = coupling.of(node.input(0))[1];
    int[][] w = coupling.of(node.input(1));
    int inPerGroup =
        (int) (coupling.size(node.input(1), transposed ? 0 : 1) / (transposed ? groups : 1));
    int outPerGroup =
        (int) (coupling.size(node.input(1), transposed ? 1 : 0) / (transposed ? 1 : groups));
    int[] outAxis = transposed ? w[1] : w[0];
    int[] inAxis = transposed ? w[0] : w[1];
    if (in.length == 0) {
      coupling.pin(w[0], node, "the channels that its groups read cannot be removed");
      coupling.pin(w[1], node, "the channels that its groups read cannot be removed");
      return Coupling.FIXED;
    }
    boolean whole = groups >= inPerGroup;
    if (transposed) {
      coupling.couple(in, inAxis, node);
      int[] out = new int[groups * outPerGroup];
      int[] made = whole ? coupling.atoms().fresh(out.length) : outAxis;
      for (int o = 0; o < out.length; o++) {
        if (!whole && outAxis.length == 0) { // one output channel a group, that cannot go alone
          coupling.pin(in, node, "each of its groups makes one channel");
          return Coupling.FIXED;
        }
        out[o] = whole ? made[o] : made[o % outPerGroup];
      }
      if (whole) {
        coupling.pin(outAxis, node, "its groups are removed whole");
        tieWhole(coupling, in, inPerGroup, out, outPerGroup);
      } else {
        tiePlaces(coupling, in, inPerGroup);
      }
      return out;
    }
    if (outAxis.length == 0) {
      coupling.pin(in, node, "it makes one channel");
      return Coupling.FIXED;
    }
    if (whole) {
      coupling.pin(inAxis, node, "its groups are removed whole");
      tieWhole(coupling, in, inPerGroup, outAxis, outPerGroup);
    } else {
      for (int i = 0; i < in.length; i++) {
        coupling.atoms().unite(in[i], inAxis[i % inPerGroup]);
      }
      tiePlaces(coupling, outAxis, outPerGroup);
    }
    return outAxis;
  }

  private static void tieWhole(Coupling coupling, int[] in, int inEach, int[] out, int outEach) {
    for (int i = 0; i < in.length; i++) {
      coupling.atoms().unite(in[i], in[i / inEach * inEach]);
    }
    for (int o = 0; o < out.length; o++) {
      coupling.atoms().unite(out[o], in[o / outEach * inEach]);
    }
  }

  private static void tiePlaces(Coupling coupling, int[] axis, int each) {
    for (int i = each; i < axis.length; i++) {
      coupling.atoms().unite(axis[i], axis[i % each]);
    }
  }

  private static void gemm(Node node, Coupling coupling) {
    int[][] a = coupling.of(node.input(0));
    int[][] b = coupling.of(node.input(1));
    if (a.length != 2 || b.length != 2) {
      coupling.opaque(node, "the rank of an input is unknown");
      return;
    }
    int sumA = node.intAttribute("transA", 0) != 0 ? 0 : 1;
    int sumB = node.intAttribute("transB", 0) != 0 ? 1 : 0;
    coupling.couple(a[sumA], b[sumB], node);
    coupling.use(node.input(0), sumA, Role.INPUT, node);
    coupling.use(node.input(0), 1 - sumA, Role.OUTPUT, node);
    coupling.use(node.input(1), sumB, Role.INPUT, node);
    coupling.use(node.input(1), 1 - sumB, Role.OUTPUT, node);
    int[][] y = {a[1 - sumA], b[1 - sumB]};
    if (node.hasInput(2)) {
      int[][] c = coupling.of(node.input(2));
      for (int i = 0; i < c.length; i++) {
        if (coupling.size(node.input(2), i) != 1) {
          coupling.use(node.input(2), i, Role.FOLLOWER, node);
          coupling.couple(y[2 - c.length + i], c[i], node);
        }
      }
    }
    coupling.set(node.output(0), y);
  }

  private static void matMul(Node node, Coupling coupling) {
    int[][] a = coupling.of(node.input(0));
    int[][] b = coupling.of(node.input(1));
    if (a.length < 2 || b.length < 2) {
      coupling.opaque(node, "an input is a vector, or its rank is unknown");
      return;
    }
    coupling.couple(a[a.length - 1], b[b.length - 2], node);
    coupling.use(node.input(0), a.length - 1, Role.INPUT, node);
    coupling.use(node.input(0), a.length - 2, Role.OUTPUT, node);
    coupling.use(node.input(1), b.length - 2, Role.INPUT, node);
    coupling.use(node.input(1), b.length - 1, Role.OUTPUT, node);
    int rank = Math.max(a.length, b.length);
    int[][] y = Coupling.fixed(rank);
    y[rank - 1] = b[b.length - 1];
    y[rank - 2] = a[a.length - 2];
    for (int fromEnd = 3; fromEnd <= rank; fromEnd++) {
      int i = a.length - fromEnd;
      int j = b.length - fromEnd;
      boolean wideA = i >= 0 && coupling.size(node.input(0), i) != 1;
      boolean wideB = j >= 0 && coupling.size(node.input(1), j) != 1;
      if (wideA && wideB) {
        coupling.couple(a[i], b[j], node);
      }
      int[] one = wideA ? a[i] : wideB ? b[j] : Coupling.FIXED;
      y[rank - fromEnd] = wideA && wideB && b[j].length == 0 ? Coupling.FIXED : one;
    }
    coupling.set(node.output(0), y);
  }
}
