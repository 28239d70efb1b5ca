/**
 * Datasets: readers of files and folders, the descriptor that says what a file cannot, the
 * preprocessing up to a model's input, and batches that stream with constant memory. {@link
 * dev.compress.data.Dataset} is the door; everything else serves it. Imports only {@code error},
 * {@code tensor}, {@code graph} (how a model declares its inputs) and {@code metric} (a dataset may
 * name its metric), and Jackson for YAML and JSON lines.
 */
@NullMarked
package dev.compress.data;

import org.jspecify.annotations.NullMarked;
