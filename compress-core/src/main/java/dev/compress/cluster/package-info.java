/**
 * Clustering: few distinct values a weight. The arithmetic (points in, centroids out) stands apart
 * from the pass that edits a graph, and from what {@code quantize} asks when codes are to be
 * clustered. Imports what is below {@code pass}, {@code pass} itself, and of {@code quantize} its
 * filter of nodes and its port for codes.
 */
@NullMarked
package dev.compress.cluster;

import org.jspecify.annotations.NullMarked;
