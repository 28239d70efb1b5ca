package dev.compress.quantize;

import dev.compress.calibrate.ActivationCollector;
import dev.compress.calibrate.ActivationStatistics;
import dev.compress.graph.Attribute;
import dev.compress.graph.Graph;
import dev.compress.graph.GraphEditor;
import dev.compress.graph.GraphIndex;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.pass.CompressionPass;
import dev.compress.pass.NotApplicable;
import dev.compress.pass.PassContext;
import dev.compress.pass.PassResult;
import dev.compress.pass.PassResult.Change;
import dev.compress.pass.PassResult.Skipped;
import dev.compress.pass.PassResult.Trace;
import dev.compress.runtime.ShapeInference;
import dev.compress.runtime.Shapes;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Stores the weights of matrix products in 4 bits, a scale for every 32 inputs of an output, in the
 * form of which ONNX Runtime makes MatMulNBits:
 *
 * <pre>
 * before: MatMul(x, W) -&gt; y                      Gemm(x, W, b) -&gt; y
 * after:  DequantizeLinear(Wq, s; axis = 0, block_size = 32) -&gt; Wd
 *         MatMul(x, Wd) -&gt; y                     Gemm(x, Wd, b) -&gt; y
 * </pre>
 *
 * <p>All other weights are stored in 8 bits ({@link StoredWeights}). With calibration data the
 * error of a weight counts as much as the mean square of its input.
 *
 * @param filter which nodes may be changed
 */
public record QuantizeInt4(NodeFilter filter) implements CompressionPass {
  private static final long OPSET = 21;
  private static final long MIN_ELEMENTS = 1024;
  private static final int[] BLOCKS = {32, 16};

  @Override
  public String name() {
    return "quantize-int4";
  }

  @Override
  public Optional<NotApplicable> notApplicableTo(OnnxModel model) {
    GraphIndex index = new GraphIndex(model.graph());
    boolean weights =
        model.graph().nodes().stream().anyMatch(n -> match(n, index).isPresent())
            || model.graph().initializers().stream()
                .anyMatch(i -> StoredWeights.match(i, index).isPresent());
    return weights
        ? Optional.empty()
        : Optional.of(new NotApplicable("no float weight is large enough to be worth it"));
  }

  private static Optional<NodePattern> match(Node node, GraphIndex index) {
    return NodePattern.match(node, index)
        .filter(p -> !node.is("Conv") && p.tensor().elementCount() >= MIN_ELEMENTS);
  }

  @Override
  public PassResult apply(OnnxModel model, PassContext context) {
    if (notApplicableTo(model).isPresent()) {
      return PassResult.unchanged(model);
    }
    Edit edit = new Edit(this, model, context);
    Graph graph = edit.run();
    List<Change> changes = new ArrayList<>(edit.changes);
    graph = StoredWeights.storeAll(graph, filter, CodeMap.NONE, context, changes);
    if (graph == model.graph()) {
      return new PassResult(model, changes, edit.skipped, List.of());
    }
    int stored = changes.size() - edit.changes.size();
    List<String> notes =
        stored == 0
            ? List.of()
            : List.of(
                "The runtime has 4-bit kernels for matrix products only: "
                    + edit.changes.size()
                    + " of them have 4-bit weights, and "
                    + stored
                    + " other weights are stored in 8 bits.");
    return new PassResult(
        model.withGraph(graph), changes, edit.skipped, List.of(), edit.traces, notes);
  }

  /** One graph being changed. */
  private static final class Edit {
    private final QuantizeInt4 settings;
    private final OnnxModel model;
    private final PassContext context;
    private final GraphIndex index;
    private final GraphEditor editor;
    private final Shapes shapes;
    private final List<Change> changes = new ArrayList<>();
    private final List<Skipped> skipped = new ArrayList<>();
    private final List<Trace> traces = new ArrayList<>();
    private final Map<String, String> dequantized = new HashMap<>();

    Edit(QuantizeInt4 settings, OnnxModel model, PassContext context) {
      this.settings = settings;
      this.model = model;
      this.context = context;
      this.index = new GraphIndex(model.graph());
      this.editor = new GraphEditor(model.graph());
      this.shapes = ShapeInference.infer(model);
    }

    Graph run() {
      List<NodePattern> chosen = new ArrayList<>();
      for (Node node : model.graph().nodes()) {
        Optional<NodePattern> pattern = match(node, index);
        if (pattern.isPresent()) {
          Optional<String> reason = reasonAgainst(pattern.get());
          if (reason.isPresent()) {
            skipped.add(Skipped.of(node, reason.get()));
          } else {
            chosen.add(pattern.get());
          }
        }
      }
      if (chosen.isEmpty()) {
        return model.graph();
      }
      Optional<ActivationStatistics> statistics = observe(chosen);
      for (NodePattern pattern : chosen) {
        context.progress().check();
        quantize(pattern, statistics);
      }
      editor.removeDead();
      return editor.build();
    }

