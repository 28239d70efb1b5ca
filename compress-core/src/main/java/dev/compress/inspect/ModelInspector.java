package dev.compress.inspect;

import dev.compress.error.CompressionException;
import dev.compress.error.InvalidModelException;
import dev.compress.graph.Dim;
import dev.compress.graph.Function;
import dev.compress.graph.Graph;
import dev.compress.graph.GraphValidator;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.inspect.Constants.Constant;
import dev.compress.onnx.LoadedModel;
import dev.compress.onnx.OnnxReader;
import dev.compress.progress.Progress;
import dev.compress.tensor.Sha256;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** Looks at one model. Not thread-safe: one a model. */
public final class ModelInspector {
  private static final int LARGEST = 10;
  private static final int READERS_SHOWN = 5;
  private static final String ONNX_DOMAIN = "ai.onnx";

  private final LoadedModel loaded;
  private final OnnxModel model;
  private final int threads;
  private final Progress progress;
  private final List<String> warnings = new ArrayList<>();
  private final Map<Constant, Double> sparsities = new HashMap<>();
  private final AtomicBoolean stopped = new AtomicBoolean();

  private ModelInspector(LoadedModel loaded, int threads, Progress progress) {
    this.loaded = loaded;
    GraphValidator.Checked checked = GraphValidator.check(loaded.model());
    this.model = checked.model();
    this.threads = threads;
    this.progress = progress;
    warnings.addAll(checked.warnings());
  }

  /**
   * Looks at a model. It is run once on made-up inputs to see its kernels, in a child process: a
   * crash of the runtime is a warning.
   *
   * @param file the model's file
   * @param threads for that run; 0 leaves the choice to the runtime
   * @param progress told how far it has come, and asked whether to stop
   * @return what was found; what cannot be found out is null
   * @throws InvalidModelException if it is no well-formed model
   * @throws CompressionException if it cannot be read
   */
  public static ModelInspection inspect(Path file, int threads, Progress progress) {
    return new ModelInspector(OnnxReader.read(file), threads, progress).inspect();
  }

  private ModelInspection inspect() {
    CompletableFuture<TrialRun.Found> trial = trial();
    try {
      progress.begin("hash", -1);
      String sha256 = Sha256.of(loaded.file());
      progress.check();
      Constants constants = Constants.of(model);
      Double sparsity = sparsity(constants);
      progress.begin("run", -1);
      return inspection(sha256, constants, sparsity, found(trial));
    } finally {
      // Where this has failed, the run is for nothing; it takes its files away before it ends.
      stopped.set(true);
      trial.handle((found, failure) -> true).join();
    }
  }

  private ModelInspection inspection(
      String sha256, Constants constants, @Nullable Double sparsity, TrialRun.Found run) {
    warnings.addAll(run.warnings());
    List<Constant> weights = constants.all();
    return new ModelInspection(
        ModelInspection.SCHEMA,
        new ModelInspection.File(
            loaded.file().toString(),
            sha256,
            loaded.bytes(),
            loaded.externalFiles().stream().map(Path::toString).toList()),
        format(),
        inputs(),
        model.graph().outputs().stream().map(ModelInspector::value).toList(),
        allNodes().size(),
        ops(weights, run.macsOf()),
        functions(),
        weights.stream().mapToLong(c -> c.parameters).sum(),
        weights.stream().mapToLong(c -> c.tensor.byteSize()).sum(),
        precision(weights),
        sparsity,
        run.macs(),
        run.shapes(),
        run.kernels(),
        largest(weights),
        warnings);
  }

  private ModelInspection.Format format() {
    Map<String, Long> opsets = new LinkedHashMap<>();
    model.opsets().forEach(o -> opsets.put(domain(o.domain()), o.version()));
    String producer = (model.producerName() + " " + model.producerVersion()).strip();
    return new ModelInspection.Format(
        model.irVersion(),
        opsets,
        producer,
        model.modelVersion(),
        model.docString(),
        model.metadata());
  }

  private static String domain(String domain) {
    return domain.isEmpty() ? ONNX_DOMAIN : domain;
  }

  private List<ModelInspection.Value> inputs() {
    Set<String> constants = new HashSet<>();
    model.graph().initializers().stream().map(Initializer::name).forEach(constants::add);
    return model.graph().inputs().stream()
        .filter(i -> !constants.contains(i.name()))
        .map(ModelInspector::value)
        .toList();
  }

  private static ModelInspection.Value value(ValueInfo info) {
    if (!(info.type() instanceof ValueType.TensorType tensor)) {
      return new ModelInspection.Value(info.name(), info.type().toString(), null);
    }
    List<Object> dims =
        tensor.shape().map(all -> all.stream().map(ModelInspector::dim).toList()).orElse(null);
    return new ModelInspection.Value(info.name(), tensor.element().toString(), dims);
  }

  private static Object dim(Dim dim) {
    return dim.sizeOrUnknown() >= 0 ? (Object) dim.sizeOrUnknown() : dim.toString();
  }

