package dev.compress.cluster;

import dev.compress.graph.GraphEditor;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.pass.CompressionPass;
import dev.compress.pass.ModelWeights;
import dev.compress.pass.ModelWeights.Weight;
import dev.compress.pass.NotApplicable;
import dev.compress.pass.PassContext;
import dev.compress.pass.PassResult;
import dev.compress.pass.PassResult.Change;
import dev.compress.pass.PassResult.Skipped;
import dev.compress.pass.PassResult.WeightClaim;
import dev.compress.quantize.NodeFilter;
import dev.compress.tensor.ChannelGroups;
import dev.compress.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Leaves each float weight at most so many distinct values, so that it can be stored as indices
 * (weight sharing of Deep Compression, Han et al., arXiv 1510.00149). With calibration data values
 * and assignment are those that change the layers' outputs least.
 *
 * @param centroids 2 to 256 a group
 * @param groups how many runs of output channels have centroids of their own
 * @param keepingZeros whether zeros stay zero and nothing else becomes zero, however few they are:
 *     a mask
 * @param filter which nodes may be changed
 */
public record ClusterWeights(int centroids, int groups, boolean keepingZeros, NodeFilter filter)
    implements CompressionPass {
  /** Checks the numbers. */
  public ClusterWeights {
    if (centroids < 2 || centroids > 256) {
      throw new IllegalArgumentException(
          "--cluster " + centroids + ": use 2 to 256 distinct values.");
    }
    if (groups < 1) {
      throw new IllegalArgumentException("--cluster-groups " + groups + ": use 1 or more.");
    }
  }

  @Override
  public String name() {
    return "cluster-weights";
  }

  @Override
  public Optional<NotApplicable> notApplicableTo(OnnxModel model) {
    ModelWeights found = ModelWeights.of(model, filter).unlessQuantized();
    return found.weights().isEmpty() && found.skipped().isEmpty()
        ? Optional.of(ModelWeights.none(model, "cluster"))
        : Optional.empty();
  }

  @Override
  public PassResult apply(OnnxModel model, PassContext context) {
    ModelWeights found = ModelWeights.of(model, filter).unlessQuantized();
    GraphEditor editor = new GraphEditor(model.graph());
    List<Change> changes = new ArrayList<>();
    List<Skipped> skipped = new ArrayList<>(found.skipped());
    List<WeightClaim> claims = new ArrayList<>();
    KMeans1D kMeans = new KMeans1D(KMeans1D.Start.OPTIMAL, context.seed());
    FloatClusters clusters = new FloatClusters(kMeans, centroids, keepingZeros);
    Map<String, Tensor> fitted =
        context.calibration().isPresent()
            ? new FittedClusters(centroids, groups, keepingZeros)
                .of(model, found.weights(), context)
            : Map.of();
    context.progress().begin("cluster weights", found.weights().size());
    for (Weight weight : found.weights()) {
      context.progress().check();
      Node reader = weight.readers().get(0);
      ChannelGroups cut = OutputChannels.of(reader, weight.name(), weight.tensor().shape(), groups);
      Tensor known = fitted.get(weight.name());
      Tensor clustered =
          known != null
              ? known
              : clusters.cluster(
                  weight.name(), weight.tensor(), cut, context.scratch(), context.threads());
      claims.add(WeightClaim.ofDistinct(weight.name(), centroids, groups));
      if (clustered != weight.tensor()) {
        editor.setInitializer(weight.name(), clustered);
        changes.add(
            Change.of(
                reader,
                "weight "
                    + weight.name()
                    + " left "
                    + centroids
                    + " distinct values"
                    + (cut.groups() == 1 ? "" : " in each of " + cut.groups() + " groups")
                    + (known == null ? "" : ", fitted to what it reads")));
      }
      context.progress().advance(1);
    }
    return new PassResult(
            model.withGraph(editor.build()), changes, skipped, found.warningIfNone("--cluster"))
        .claiming(claims);
  }

  @Override
  public PassResult plan(OnnxModel model, PassContext context) {
    ModelWeights found = ModelWeights.of(model, filter).unlessQuantized();
    List<Change> changes =
        found.weights().stream()
            .map(w -> Change.of(w.readers().get(0), "weight " + w.name() + " clustered"))
            .toList();
    return new PassResult(model, changes, found.skipped(), List.of());
  }
}
