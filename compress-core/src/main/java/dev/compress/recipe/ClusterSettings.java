package dev.compress.recipe;

import dev.compress.cluster.ClusterWeights;
import dev.compress.cluster.CodeClusters;
import dev.compress.quantize.CodeMap;
import dev.compress.quantize.NodeFilter;
import java.util.Optional;

/**
 * What a recipe says of clustering.
 *
 * @param recipe with every text as it was given
 * @param filter which nodes may be changed
 * @param pruned whether weights have zeros by then, which stay
 */
record ClusterSettings(Recipe recipe, NodeFilter filter, boolean pruned) {
  /** How many values clustering leaves a weight at most, all groups together; 0 without it. */
  int sharedValues() {
    Integer centroids = recipe.cluster();
    return centroids == null ? 0 : (int) Math.min(1L << 30, (long) centroids * groups());
  }

  private int groups() {
    Integer groups = recipe.clusterGroups();
    return groups == null ? 1 : groups;
  }

  /** The clustering of float weights, where the recipe wants any. */
  Optional<ClusterWeights> ofFloats() {
    Integer centroids = recipe.cluster();
    if (centroids == null) {
      if (recipe.clusterGroups() != null) {
        throw new IllegalArgumentException(
            "--cluster-groups without --cluster: say how many values each group is to have, such as"
                + " --cluster 16.");
      }
      return Optional.empty();
    }
    if ("int4".equalsIgnoreCase(recipe.quantize())) {
      throw new IllegalArgumentException(
          "--cluster with --quantize int4: 4 bits are 16 values a block already. Choose one, or"
              + " cluster with --quantize int8.");
    }
    return Optional.of(new ClusterWeights(centroids, groups(), pruned, filter));
  }

  /** The clustering of int8 codes, which quantization does itself. */
  CodeMap ofCodes() {
    Integer centroids = recipe.cluster();
    return centroids == null ? CodeMap.NONE : new CodeClusters(centroids, groups(), pruned);
  }
}
