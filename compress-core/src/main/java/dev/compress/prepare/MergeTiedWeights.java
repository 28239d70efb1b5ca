package dev.compress.prepare;

import dev.compress.graph.Graph;
import dev.compress.graph.GraphEditor;
import dev.compress.graph.GraphIndex;
import dev.compress.graph.GraphIndex.Use;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.pass.CompressionPass;
import dev.compress.pass.NotApplicable;
import dev.compress.pass.PassContext;
import dev.compress.pass.PassResult;
import dev.compress.pass.PassResult.Change;
import dev.compress.pass.PassResult.Skipped;
import dev.compress.tensor.Sha256;
import dev.compress.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Makes one initializer of several with the same type, shape and bytes, as exporters leave them
 * where a model ties its weights, and says which embedding is tied to an output projection.
 *
 * <pre>{@code
 * before: Gather(E, ids); MatMul(h, F), E = F bit for bit     after: Gather(E, ids); MatMul(h, E)
 * }</pre>
 *
 * <p>Equality is by SHA-256 of the bytes, read in pieces; only tensors that agree in type, shape
 * and both ends are read at all. An embedding whose transpose is stored once more as the weight of
 * a projection is reported as left alone: a Transpose in its place would hide the weight from
 * quantization. Tensors that a caller may override, and those under the limit, are left alone: a
 * shared bias saves nothing and would tie the scales of two layers together.
 *
 * @param minimumBytes tensors with fewer bytes are not merged
 */
public record MergeTiedWeights(long minimumBytes) implements CompressionPass {
  private static final int PROBE_BYTES = 1 << 10;

  /** From 1 KiB on. */
  public MergeTiedWeights() {
    this(1024);
  }

  @Override
  public String name() {
    return "merge-tied-weights";
  }

  @Override
  public Optional<NotApplicable> notApplicableTo(OnnxModel model) {
    return candidates(model.graph()).isEmpty()
        ? Optional.of(new NotApplicable("No two initializers agree in type and shape."))
        : Optional.empty();
  }

  private List<List<Initializer>> candidates(Graph graph) {
    var overridable = IrVersions.overridable(graph);
    Map<String, List<Initializer>> byKind = new LinkedHashMap<>();
    for (Initializer initializer : graph.initializers()) {
      Tensor tensor = initializer.tensor();
      if (tensor.byteSize() >= minimumBytes && !overridable.contains(initializer.name())) {
        byKind
            .computeIfAbsent(tensor.type().name() + " " + tensor.shape(), k -> new ArrayList<>())
            .add(initializer);
      }
    }
    return byKind.values().stream().filter(same -> same.size() > 1).toList();
  }

  @Override
  public PassResult apply(OnnxModel model, PassContext context) {
    Graph graph = model.graph();
    GraphIndex index = new GraphIndex(graph);
    GraphEditor editor = new GraphEditor(graph);
    List<Change> changes = new ArrayList<>();
    List<Skipped> skipped = new ArrayList<>();
    Map<String, String> merged = new LinkedHashMap<>();
    for (List<Initializer> same : candidates(graph)) {
      for (List<Initializer> alike : alike(same)) {
        context.progress().check();
        merge(alike, index, merged, changes, skipped);
      }
    }
    editor.replaceUses(merged);
    merged.keySet().forEach(editor::removeInitializer);
    for (TransposedTwins.Twins twins :
        TransposedTwins.find(graph, minimumBytes, context.progress())) {
      skipped.add(
          new Skipped(
              twins.weight().name(),
              "Initializer",
              "the transpose of the embedding "
                  + twins.table().name()
                  + ", stored once more for "
                  + twins.product().label()
                  + ": "
                  + twins.weight().tensor().byteSize()
                  + " bytes"));
    }
    return changes.isEmpty()
        ? new PassResult(model, changes, skipped, List.of())
        : PassResult.of(model.withGraph(editor.build()), changes, skipped);
  }

  private static void merge(
      List<Initializer> alike,
      GraphIndex index,
      Map<String, String> merged,
      List<Change> changes,
      List<Skipped> skipped) {
    Map<String, String> firstByHash = new LinkedHashMap<>();
    for (Initializer initializer : alike) {
      Tensor tensor = initializer.tensor();
      String first =
          firstByHash.putIfAbsent(hash(tensor, 0, tensor.byteSize()), initializer.name());
      if (first == null) {
        continue;
      }
      if (index.isOutput(initializer.name())) {
        skipped.add(
            new Skipped(
                initializer.name(),
                "Initializer",
                "equal to " + first + ", but it is a graph output"));
        continue;
      }
      merged.put(initializer.name(), first);
      changes.add(
          new Change(
              initializer.name(),
              "Initializer",
              "merged into " + first + ", saves " + tensor.byteSize() + " bytes"));
    }
  }

  /** Groups of tensors that may be equal: their first and last bytes are. */
  private static List<List<Initializer>> alike(List<Initializer> same) {
    Map<String, List<Initializer>> byEnds = new LinkedHashMap<>();
    for (Initializer initializer : same) {
      Tensor tensor = initializer.tensor();
      long end = tensor.byteSize();
      String ends =
          hash(tensor, 0, Math.min(PROBE_BYTES, end))
              + hash(tensor, Math.max(0, end - PROBE_BYTES), end);
      byEnds.computeIfAbsent(ends, e -> new ArrayList<>()).add(initializer);
    }
    return byEnds.values().stream().filter(group -> group.size() > 1).toList();
  }

  private static String hash(Tensor tensor, long from, long to) {
    return Sha256.of(tensor.data(), from, to);
  }

  /**
   * Embeddings whose table is also the weight of an output projection: read by a Gather, and by a
   * MatMul or Gemm directly or through a Transpose.
   *
   * @param graph any graph
   * @return the tables' names with the labels of their readers
   */
  public static Map<String, List<String>> tiedEmbeddings(Graph graph) {
    GraphIndex index = new GraphIndex(graph);
    Map<String, List<String>> tied = new LinkedHashMap<>();
    for (Initializer initializer : graph.initializers()) {
      List<String> lookups = new ArrayList<>();
      List<String> products = new ArrayList<>();
      for (Use use : index.uses(initializer.name())) {
        Node node = use.node();
        if (node.is("Gather") && use.inputIndex() == 0) {
          lookups.add(node.label());
        } else if (node.is("Transpose")) {
          for (Use through : index.uses(node.output(0))) {
            if (isProduct(through.node())) {
              products.add(through.node().label());
            }
          }
        } else if (isProduct(node) && use.inputIndex() == 1) {
          products.add(node.label());
        }
      }
      if (!lookups.isEmpty() && !products.isEmpty()) {
        lookups.addAll(products);
        tied.put(initializer.name(), List.copyOf(lookups));
      }
    }
    return tied;
  }

  private static boolean isProduct(Node node) {
    return node.is("MatMul") || node.is("Gemm");
  }
}
