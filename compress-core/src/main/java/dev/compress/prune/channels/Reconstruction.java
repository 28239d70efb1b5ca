package dev.compress.prune.channels;

import dev.compress.graph.GraphIndex;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.pass.PassContext;
import dev.compress.pass.PassResult.Skipped;
import dev.compress.prune.fit.SequentialFit;
import dev.compress.quantize.NodePattern;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Fits the layers behind removed channels anew: all whose inputs are not what they were. */
final class Reconstruction {
  private final DependencyGroups groups;
  private final Set<Integer> removed;
  private final OnnxModel pruned;
  private final SequentialFit fit;

  Reconstruction(
      OnnxModel original,
      OnnxModel pruned,
      DependencyGroups groups,
      Set<Integer> removed,
      PassContext context) {
    this.groups = groups;
    this.removed = removed;
    this.pruned = pruned;
    this.fit = new SequentialFit(original, pruned, context, SequentialFit.Zeros.NONE);
  }

  /** How many layers were fitted. */
  int fitted() {
    return fit.fitted();
  }

  /** The layers that could not be. */
  List<Skipped> skipped() {
    return fit.skipped();
  }

  /** The pruned model with fitted weights. */
  OnnxModel fit() {
    GraphIndex index = new GraphIndex(pruned.graph());
    Set<String> affected = new HashSet<>();
    for (Node node : pruned.graph().nodes()) {
      boolean behind = node.inputs().stream().anyMatch(affected::contains);
      boolean loses =
          node.inputs().stream()
              .filter(i -> index.initializer(i).isEmpty())
              .map(i -> groups.values().getOrDefault(i, new int[0][]))
              .flatMap(Arrays::stream)
              .anyMatch(axis -> groups.left(axis, removed).isPresent());
      if (behind || loses) {
        affected.addAll(node.outputs());
        NodePattern.match(node, index).ifPresent(p -> fit.offer(p, outputsLeft(p)));
      }
    }
    return fit.fit();
  }

  private BitSet outputsLeft(NodePattern pattern) {
    String output = pattern.node().output(0);
    int[][] axes = groups.values().getOrDefault(output, new int[0][]);
    int axis = pattern.node().is("Conv") ? 1 : axes.length - 1;
    GraphIndex index = groups.coupling().index();
    int all =
        index
            .producer(output)
            .flatMap(n -> NodePattern.match(n, index))
            .map(p -> (int) p.outputChannels())
            .orElse(0);
    BitSet every = new BitSet();
    every.set(0, all);
    return axes.length == 0 ? every : groups.left(axes[axis], removed).orElse(every);
  }
}
