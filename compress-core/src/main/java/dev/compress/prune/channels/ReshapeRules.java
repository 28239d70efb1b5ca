package dev.compress.prune.channels;

import dev.compress.graph.Dim;
import dev.compress.graph.Node;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * How Reshape, Flatten, Squeeze, Unsqueeze and Expand couple channels. Axes that are merged make a
 * block of positions of each channel; an axis that is cut keeps the channels of one of the new axes
 * and ties those that differ in the others: attention heads, or the places of a channel shuffle.
 */
final class ReshapeRules {
  private static final Set<String> RESHAPES = Set.of("Reshape", "Flatten", "Squeeze", "Unsqueeze");

  /** Stand for dims whose size is unknown, so that products still tell which axes make which. */
  private static final long[] PRIMES = {1000003, 1000033, 1000037, 1000039, 1000081, 1000099};

  private ReshapeRules() {}

  /** Applies to a node; false if it is none of these. */
  static boolean apply(Node node, Coupling coupling) {
    if (node.is("Expand")) {
      expand(node, coupling);
      return true;
    }
    if (!RESHAPES.contains(node.opType())) {
      return false;
    }
    int[][] x = coupling.of(node.input(0));
    if (Arrays.stream(x).allMatch(a -> a.length == 0)) {
      coupling.set(
          node.output(0), Coupling.fixed(coupling.shapes().rank(node.output(0)).orElse(0)));
      return true;
    }
    Optional<List<Dim>> made = coupling.shapes().dims(node.output(0));
    Optional<long[][]> sizes = made.flatMap(dims -> sizes(node, coupling, x, dims));
    if (made.isEmpty()) {
      coupling.opaque(node, "the rank of its output is unknown");
      return true;
    }
    int[][] y =
        sizes.isPresent()
            ? match(node, coupling, x, sizes.get()[0], sizes.get()[1])
            : matchFromEnd(node, coupling, x, made.get());
    if (node.is("Reshape")) {
      y = pinComputed(node, coupling, y);
    }
    coupling.set(node.output(0), y);
    return true;
  }

  /** An axis whose size another node computes stays. */
  private static int[][] pinComputed(Node node, Coupling coupling, int[][] y) {
    TargetShape target = TargetShape.of(node.input(1), coupling.index());
    int[][] result = y.clone();
    for (int i = 0; i < y.length; i++) {
      if (y[i].length > 0 && !target.isSettable(i, y.length)) {
        coupling.pin(y[i], node, "the size of that axis is computed");
        result[i] = Coupling.FIXED;
      }
    }
    return result;
  }

  /** The sizes of the axes before and after, with primes for those that are unknown. */
  private static Optional<long[][]> sizes(Node node, Coupling coupling, int[][] x, List<Dim> made) {
    Map<String, Long> named = new HashMap<>();
    long[] in = new long[x.length];
    List<Dim> before = coupling.shapes().dims(node.input(0)).orElse(List.of());
    if (before.size() != x.length) {
      return Optional.empty();
    }
    for (int i = 0; i < in.length; i++) {
      in[i] = x[i].length > 0 ? x[i].length : size(before.get(i), named);
    }
    long[] out = new long[made.size()];
    for (int i = 0; i < out.length; i++) {
      out[i] = size(made.get(i), named);
    }
    if (named.size() > PRIMES.length || !solve(in, out)) {
      return Optional.empty();
    }
    return Optional.of(new long[][] {in, out});
  }

  private static long size(Dim dim, Map<String, Long> named) {
    if (dim.sizeOrUnknown() >= 0) {
      return dim.sizeOrUnknown();
    }
    if (dim instanceof Dim.Symbolic symbol) {
      return named.computeIfAbsent(
          symbol.name(), n -> PRIMES[Math.min(named.size(), PRIMES.length - 1)]);
    }
    return -1;
  }

  /** Finds what is still unknown; false if that cannot be. */
  private static boolean solve(long[] in, long[] out) {
    int missingIn = only(in);
    int missingOut = only(out);
    if (missingIn == -2 || missingOut == -2) {
      return false;
    }
    if (missingIn >= 0 && missingOut >= 0) {
      in[missingIn] = 1000117;
      out[missingOut] = 1000117;
    } else if (missingOut >= 0) {
      out[missingOut] = quotient(in, out);
    } else if (missingIn >= 0) {
      in[missingIn] = quotient(out, in);
    }
    return product(in) == product(out) && product(in) > 0;
  }

  /** Which one is unknown; -1 for none, -2 for several. */
  private static int only(long[] sizes) {
    int found = -1;
    for (int i = 0; i < sizes.length; i++) {
      if (sizes[i] < 0) {
        found = found == -1 ? i : -2;
      }
    }
    return found;
  }

  private static long quotient(long[] whole, long[] part) {
    long rest = 1;
    for (long size : part) {
      rest *= Math.max(1, size);
    }
    return rest > 0 ? (long) (product(whole) / rest) : 0;
  }

  /** Exact enough to compare: sizes beyond 2^53 do not fit a tensor, primes aside. */
  private static double product(long[] sizes) {
    double product = 1;
    for (long size : sizes) {
      product *= size;
    }
    return product;
  }

  private static int[][] match(Node node, Coupling coupling, int[][] x, long[] in, long[] out) {
    int[][] y = Coupling.fixed(out.length);
    int i = 0;
    int o = 0;
    while (i < in.length || o < out.length) {
      int i0 = i;
      int o0 = o;
      double a = i < in.length ? in[i++] : 1;
      double b = o < out.length ? out[o++] : 1;
      while (a != b) {
        if (a < b) {
          a *= in[i++];
        } else {
          b *= out[o++];
        }
      }
      segment(node, coupling, new Segment(x, in, out, i0, i, o0, o), y);
    }
    return y;
  }

