package dev.compress.data;

import dev.compress.error.InvalidDataException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Finds which output of a recurrent model becomes which input of the next step. */
final class StatePairs {
  private StatePairs() {}

  /**
   * By shape and type: of the inputs that no data is for and the outputs, those that can be each
   * other. Several of one shape are paired in their order, which is a note.
   *
   * @param without inputs that no data is for
   * @param outputs of the model
   * @param notes gets what was decided without being said
   * @throws InvalidDataException if an input has no output, or there is more than one way
   */
  static Map<String, String> find(
      List<InputSpec> without, Collection<InputSpec> outputs, List<String> notes) {
    Map<String, String> pairs = new LinkedHashMap<>();
    List<InputSpec> open = new ArrayList<>(without);
    while (!open.isEmpty()) {
      InputSpec first = open.get(0);
      List<InputSpec> alike = open.stream().filter(i -> fits(i, first)).toList();
      List<InputSpec> candidates = outputs.stream().filter(o -> fits(first, o)).toList();
      if (candidates.size() != alike.size()) {
        throw new InvalidDataException(
            "The model's input "
                + first
                + " has no data, and it is not plain which output is its next value: "
                + (candidates.isEmpty() ? "none has its type and shape" : candidates)
                + ". Say sequence: {state: {"
                + first.name()
                + ": OUTPUT}} in the data descriptor.");
      }
      for (int i = 0; i < alike.size(); i++) {
        pairs.put(alike.get(i).name(), candidates.get(i).name());
      }
      if (alike.size() > 1) {
        notes.add(
            "The model's states of one shape are fed back in their order: "
                + pairs
                + ". Say otherwise with sequence: {state: {INPUT: OUTPUT}} in the data descriptor.");
      }
      open.removeAll(alike);
    }
    return pairs;
  }

  /**
   * What somebody said.
   *
   * @throws InvalidDataException if a name is none of the model's
   */
  static void check(Map<String, String> said, Set<String> inputs, Set<String> outputs) {
    said.forEach(
        (input, output) -> {
          if (!inputs.contains(input) || !outputs.contains(output)) {
            throw new InvalidDataException(
                "sequence: state: {"
                    + input
                    + ": "
                    + output
                    + "} of the data descriptor names an input or output that the model does not"
                    + " have. Its inputs are "
                    + inputs
                    + ", its outputs "
                    + outputs
                    + ".");
          }
        });
  }

  private static boolean fits(InputSpec a, InputSpec b) {
    if (!a.type().equals(b.type())) {
      return false;
    }
    if (a.anyRank() || b.anyRank()) {
      return true;
    }
    boolean fits = a.dims().size() == b.dims().size();
    for (int i = 0; fits && i < a.dims().size(); i++) {
      fits = a.dims().get(i) < 0 || b.dims().get(i) < 0 || a.dims().get(i).equals(b.dims().get(i));
    }
    return fits;
  }
}
