package dev.compress.prune;

/** Which weights may go together. */
public enum PruneKind {
  /** Any. */
  UNSTRUCTURED,
  /** Two of every four along the inputs. */
  TWO_OF_FOUR
}