  private List<Node> allNodes() {
    List<Node> nodes = new ArrayList<>();
    addNodes(model.graph(), nodes);
    for (Function function : model.functions()) {
      function.nodes().forEach(n -> addNode(n, nodes));
    }
    return nodes;
  }

  private static void addNodes(Graph graph, List<Node> nodes) {
    graph.nodes().forEach(n -> addNode(n, nodes));
  }

  private static void addNode(Node node, List<Node> nodes) {
    nodes.add(node);
    node.subgraphs().forEach(g -> addNodes(g, nodes));
  }

  private List<ModelInspection.Op> ops(List<Constant> weights, Map<String, Long> macsOf) {
    Map<String, Long> parameters = new HashMap<>();
    weights.forEach(c -> parameters.merge(c.op, c.parameters, Long::sum));
    Map<String, List<Node>> byOp = new TreeMap<>();
    allNodes().forEach(n -> byOp.computeIfAbsent(Constants.key(n), k -> new ArrayList<>()).add(n));
    return byOp.entrySet().stream()
        .map(
            e ->
                new ModelInspection.Op(
                    e.getValue().get(0).opType(),
                    domain(e.getValue().get(0).domain()),
                    e.getValue().size(),
                    parameters.getOrDefault(e.getKey(), 0L),
                    macsOf.get(e.getKey())))
        .sorted(Comparator.comparingInt(ModelInspection.Op::count).reversed())
        .toList();
  }

  private List<ModelInspection.LocalFunction> functions() {
    List<Node> nodes = allNodes();
    return model.functions().stream()
        .map(
            f ->
                new ModelInspection.LocalFunction(
                    f.name(),
                    f.domain(),
                    f.nodes().size(),
                    (int)
                        nodes.stream()
                            .filter(n -> n.opType().equals(f.name()))
                            .filter(n -> n.domain().equals(f.domain()))
                            .count()))
        .toList();
  }

  private static List<ModelInspection.Precision> precision(List<Constant> weights) {
    Map<String, List<Constant>> byType = new TreeMap<>();
    weights.forEach(
        c -> byType.computeIfAbsent(c.tensor.type().name(), t -> new ArrayList<>()).add(c));
    return byType.entrySet().stream()
        .map(
            e ->
                new ModelInspection.Precision(
                    e.getKey(),
                    e.getValue().size(),
                    e.getValue().stream().mapToLong(c -> c.tensor.elementCount()).sum(),
                    e.getValue().stream().mapToLong(c -> c.tensor.byteSize()).sum()))
        .sorted(Comparator.comparingLong(ModelInspection.Precision::bytes).reversed())
        .toList();
  }

  private @Nullable Double sparsity(Constants constants) {
    List<Constant> counted =
        constants.all().stream().filter(c -> Zeros.areCounted(c.tensor.type())).toList();
    progress.begin("count zeros", counted.stream().mapToLong(c -> c.tensor.byteSize()).sum());
    Zeros zeros = new Zeros(progress);
    long elements = 0;
    long all = 0;
    for (Constant constant : counted) {
      OptionalLong found = zeros.count(constant.tensor);
      long count = constant.tensor.elementCount();
      if (found.isPresent() && count > 0) {
        elements += count;
        all += found.getAsLong();
        sparsities.put(constant, (double) found.getAsLong() / count);
      }
    }
    return elements == 0 ? null : (double) all / elements;
  }

  private List<ModelInspection.Weight> largest(List<Constant> weights) {
    return weights.stream()
        .sorted(Comparator.comparingLong((Constant c) -> c.tensor.byteSize()).reversed())
        .limit(LARGEST)
        .map(
            c ->
                new ModelInspection.Weight(
                    c.name,
                    c.tensor.type().name(),
                    Arrays.stream(c.tensor.shape().toArray()).boxed().toList(),
                    c.tensor.byteSize(),
                    sparsities.get(c),
                    c.readers.stream().distinct().limit(READERS_SHOWN).toList()))
        .toList();
  }

  /** The run goes on in another process meanwhile. */
  private CompletableFuture<TrialRun.Found> trial() {
    CompletableFuture<TrialRun.Found> trial = new CompletableFuture<>();
    Thread thread =
        new Thread(
            () -> {
              try {
                trial.complete(TrialRun.of(loaded.file(), threads, new Stoppable()));
              } catch (RuntimeException | Error e) {
                trial.completeExceptionally(e);
              }
            },
            "compress-trial");
    thread.start();
    return trial;
  }

  private static TrialRun.Found found(CompletableFuture<TrialRun.Found> trial) {
    try {
      return trial.join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof RuntimeException cause ? cause : e;
    }
  }

  /** Stops the run when the caller stops the inspection, or when that has failed. */
  private final class Stoppable implements Progress {
    @Override
    public void begin(String stage, long total) {}

    @Override
    public void advance(long steps) {}

    @Override
    public boolean cancelled() {
      return stopped.get() || progress.cancelled();
    }
  }
}
