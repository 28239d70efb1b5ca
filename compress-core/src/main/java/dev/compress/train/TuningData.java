package dev.compress.train;

import dev.compress.data.Dataset;
import dev.compress.error.InvalidDataException;
import java.util.Optional;

/**
 * What a transformation tunes on.
 *
 * @param training what it learns from
 * @param selection what the best epoch is chosen on; empty: a part of the training data by seed
 */
public record TuningData(Dataset training, Optional<Dataset> selection) {
  /**
   * Requires that no set serves twice: a score on what was learned from or chosen by says nothing.
   *
   * @param score what gives the final score
   * @throws InvalidDataException if two of the three are the same samples, as far as they are one
   *     file read alike
   */
  public void requireApart(Optional<Dataset> score) {
    selection.ifPresent(s -> requireApart("--validation-data", s, "--train-data", training));
    score.ifPresent(
        last -> {
          requireApart("--data", last, "--train-data", training);
          selection.ifPresent(s -> requireApart("--data", last, "--validation-data", s));
        });
  }

  private static void requireApart(String one, Dataset first, String other, Dataset second) {
    if (first.fingerprint().equals(second.fingerprint())) {
      throw new InvalidDataException(
          first.name()
              + " is named twice, for "
              + one
              + " and for "
              + other
              + ": a score on data that was learned from says nothing. Name other data, or another"
              + " part of it in a descriptor (split: {offset: N, count: N}).");
    }
  }
}
