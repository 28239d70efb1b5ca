package dev.compress.models.autograd.op;

import ai.djl.ndarray.NDArray;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** Einstein's summation as products of batches of matrices, two operands at a time. */
final class EinsumOperator {
  private EinsumOperator() {}

  static void register(OperatorRegistry registry) {
    registry.single("Einsum", EinsumOperator::create);
  }

  private static Operator.Single create(NodeReader node) {
    String equation = node.text("equation", "").replace(" ", "");
    node.require(!equation.contains("."), "an equation with an ellipsis is not known here");
    int arrow = equation.indexOf("->");
    String left = arrow < 0 ? equation : equation.substring(0, arrow);
    List<String> operands = Arrays.asList(left.split(",", -1));
    String output = arrow < 0 ? implicitOutput(left) : equation.substring(arrow + 2);
    for (String operand : operands) {
      node.require(
          operand.chars().distinct().count() == operand.length(),
          "an equation with a diagonal is not known here");
    }
    return in -> {
      Term term = new Term(in.get(0), operands.get(0));
      for (int i = 1; i < operands.size(); i++) {
        Set<Character> later = letters(output);
        for (int k = i + 1; k < operands.size(); k++) {
          later.addAll(letters(operands.get(k)));
        }
        term = product(term, new Term(in.get(i), operands.get(i)), later);
      }
      return summed(term, letters(output)).ordered(output).array();
    };
  }

  /** Without an arrow: all labels that appear once, in the order of the alphabet. */
  private static String implicitOutput(String left) {
    TreeMap<Character, Integer> counts = new TreeMap<>();
    for (int i = 0; i < left.length(); i++) {
      if (left.charAt(i) != ',') {
        counts.merge(left.charAt(i), 1, Integer::sum);
      }
    }
    StringBuilder output = new StringBuilder();
    counts.forEach((label, count) -> output.append(count == 1 ? label.toString() : ""));
    return output.toString();
  }

  /** An array with a letter a dim. */
  private record Term(NDArray array, String labels) {
    long size(char label) {
      return array.getShape().get(labels.indexOf(label));
    }

    Term ordered(String wanted) {
      if (wanted.equals(labels)) {
        return this;
      }
      return new Term(array.transpose(wanted.chars().map(labels::indexOf).toArray()), wanted);
    }
  }

  private static Set<Character> letters(String labels) {
    Set<Character> letters = new LinkedHashSet<>();
    for (int i = 0; i < labels.length(); i++) {
      letters.add(labels.charAt(i));
    }
    return letters;
  }

  private static Term summed(Term term, Set<Character> kept) {
    List<Long> axes = new ArrayList<>();
    StringBuilder left = new StringBuilder();
    for (int i = 0; i < term.labels().length(); i++) {
      if (kept.contains(term.labels().charAt(i))) {
        left.append(term.labels().charAt(i));
      } else {
        axes.add((long) i);
      }
    }
    long[] dims = axes.stream().mapToLong(Long::longValue).toArray();
    return new Term(Reductions.sum(term.array(), dims, false), left.toString());
  }

  /** Sums over all that both share and nothing later wants. */
  private static Term product(Term a, Term b, Set<Character> later) {
    Set<Character> wantedOfA = new TreeSet<>(later);
    wantedOfA.addAll(letters(b.labels()));
    Set<Character> wantedOfB = new TreeSet<>(later);
    wantedOfB.addAll(letters(a.labels()));
    Term left = summed(a, wantedOfA);
    Term right = summed(b, wantedOfB);
    StringBuilder batch = new StringBuilder();
    StringBuilder inner = new StringBuilder();
    StringBuilder rows = new StringBuilder();
    StringBuilder columns = new StringBuilder();
    for (int i = 0; i < left.labels().length(); i++) {
      char label = left.labels().charAt(i);
      boolean shared = right.labels().indexOf(label) >= 0;
      if (!shared) {
        rows.append(label);
      } else {
        (later.contains(label) ? batch : inner).append(label);
      }
    }
    for (int i = 0; i < right.labels().length(); i++) {
      if (left.labels().indexOf(right.labels().charAt(i)) < 0) {
        columns.append(right.labels().charAt(i));
      }
    }
    NDArray x = left.ordered("" + batch + rows + inner).array();
    NDArray y = right.ordered("" + batch + inner + columns).array();
    long batches = sizes(left, batch);
    long summed = sizes(left, inner);
    NDArray result =
        x.reshape(batches, sizes(left, rows), summed)
            .matMul(y.reshape(batches, summed, sizes(right, columns)));
    String labels = "" + batch + rows + columns;
    long[] dims = new long[labels.length()];
    for (int i = 0; i < dims.length; i++) {
      char label = labels.charAt(i);
      dims[i] = left.labels().indexOf(label) >= 0 ? left.size(label) : right.size(label);
    }
    return new Term(result.reshape(dims), labels);
  }

  private static long sizes(Term term, CharSequence labels) {
    long product = 1;
    for (int i = 0; i < labels.length(); i++) {
      product *= term.size(labels.charAt(i));
    }
    return product;
  }
}
