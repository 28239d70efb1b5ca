package dev.compress.evaluation;

import java.nio.file.Path;

/**
 * A model to compare.
 *
 * @param name what reports call it; unique within an evaluation
 * @param file its file
 */
public record Variant(String name, Path file) {}
