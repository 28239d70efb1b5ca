package dev.compress.data;

/** What the labels of a dataset are. */
public enum LabelKind {
  /** There are none. */
  NONE,
  /** The id of a class. */
  CLASS,
  /** One or more target values. */
  VALUE
}
