package dev.compress.data;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What a descriptor says of samples that are sequences for a recurrent model: how one is cut into
 * windows, and which outputs are fed back.
 *
 * @param input the input that is cut; empty: the only one that is neither a state nor a constant
 * @param axis the dim of a sample that counts time
 * @param window values of a step; empty: as many as the model's input takes
 * @param stride from one window to the next; empty: the window
 * @param context values before a window that are put in front of it; zeros before the first
 * @param state the output that becomes each state input's next value; empty: found by shape
 * @param score which steps make a sample's score
 */
record SequenceSpec(
    Optional<String> input,
    int axis,
    OptionalInt window,
    OptionalInt stride,
    int context,
    Map<String, String> state,
    Score score) {
  /** How the outputs of the steps become one. */
  enum Score {
    LAST,
    MAX,
    MEAN
  }

  SequenceSpec {
    state = Collections.unmodifiableMap(new LinkedHashMap<>(state));
  }
}
