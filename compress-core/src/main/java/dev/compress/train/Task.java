package dev.compress.train;

/** What the outputs of a model are. */
public enum Task {
  /** Scores of classes; a single one is that of class 1 against class 0. */
  CLASSIFICATION,
  /** Values. */
  REGRESSION
}
