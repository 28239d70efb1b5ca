package dev.compress.pack;

import dev.compress.graph.GraphEditor;
import dev.compress.graph.GraphIndex;
import dev.compress.graph.GraphIndex.Use;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.pack.LoadBudget.Choice;
import dev.compress.parallel.ParallelLoop;
import dev.compress.pass.CompressionPass;
import dev.compress.pass.NotApplicable;
import dev.compress.pass.PassContext;
import dev.compress.pass.PassResult;
import dev.compress.pass.PassResult.Change;
import dev.compress.pass.PassResult.Skipped;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * Stores each weight in the smallest form that holds it exactly: as codes into a codebook, sparse,
 * in half precision, or as it is. ONNX Runtime computes the weights at load, so what runs is bit
 * for bit what ran before, in the same kernels.
 *
 * <pre>{@code
 * before: Conv(x, W)                    with W [64, 64, 3, 3] int8, 90% zeros
 * after:  W = Reshape(ScatterElements(ConstantOfShape(n), CumSum(...), Gather(codebook, ...)))
 * }</pre>
 *
 * @param limited whether load time and peak memory are kept within bounds (see {@link LoadBudget});
 *     otherwise size is all
 */
public record PackWeights(boolean limited) implements CompressionPass {
  /** Its name in reports. */
  public static final String NAME = "pack-weights";

  private static final long MIN_ELEMENTS = 16;
  private static final long LARGEST_BYTES = 1L << 30;
  private static final Set<ElementType> TYPES =
      Set.of(
          ElementType.FLOAT,
          ElementType.FLOAT16,
          ElementType.INT8,
          ElementType.UINT8,
          ElementType.INT32);

  /** The lowest operator set in which every form can be unpacked. */
  public static final int OPSET = 11;

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Optional<NotApplicable> notApplicableTo(OnnxModel model) {
    return eligible(model).isEmpty()
        ? Optional.of(new NotApplicable("no weight is large enough to be worth it"))
        : Optional.empty();
  }

  private static List<Initializer> eligible(OnnxModel model) {
    GraphIndex index = new GraphIndex(model.graph());
    Set<String> packed = new HashSet<>();
    // float16 with a Cast is dense: fewer bits may do
    new PackedValues(model, false).find().forEach(p -> packed.addAll(p.constants().keySet()));
    return model.graph().initializers().stream()
        .filter(i -> isEligible(i, index) && !packed.contains(i.name()))
        .toList();
  }

  /** Subgraphs see what is outside only once it is folded; too late for what their kernels ask. */
  private static boolean isEligible(Initializer initializer, GraphIndex index) {
    Tensor tensor = initializer.tensor();
    String name = initializer.name();
    List<Use> uses = index.uses(name);
    return TYPES.contains(tensor.type())
        && tensor.elementCount() >= MIN_ELEMENTS
        && tensor.shape().rank() > 0
        && !index.isInput(name)
        && !index.isOutput(name)
        && !uses.isEmpty()
        && uses.stream().allMatch(u -> u.inputIndex() >= 0);
  }

  /** Weights that would do, but for who reads them. */
  private static List<Skipped> unable(OnnxModel model, GraphIndex index) {
    List<Skipped> unable = new ArrayList<>();
    for (Initializer initializer : model.graph().initializers()) {
      Tensor tensor = initializer.tensor();
      List<Use> uses = index.uses(initializer.name());
      if (!TYPES.contains(tensor.type())
          || tensor.elementCount() < MIN_ELEMENTS
          || tensor.shape().rank() < 2
          || uses.isEmpty()) {
        continue;
      }
      if (uses.stream().anyMatch(u -> u.inputIndex() < 0)) {
        String why = "a subgraph reads it: it stays dense";
        unable.add(Skipped.ofWeight(uses.get(0).node(), initializer.name(), why));
      } else if (index.isOutput(initializer.name())) {
        String why = "it is an output of the model: it stays dense";
        unable.add(Skipped.ofWeight(uses.get(0).node(), initializer.name(), why));
      }
    }
    return unable;
  }

  private record Weight(Initializer initializer, Choice choice) {}

  @Override
  public PassResult apply(OnnxModel model, PassContext context) {
    GraphIndex index = new GraphIndex(model.graph());
    List<Weight> weights = new ArrayList<>();
    List<Skipped> skipped = new ArrayList<>();
    List<Initializer> eligible = eligible(model);
    skipped.addAll(unable(model, index));
    context.progress().begin("pack weights", eligible.size());
    List<Initializer> packable = new ArrayList<>();
    for (Initializer initializer : eligible) {
      if (initializer.tensor().byteSize() <= LARGEST_BYTES) {
        packable.add(initializer);
      } else {
        skipped.add(
            Skipped.ofWeight(
                index.uses(initializer.name()).get(0).node(),
                initializer.name(),
                "takes over 1 GiB: it stays dense"));
      }
    }
    ParallelLoop.run(
        packable.size(),
        context.threads(),
        i -> {
          WeightSurvey survey = WeightSurvey.of(packable.get(i).tensor());
          List<StorageForm> forms = StorageForm.holding(survey, model.opset());
          return new Weight(packable.get(i), new Choice(survey, forms));
        },
        weight -> {
          context.progress().check();
          weights.add(weight);
          context.progress().advance(1);
        });
    List<StorageForm> chosen =
        LoadBudget.choose(
            SharedTables.worthwhile(weights.stream().map(Weight::choice).toList()), limited);
    GraphEditor editor = new GraphEditor(model.graph());
    UnpackingNodes nodes = new UnpackingNodes(editor, context.scratch());
    List<Change> changes = new ArrayList<>();
    for (int i = 0; i < weights.size(); i++) {
      if (!chosen.get(i).isDense()) {
        context.progress().check();
        changes.add(pack(weights.get(i), chosen.get(i), editor, nodes, index));
      }
    }
    return PassResult.of(model.withGraph(editor.build()), changes, skipped);
  }

  private static Change pack(
      Weight weight, StorageForm form, GraphEditor editor, UnpackingNodes nodes, GraphIndex index) {
    String name = weight.initializer().name();
    Tensor tensor = weight.initializer().tensor();
    WeightSurvey survey = weight.choice().survey();
    EncodedWeight encoded = EncodedWeight.of(tensor, survey, form);
    editor.removeInitializer(name);
    nodes.emit(name, tensor, survey, form, encoded);
    Node reader = index.uses(name).get(0).node();
    return Change.of(
        reader,
        String.format(
            Locale.ROOT,
            "weight %s stored as %s: %.2f bits each, of %d",
            name,
            form,
            8.0 * form.bytes(survey) / tensor.elementCount(),
            tensor.type().bits()));
  }
}
