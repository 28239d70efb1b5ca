package dev.compress.lowrank;

import dev.compress.error.InvalidModelException;
import dev.compress.graph.GraphEditor;
import dev.compress.graph.GraphIndex;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.linalg.GramMatrix;
import dev.compress.linalg.LowRankFactors;
import dev.compress.pass.CompressionPass;
import dev.compress.pass.NotApplicable;
import dev.compress.pass.PassContext;
import dev.compress.pass.PassResult;
import dev.compress.pass.PassResult.Change;
import dev.compress.pass.PassResult.Skipped;
import dev.compress.prune.fit.InputGrams;
import dev.compress.quantize.InputRows;
import dev.compress.quantize.NodeFilter;
import dev.compress.quantize.NodePattern;
import dev.compress.quantize.WeightLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Replaces a matrix product or a convolution of one place by two with fewer channels between them
 * ({@link LowRankFactors}), weighted by what the layer reads where samples are there. Only where
 * the two have fewer weights, and are faster in ONNX Runtime on this machine.
 *
 * @param energy share of the squared singular values to keep, over 0 and under 1
 * @param filter which nodes may be changed
 */
public record FactoriseLayers(double energy, NodeFilter filter) implements CompressionPass {
  /** The smaller side, whose eigenvalues are computed. */
  private static final int LARGEST_SIDE = 1536;

  /** Smaller layers take no time. */
  private static final int SMALLEST_SIDE = 16;

  /** Checks the share. */
  public FactoriseLayers {
    if (!(energy > 0 && energy < 1)) {
      throw new IllegalArgumentException(
          "--low-rank " + energy + ": give the share to keep, over 0 and under 1, such as 0.95.");
    }
  }

  @Override
  public String name() {
    return "factorise-layers";
  }

  @Override
  public Optional<NotApplicable> notApplicableTo(OnnxModel model) {
    return layers(model, new ArrayList<>()).isEmpty()
        ? Optional.of(
            new NotApplicable("no matrix product or convolution of one place is large enough"))
        : Optional.empty();
  }

  @Override
  public PassResult plan(OnnxModel model, PassContext context) {
    List<Skipped> skipped = new ArrayList<>();
    List<Change> changes =
        layers(model, skipped).stream()
            .map(l -> Change.of(l.node(), "made two, if that is faster"))
            .toList();
    return new PassResult(model, changes, skipped, List.of());
  }

  @Override
  public PassResult apply(OnnxModel model, PassContext context) {
    List<Skipped> skipped = new ArrayList<>();
    List<Change> changes = new ArrayList<>();
    List<NodePattern> layers = layers(model, skipped);
    GraphEditor editor = new GraphEditor(model.graph());
    LayerRace race = new LayerRace(model, context);
    if (context.calibration().isEmpty()) {
      context.progress().begin("factorise layers", layers.size());
      for (NodePattern layer : layers) {
        factorise(layer, new double[0][], race, editor, changes, skipped, context);
        context.progress().advance(1);
      }
    } else {
      new InputGrams(model, context)
          .forEach(
              layers,
              (layer, grams) -> {
                double[][] gram = grams[0].rows() > 0 ? grams[0].mean() : new double[0][];
                grams[0] = new GramMatrix(1, 1); // the memory may go
                factorise(layer, gram, race, editor, changes, skipped, context);
              });
    }
    return PassResult.of(model.withGraph(editor.build()), changes, skipped);
  }

  private List<NodePattern> layers(OnnxModel model, List<Skipped> skipped) {
    GraphIndex index = new GraphIndex(model.graph());
    List<NodePattern> layers = new ArrayList<>();
    for (Node node : model.graph().nodes()) {
      Optional<NodePattern> match = NodePattern.match(node, index).filter(p -> filter.test(node));
      if (match.isEmpty()) {
        continue;
      }
      String why = reasonAgainst(match.get(), index);
      if (why.isEmpty()) {
        layers.add(match.get());
      } else {
        skipped.add(Skipped.of(node, "keeps its rank: " + why));
      }
    }
    return layers;
  }

  private static String reasonAgainst(NodePattern layer, GraphIndex index) {
    WeightLayout layout = InputRows.layoutOf(layer);
    int least = Math.min(layout.outPerGroup(), layout.rowLength());
    if (layout.kernel() > 1 || layout.groups() > 1) {
      return "it reads more than one place, or groups of channels";
    }
    if (layer.node().is("Conv")
        && layer.node().intsAttribute("pads").orElse(List.of()).stream().anyMatch(p -> p != 0)) {
      return "it is padded";
    }
    if (index.uses(layer.weight()).size() > 1) {
      return "other nodes share its weight";
    }
    if (least < SMALLEST_SIDE) {
      return "it is small";
    }
    if (least > LARGEST_SIDE) {
      return "its singular values would take too long";
    }
    return InputGrams.reasonAgainst(layer);
  }

  private void factorise(
      NodePattern layer,
      double[][] gram,
      LayerRace race,
      GraphEditor editor,
      List<Change> changes,
      List<Skipped> skipped,
      PassContext context) {
    context.progress().check();
    WeightLayout layout = InputRows.layoutOf(layer);
    int in = layout.rowLength();
    int out = layout.outPerGroup();
    float[] weights = layer.tensor().toFloats();
    float[] line = new float[in];
    double[][] rows = new double[out][in];
    for (int o = 0; o < out; o++) {
      layout.readRow(weights, o, line, 0);
      for (int i = 0; i < in; i++) {
        if (!Float.isFinite(line[i])) {
          throw InvalidModelException.notFinite(layer.weight());
        }
        rows[o][i] = line[i];
      }
    }
    LowRankFactors factors = LowRankFactors.of(rows, gram, energy, context.threads());
    int rank = factors.rank();
    if ((long) rank * (in + out) >= (long) in * out) {
      skipped.add(
          Skipped.of(
              layer.node(),
              "keeps its rank: that share of the energy takes a rank at which two layers are no"
                  + " smaller",
              "rank " + rank + " of " + Math.min(in, out)));
      return;
    }
    FactorPair pair = FactorPair.of(layer, factors);
    double ratio = race.ratio(layer, pair);
    if (!(ratio < LayerRace.WORTH_IT)) {
      skipped.add(
          Skipped.of(
              layer.node(),
              "keeps its rank: two layers are no faster here",
              String.format(Locale.ROOT, "rank %d takes %.2f of its time", rank, ratio)));
      return;
    }
    pair.putInto(editor, context.scratch());
    changes.add(
        Change.of(
            layer.node(),
            String.format(
                Locale.ROOT,
                "made two with %d channels between, of %d and %d: %.2f of its weights, %.2f of its"
                    + " time, %.2f%% of its energy",
                rank,
                in,
                out,
                (double) rank * (in + out) / ((double) in * out),
                ratio,
                100 * factors.energy())));
  }
}
