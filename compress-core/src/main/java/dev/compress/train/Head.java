package dev.compress.train;

import dev.compress.graph.Graph;
import dev.compress.graph.GraphIndex;
import dev.compress.graph.Node;
import java.util.Optional;

/**
 * An output, and the value that a loss is computed from: of probabilities the scores that they were
 * made of.
 *
 * @param output of the graph
 * @param value the scores; the output itself where it is no probability
 * @param form what is done to the scores
 */
public record Head(String output, String value, Form form) {
  /** What is done to scores. */
  public enum Form {
    /** Nothing. */
    SCORES,
    /** Softmax or its logarithm. */
    SOFTMAX,
    /** The logistic function. */
    SIGMOID
  }

  /**
   * The head of an output.
   *
   * @param graph a valid graph
   * @param output one of its outputs
   */
  public static Head of(Graph graph, String output) {
    GraphIndex index = new GraphIndex(graph);
    String value = output;
    Optional<Node> producer = index.producer(value);
    while (producer.isPresent() && producer.get().is("Identity")) {
      value = producer.get().input(0);
      producer = index.producer(value);
    }
    if (producer.isEmpty()) {
      return new Head(output, output, Form.SCORES);
    }
    Node last = producer.get();
    if (last.is("Softmax") || last.is("LogSoftmax")) {
      return new Head(output, last.input(0), Form.SOFTMAX);
    }
    return last.is("Sigmoid")
        ? new Head(output, last.input(0), Form.SIGMOID)
        : new Head(output, output, Form.SCORES);
  }
}