  /**
   * Where sizes are unknown: the last axes, as far as they are known, make each other; whatever
   * stands before them then does too.
   */
  private static int[][] matchFromEnd(Node node, Coupling coupling, int[][] x, List<Dim> made) {
    long[] in = new long[x.length];
    for (int i = 0; i < in.length; i++) {
      in[i] = coupling.size(node.input(0), i);
    }
    long[] out = new long[made.size()];
    TargetShape target = TargetShape.of(node.input(1), coupling.index());
    for (int i = 0; i < out.length; i++) {
      long declared = made.get(i).sizeOrUnknown();
      boolean given = target.entries().size() == out.length && target.entries().get(i).value() > 0;
      out[i] = declared < 0 && given ? target.entries().get(i).value() : declared;
    }
    int[][] y = Coupling.fixed(out.length);
    int i1 = in.length;
    int o1 = out.length;
    while (i1 > 0 && o1 > 0) {
      int i = i1 - 1;
      int o = o1 - 1;
      long a = in[i];
      long b = out[o];
      while (a != b && a > 0 && b > 0 && (a < b ? i > 0 : o > 0)) {
        if (a < b) {
          a = in[--i] < 0 ? -1 : a * in[i];
        } else {
          b = out[--o] < 0 ? -1 : b * out[o];
        }
      }
      if (a != b || a < 0) { // an unknown size is -1 on either side
        break;
      }
      segment(node, coupling, new Segment(x, in, out, i, i1, o, o1), y);
      i1 = i;
      o1 = o;
    }
    for (int i = 0; i < i1; i++) {
      coupling.pin(x[i], node, "the sizes of its axes are unknown");
    }
    return y;
  }

  /** Axes {@code i0..i1} of the input that make axes {@code o0..o1} of the output. */
  @SuppressWarnings("ArrayRecordComponent") // lives for one call, is never compared
  private record Segment(int[][] x, long[] in, long[] out, int i0, int i1, int o0, int o1) {
    List<Integer> wideIn() {
      return wide(in, i0, i1);
    }

    List<Integer> wideOut() {
      return wide(out, o0, o1);
    }

    private static List<Integer> wide(long[] sizes, int from, int to) {
      List<Integer> wide = new ArrayList<>();
      for (int i = from; i < to; i++) {
        if (sizes[i] != 1) {
          wide.add(i);
        }
      }
      return wide;
    }
  }

  private static void segment(Node node, Coupling coupling, Segment s, int[][] y) {
    List<Integer> in = s.wideIn();
    List<Integer> out = s.wideOut();
    List<Integer> labelled = in.stream().filter(i -> s.x()[i].length > 0).toList();
    if (labelled.isEmpty()) {
      return;
    }
    if (in.size() == 1 && out.size() == 1) {
      y[out.get(0)] = s.x()[in.get(0)];
    } else if (out.size() == 1) {
      for (int i : labelled.subList(1, labelled.size())) {
        coupling.pin(s.x()[i], node, "it merges several axes of channels");
      }
      y[out.get(0)] = merged(s, in, labelled.get(0));
      if (y[out.get(0)].length == 0) {
        coupling.pin(s.x()[labelled.get(0)], node, "it makes an axis too long to follow");
      }
    } else if (in.size() == 1) {
      boolean shuffles = s.i1() < s.in().length;
      int carrier = shuffles ? out.size() - 1 : out.size() == 2 ? 0 : 1;
      y[out.get(carrier)] = cut(coupling, s, in.get(0), out, carrier);
    } else {
      for (int i : labelled) {
        coupling.pin(s.x()[i], node, "it cuts and merges axes at once");
      }
    }
  }

  private static int[] merged(Segment s, List<Integer> in, int labelled) {
    long inner = 1;
    long all = 1;
    for (int i : in) {
      all *= s.in()[i];
      inner *= i > labelled ? s.in()[i] : 1;
    }
    if (all > 1 << 24) {
      return Coupling.FIXED;
    }
    int[] axis = new int[(int) all];
    int[] channels = s.x()[labelled];
    for (int p = 0; p < axis.length; p++) {
      axis[p] = channels[(int) (p / inner % channels.length)];
    }
    return axis;
  }

  private static int[] cut(Coupling coupling, Segment s, int in, List<Integer> out, int carrier) {
    int[] channels = s.x()[in];
    int length = (int) s.out()[out.get(carrier)];
    int inner = 1;
    for (int i = carrier + 1; i < out.size(); i++) {
      inner *= (int) s.out()[out.get(i)];
    }
    int[] axis = new int[length];
    for (int p = 0; p < channels.length; p++) {
      int place = p / inner % length;
      int first = place * inner;
      coupling.atoms().unite(channels[p], channels[first]);
      axis[place] = channels[first];
    }
    return axis;
  }

  private static void expand(Node node, Coupling coupling) {
    int[][] x = coupling.of(node.input(0));
    Optional<long[]> shape = coupling.integers(node.input(1));
    int rank = coupling.shapes().rank(node.output(0)).orElse(-1);
    if (shape.isEmpty() || rank < x.length || shape.get().length > rank) {
      coupling.opaque(node, "the shape that it expands to is computed");
      return;
    }
    int[][] y = Coupling.fixed(rank);
    System.arraycopy(x, 0, y, rank - x.length, x.length);
    coupling.set(node.output(0), y);
  }
}
