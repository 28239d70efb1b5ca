package dev.compress.onnx;

import dev.compress.graph.Attribute;
import dev.compress.graph.AttributeValue;
import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.tensor.ByteSource;
import dev.compress.tensor.ElementType;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which tensors go where in an external data file. Tensors that share their bytes share their
 * place.
 */
final class ExternalLayout {
  /**
   * Smaller ones stay in the model: runtimes look at them (shapes, axes) before they open files.
   */
  private static final int SMALLEST = 1 << 10;

  private static final int LARGE = 1 << 20;

  /** ONNX recommends whole pages, so that runtimes can map the file; not for the small ones. */
  private static final int LARGE_ALIGNMENT = 4096;

  private static final int ALIGNMENT = 64;

  /**
   * One piece of the file.
   *
   * @param offset where it begins
   */
  record Piece(ByteSource source, long offset) {}

  private final boolean attributesToo;
  private final List<Piece> pieces = new ArrayList<>();
  private final Map<ByteSource, Piece> bySource = new HashMap<>();
  private long size;

  private ExternalLayout(boolean attributesToo) {
    this.attributesToo = attributesToo;
  }

  /**
   * Lays out a model's tensors.
   *
   * @param attributesToo whether the tensors of attributes are moved out as well; not every tool
   *     expects that
   */
  static ExternalLayout of(OnnxModel model, boolean attributesToo) {
    ExternalLayout layout = new ExternalLayout(attributesToo);
    layout.add(model.graph());
    return layout;
  }

  private void add(Graph graph) {
    for (Initializer initializer : graph.initializers()) {
      add(initializer);
    }
    for (Node node : graph.nodes()) {
      for (Attribute attribute : node.attributes()) {
        add(attribute.value());
      }
    }
  }

  private void add(AttributeValue value) {
    if (value instanceof AttributeValue.GraphValue graph) {
      add(graph.value());
    } else if (value instanceof AttributeValue.GraphsValue graphs) {
      graphs.values().forEach(this::add);
    } else if (attributesToo && value instanceof AttributeValue.TensorValue tensor) {
      add(tensor.value());
    } else if (attributesToo && value instanceof AttributeValue.TensorsValue tensors) {
      tensors.values().forEach(this::add);
    }
  }

  private void add(Initializer tensor) {
    ByteSource source = tensor.tensor().data();
    boolean movable =
        source.size() >= SMALLEST && !tensor.tensor().type().equals(ElementType.STRING);
    if (!movable || bySource.containsKey(source)) {
      return;
    }
    int alignment = source.size() >= LARGE ? LARGE_ALIGNMENT : ALIGNMENT;
    long offset = Math.addExact(size, alignment - 1L) / alignment * alignment;
    Piece piece = new Piece(source, offset);
    pieces.add(piece);
    bySource.put(source, piece);
    size = Math.addExact(offset, source.size());
  }

  /** The file's content, in order; between the pieces there may be gaps. */
  List<Piece> pieces() {
    return pieces;
  }

  /** The file's size. */
  long size() {
    return size;
  }

  /** The tensors' places, once the file has a name. */
  TensorPlacement placement(String location) {
    return (tensor, isInitializer) -> place(tensor, isInitializer, location);
  }

  private TensorPlacement.@Nullable Place place(
      Initializer tensor, boolean isInitializer, String location) {
    Piece piece = isInitializer || attributesToo ? bySource.get(tensor.tensor().data()) : null;
    return piece == null ? null : new TensorPlacement.Place(location, piece.offset());
  }
}
