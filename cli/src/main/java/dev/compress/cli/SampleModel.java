package dev.compress.cli;

/**
 * An embedded model with its dataset.
 *
 * @param name what stands after "sample:"
 * @param description what it does, and on which data
 */
record SampleModel(String name, String description) {}
