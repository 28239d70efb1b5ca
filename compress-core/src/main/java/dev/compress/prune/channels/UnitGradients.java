package dev.compress.prune.channels;

import dev.compress.gradient.Differentiated;
import dev.compress.gradient.GradientEngine;
import dev.compress.gradient.GradientJob;
import dev.compress.gradient.SampleGradients;
import dev.compress.graph.OnnxModel;
import dev.compress.pass.PassContext;
import dev.compress.prune.channels.Coupling.Role;
import dev.compress.prune.channels.Coupling.Use;
import dev.compress.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What the loss changes by when a unit is gone, in first order (Molchanov et al., arXiv
 * 1906.10771): {@code mean_n (sum_w w dL_n/dw)^2} over the samples n, w all weights that multiply
 * the unit's channels. By the chain rule that sum is the channels times the loss's derivative by
 * them, {@code sum x dL/dx}: the derivative by a gate on all that reads them, which is what removal
 * closes. A unit that no weight multiplies has those that make it in their place.
 */
final class UnitGradients implements SampleGradients {
  private final Map<String, List<Place>> places = new LinkedHashMap<>();
  private final Map<String, float[]> weights = new LinkedHashMap<>();
  private final Map<Integer, double[]> units = new LinkedHashMap<>();

  /**
   * An axis of a weight.
   *
   * @param sums one a position: that of the current sample's unit, or null
   * @param inner elements between two neighbours of the axis
   */
  @SuppressWarnings("ArrayRecordComponent") // compared nowhere
  private record Place(double[][] sums, int inner) {}

  private UnitGradients(DependencyGroups groups) {
    Set<Integer> read = new HashSet<>();
    for (Use use : groups.uses()) {
      if (use.role() == Role.INPUT && weight(groups, use).isPresent()) {
        for (int atom : groups.axis(use)) {
          read.add(groups.unit(atom));
        }
      }
    }
    Set<String> seen = new HashSet<>(); // a gradient holds all that reads a weight
    for (Use use : groups.uses()) {
      if (use.role() != Role.FOLLOWER
          && weight(groups, use).isPresent()
          && seen.add(use.axis() + " " + use.initializer())) {
        add(groups, use, read);
      }
    }
  }

  private static Optional<Tensor> weight(DependencyGroups groups, Use use) {
    return groups.axis(use).length == 0
        ? Optional.empty()
        : groups
            .coupling()
            .index()
            .constant(use.initializer())
            .filter(t -> t.type().isFloatingPoint());
  }

  private void add(DependencyGroups groups, Use use, Set<Integer> read) {
    Tensor tensor = weight(groups, use).orElseThrow();
    int[] axis = groups.axis(use);
    double[][] sums = new double[axis.length][];
    boolean any = false;
    for (int i = 0; i < axis.length; i++) {
      int unit = groups.unit(axis[i]);
      if (use.role() == Role.INPUT || !read.contains(unit)) {
        sums[i] = units.computeIfAbsent(unit, u -> new double[2]);
        any = true;
      }
    }
    if (any) {
      long inner = 1;
      for (int i = use.axis() + 1; i < tensor.shape().rank(); i++) {
        inner *= tensor.shape().dim(i);
      }
      places
          .computeIfAbsent(use.initializer(), n -> new ArrayList<>())
          .add(new Place(sums, (int) inner));
      weights.computeIfAbsent(use.initializer(), n -> tensor.toFloats());
    }
  }

  /**
   * The importance of units.
   *
   * @param byUnit squares of what the loss changes by, in the mean over the samples
   * @param of what was differentiated
   */
  record Found(Map<Integer, Double> byUnit, Differentiated of) {}

  /**
   * Differentiates.
   *
   * @param engine ready to work
   * @param context with samples
   */
  static Found of(
      GradientEngine engine, OnnxModel model, DependencyGroups groups, PassContext context) {
    UnitGradients gradients = new UnitGradients(groups);
    Differentiated of =
        engine.differentiate(
            new GradientJob(
                model,
                context.calibration().orElseThrow(),
                gradients.places.keySet(),
                context.seed()),
            context.progress(),
            gradients);
    Map<Integer, Double> byUnit = new LinkedHashMap<>();
    gradients.units.forEach((unit, sums) -> byUnit.put(unit, sums[1] / of.samples()));
    return new Found(byUnit, of);
  }

  @Override
  public void read(String weight, float[] gradient) {
    float[] values = weights.get(weight);
    if (values == null || values.length != gradient.length) {
      throw new IllegalArgumentException("A gradient of " + gradient.length + " by " + weight);
    }
    for (Place place : java.util.Objects.requireNonNull(places.get(weight))) {
      int position = 0;
      for (int from = 0; from < values.length; from += place.inner()) {
        double[] sum = place.sums()[position];
        if (sum != null) {
          double product = 0;
          for (int i = from; i < from + place.inner(); i++) {
            product += (double) values[i] * gradient[i];
          }
          sum[0] += product;
        }
        position = position + 1 == place.sums().length ? 0 : position + 1;
      }
    }
  }

  @Override
  public void sampleOver() {
    for (double[] sums : units.values()) {
      sums[1] += sums[0] * sums[0];
      sums[0] = 0;
    }
  }
}
