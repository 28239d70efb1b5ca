package dev.compress.models.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.compress.graph.Initializer;
import dev.compress.graph.OnnxModel;
import dev.compress.models.autograd.Parameter;
import dev.compress.models.autograd.op.Scalars;
import dev.compress.tensor.ChannelGroups;
import dev.compress.train.Structure;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Keeps zeros zero and shared values shared. Zeros: what a step made of them is undone. Shared
 * values: every weight of a cluster gets the mean of the cluster's gradients, so all of them make
 * the same step and stay equal to the bit; which weight belongs to which is fixed.
 */
final class StructureKeeper implements AutoCloseable {
  private record Cluster(int group, float value) {}

  private final Map<String, NDArray> masks = new HashMap<>();
  private final Map<String, int[]> clusters = new HashMap<>();
  private final Map<String, Integer> counts = new HashMap<>();

  /**
   * Looks at the weights as they are.
   *
   * @param structure which to keep
   * @param parameters all weights of the model
   * @param manager owns the masks
   */
  StructureKeeper(Structure structure, List<Parameter> parameters, NDManager manager) {
    for (Parameter parameter : parameters) {
      Structure.Rule rule = structure.rules().get(parameter.name());
      boolean pruned = structure.gradual().isPresent() && isWeight(parameter);
      if ((rule == null && !pruned) || !parameter.trainable()) {
        continue;
      }
      float[] values = parameter.array().toFloatArray();
      mask(parameter, rule == null ? ones(values.length) : values, pruned, manager);
      if (rule == Structure.Rule.SHARED) {
        share(parameter.name(), values, structure.groups().get(parameter.name()));
      }
    }
  }

  private static boolean isWeight(Parameter parameter) {
    return parameter.array().getShape().dimension() >= 2;
  }

  private static float[] ones(int count) {
    float[] ones = new float[count];
    Arrays.fill(ones, 1);
    return ones;
  }

  private void mask(Parameter parameter, float[] values, boolean always, NDManager manager) {
    float[] mask = new float[values.length];
    boolean zeros = false;
    for (int i = 0; i < mask.length; i++) {
      mask[i] = values[i] == 0 ? 0 : 1;
      zeros |= values[i] == 0;
    }
    NDArray old = masks.get(parameter.name());
    if (old != null) {
      try (NDArray now = manager.create(mask, parameter.array().getShape())) {
        TrainedValues.assign(old, now);
      }
    } else if (zeros || always) {
      masks.put(
          parameter.name(), Scalars.owned(manager.create(mask, parameter.array().getShape())));
    }
  }

  /** Equal values are one cluster, those of different groups of channels two. */
  private void share(String name, float[] values, @Nullable ChannelGroups groups) {
    Map<Cluster, Integer> numbers = new HashMap<>();
    int[] cluster = new int[values.length];
    for (int i = 0; i < values.length; i++) {
      float value = values[i] == 0 ? 0f : values[i]; // -0 is 0
      Cluster member = new Cluster(groups == null ? 0 : groups.groupAt(i), value);
      cluster[i] = numbers.computeIfAbsent(member, v -> numbers.size());
    }
    clusters.put(name, cluster);
    counts.put(name, numbers.size());
  }

  /**
   * Keeps zero from now on what is zero in a pruned model, and nothing else of those weights.
   *
   * @param pruned the same model with more zeros
   * @param parameters all weights of the model
   * @param manager owns the masks
   */
  void maskAs(OnnxModel pruned, List<Parameter> parameters, NDManager manager) {
    Map<String, Initializer> sparse = new HashMap<>();
    pruned.graph().initializers().forEach(i -> sparse.put(i.name(), i));
    for (Parameter parameter : parameters) {
      Initializer found = sparse.get(parameter.name());
      if (found != null && parameter.trainable() && isWeight(parameter)) {
        mask(parameter, found.tensor().toFloats(), true, manager);
      }
    }
  }

  /** What is kept zero, a mask a weight in the order of their names: what a checkpoint holds. */
  List<NDArray> masks() {
    return masks.entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .map(Map.Entry::getValue)
        .toList();
  }

  /** Makes the gradient of shared weights one of the shared values. */
  void shareGradient(Weight weight, NDArray gradient) {
    int[] cluster = clusters.get(weight.name());
    if (cluster == null) {
      return;
    }
    int count = counts.getOrDefault(weight.name(), 0);
    float[] values = gradient.toFloatArray();
    double[] sums = new double[count];
    int[] members = new int[count];
    for (int i = 0; i < values.length; i++) {
      sums[cluster[i]] += values[i];
      members[cluster[i]]++;
    }
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (sums[cluster[i]] / members[cluster[i]]);
    }
    try (NDArray mean = gradient.getManager().create(values, gradient.getShape())) {
      TrainedValues.assign(gradient, mean);
    }
  }

  /** Makes zero again what has to be. */
  void restoreZeros(Weight weight) {
    NDArray mask = masks.get(weight.name());
    if (mask != null) {
      weight.array().muli(mask).addi(0f); // a zero without a sign, which stores best
    }
  }

  @Override
  public void close() {
    new ArrayList<>(masks.values()).forEach(NDArray::close);
    masks.clear();
  }
}
