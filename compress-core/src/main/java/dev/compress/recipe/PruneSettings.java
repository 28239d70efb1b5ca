package dev.compress.recipe;

import dev.compress.prune.PruneAllocation;
import dev.compress.prune.PruneCriterion;
import dev.compress.prune.PruneKind;
import dev.compress.prune.PruneWeights;
import dev.compress.prune.channels.ChannelCriterion;
import dev.compress.prune.channels.ChannelTarget;
import dev.compress.prune.channels.PruneChannels;
import dev.compress.quantize.NodeFilter;
import java.util.List;
import java.util.Optional;

/**
 * What a recipe says of pruning.
 *
 * @param recipe with every text as it was given
 * @param filter which nodes may be changed
 */
record PruneSettings(Recipe recipe, NodeFilter filter) {
  private static final String CHANNELS = "channels";

  /** The removal of channels that the recipe wants. */
  Optional<PruneChannels> channels() {
    Double share = recipe.prune();
    if (!CHANNELS.equals(recipe.pruneKind()) || share == null || share == 0) {
      return Optional.empty();
    }
    String by = recipe.pruneCriterion();
    Optional<ChannelCriterion> criterion =
        by == null
            ? Optional.empty()
            : Optional.of(
                Choice.of(
                    "prune-criterion", by, ChannelCriterion.MAGNITUDE, ChannelCriterion.values()));
    PruneAllocation allocation =
        Choice.of(
            "prune-allocation",
            recipe.pruneAllocation(),
            PruneAllocation.LAYER,
            PruneAllocation.values());
    Integer round = recipe.channelRound();
    if (round != null && round < 1) {
      throw new IllegalArgumentException("--channel-round " + round + ": give 1 or more.");
    }
    return Optional.of(
        new PruneChannels(
            share,
            Choice.of(
                "prune-target",
                recipe.pruneTarget(),
                ChannelTarget.CHANNELS,
                ChannelTarget.values()),
            criterion,
            allocation == PruneAllocation.GLOBAL,
            round == null ? PruneChannels.USUAL_ROUND : round,
            filter));
  }

  /** The pruning that the recipe wants. */
  Optional<PruneWeights> weights() {
    String kindText = recipe.pruneKind() == null ? "unstructured" : recipe.pruneKind();
    if (!List.of("unstructured", "2:4", CHANNELS).contains(kindText)) {
      throw Choice.unknown("prune-kind", kindText, List.of("unstructured", "2:4", CHANNELS));
    }
    boolean forChannels = recipe.pruneTarget() != null || recipe.channelRound() != null;
    if (forChannels && !kindText.equals(CHANNELS)) {
      throw new IllegalArgumentException(
          "--prune-target and --channel-round are for channels. Add --prune-kind channels.");
    }
    if (kindText.equals(CHANNELS) && recipe.prune() != null) {
      return Optional.empty();
    }
    PruneKind kind = kindText.equals("2:4") ? PruneKind.TWO_OF_FOUR : PruneKind.UNSTRUCTURED;
    String criterion = recipe.pruneCriterion();
    Optional<PruneCriterion> by =
        criterion == null
            ? Optional.empty()
            : Optional.of(
                Choice.of(
                    "prune-criterion",
                    criterion,
                    PruneCriterion.MAGNITUDE,
                    PruneCriterion.values()));
    PruneAllocation allocation =
        Choice.of(
            "prune-allocation",
            recipe.pruneAllocation(),
            PruneAllocation.GLOBAL,
            PruneAllocation.values());
    Double share = recipe.prune() == null && kindText.equals("2:4") ? (Double) 0.5 : recipe.prune();
    if (share == null) {
      if (criterion != null || recipe.pruneAllocation() != null || recipe.pruneKind() != null) {
        throw new IllegalArgumentException(
            "How to prune was said, and not how much. Add --prune SHARE, such as --prune 0.5.");
      }
      return Optional.empty();
    }
    PruneWeights pruning = new PruneWeights(share, kind, by, allocation, filter);
    return share == 0 ? Optional.empty() : Optional.of(pruning);
  }

  /** The pruning that comes little by little while the model is tuned. */
  Optional<PruneWeights> gradual() {
    String schedule = recipe.pruneSchedule();
    if (schedule == null || schedule.equals("once")) {
      return Optional.empty();
    }
    if (!schedule.equals("agp")) {
      throw Choice.unknown("prune-schedule", schedule, List.of("once", "agp"));
    }
    if (recipe.fineTune() == null) {
      throw new IllegalArgumentException(
          "--prune-schedule agp prunes while the model is tuned. Add --fine-tune EPOCHS.");
    }
    if (takesGradients()) {
      throw new IllegalArgumentException(
          "--prune-schedule agp prunes by magnitude, again and again. Leave --prune-criterion taylor"
              + " out, or prune once.");
    }
    return Optional.of(
        weights()
            .filter(p -> p.kind() == PruneKind.UNSTRUCTURED)
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        "--prune-schedule agp is for unstructured pruning. Add --prune SHARE.")));
  }

  /** Whether gradients decide what is taken away. */
  boolean takesGradients() {
    return weights().filter(PruneWeights::takesGradients).isPresent()
        || channels().filter(PruneChannels::takesGradients).isPresent();
  }
}