    private Optional<String> reasonAgainst(NodePattern pattern) {
      if (!settings.filter.test(pattern.node())) {
        return Optional.of("excluded");
      }
      if (model.opset() < OPSET) {
        return Optional.of(
            "4-bit weights take opset " + OPSET + ", the model is at " + model.opset());
      }
      if (blockSize(pattern) == 0) {
        return Optional.of(
            pattern.reductionLength() + " inputs do not divide into blocks: stored in 8 bits");
      }
      boolean alone =
          index.uses(pattern.weight()).stream()
              .allMatch(
                  u ->
                      u.inputIndex() == 1
                          && settings.filter.test(u.node())
                          && match(u.node(), index)
                              .filter(p -> p.outputAxis() == pattern.outputAxis())
                              .isPresent());
      return alone
          ? Optional.empty()
          : Optional.of("its weight has other readers too: stored in 8 bits where they allow");
    }

    private static int blockSize(NodePattern pattern) {
      for (int block : BLOCKS) {
        if (pattern.reductionLength() % block == 0) {
          return block;
        }
      }
      return 0;
    }

    private Optional<ActivationStatistics> observe(List<NodePattern> chosen) {
      if (context.calibration().isEmpty()) {
        return Optional.empty();
      }
      Map<String, Integer> axes = new LinkedHashMap<>();
      chosen.forEach(p -> axes.put(p.node().input(0), -1));
      return Optional.of(
          context.observe(model, shapes, new ActivationCollector().channelsOf(axes)));
    }

    private void quantize(NodePattern pattern, Optional<ActivationStatistics> statistics) {
      Node node = pattern.node();
      String weight = dequantized.get(pattern.weight());
      if (weight == null) {
        weight = emitWeight(pattern, statistics);
        dequantized.put(pattern.weight(), weight);
      }
      Node changed = node.withInput(1, weight).withoutAttribute("transB");
      if (!pattern.bias().isEmpty()) {
        changed = changed.withInput(2, flatBias(pattern.bias(), tensorOf(pattern.bias())));
      }
      editor.replace(node, changed);
      if (node.is("MatMul")) {
        flattenBiasAfter(node, pattern.outputChannels());
      }
      changes.add(Change.of(node, "weight in 4 bits, blocks of " + blockSize(pattern)));
      traces.add(
          new Trace(
              node.label(), node.opType(), node.output(0), "int4", node.output(0), node.output(0)));
    }

    private Tensor tensorOf(String constant) {
      return index.constant(constant).orElseThrow();
    }

    private String emitWeight(NodePattern pattern, Optional<ActivationStatistics> statistics) {
      Tensor matrix =
          pattern.outputAxis() == 0
              ? MatrixTranspose.of(pattern.tensor(), context.scratch())
              : pattern.tensor();
      double[] importance =
          statistics
              .flatMap(s -> s.channelsOf(pattern.node().input(0)))
              .map(c -> c.meanSquare())
              .filter(m -> m.length == pattern.reductionLength())
              .orElse(null);
      BlockQuantizer quantizer =
          new BlockQuantizer(blockSize(pattern), true, true, context.threads());
      BlockQuantizer.Result result = quantizer.quantize(matrix, importance, context.scratch());
      String name = pattern.weight();
      String codes = editor.addInitializer(name + "_q4", result.codes());
      String scales = editor.addInitializer(name + "_scale", result.scales());
      String value = editor.freshName(name + "_dq");
      editor.add(
          Node.of(
              "DequantizeLinear",
              value,
              List.of(codes, scales),
              List.of(value),
              Attribute.of("axis", 0),
              Attribute.of("block_size", blockSize(pattern))));
      return value;
    }

    /** A bias {@code [1, N]} would make a Gemm that the runtime does not fuse. */
    private String flatBias(String name, Tensor bias) {
      return bias.shape().rank() == 1
          ? name
          : editor.addInitializer(name + "_1d", bias.reshaped(Shape.of(bias.elementCount())));
    }

    private void flattenBiasAfter(Node matMul, long columns) {
      Optional<BiasAdd> add = BiasAdd.after(matMul, columns, index);
      int rank = PatternCost.rank(matMul.input(0), shapes);
      if (add.isEmpty()
          || add.get().bias().shape().rank() == 1
          || rank < Math.max(2, add.get().bias().shape().rank())) {
        return;
      }
      Node node = add.get().add();
      String flat = flatBias(add.get().name(), add.get().bias());
      editor.replace(node, node.withInput(add.get().inputIndex(), flat));
    }
  }
}
