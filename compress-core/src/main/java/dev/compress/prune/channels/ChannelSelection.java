package dev.compress.prune.channels;

import dev.compress.prune.channels.DependencyGroups.Family;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.ToDoubleFunction;

/**
 * Which units go: of each family those that matter least, so many that what is left of it is a
 * multiple of the rounding, and never all of it.
 */
final class ChannelSelection {
  /** The most of a family that a comparison of all families may take. */
  private static final double MOST_OF_FAMILY = 0.9;

  private static final int BISECTIONS = 24;

  private final DependencyGroups groups;
  private final Map<Integer, Double> scores;
  private final int round;
  private final boolean global;

  /**
   * A chooser.
   *
   * @param groups the dependency groups
   * @param scores how much each unit matters; 0 where nothing is said
   * @param round what is left of a layer is a multiple of that
   * @param global whether families are compared; else each gives the same share
   */
  ChannelSelection(
      DependencyGroups groups, Map<Integer, Double> scores, int round, boolean global) {
    this.groups = groups;
    this.scores = scores;
    this.round = round;
    this.global = global;
  }

  /**
   * As little as takes a cost down.
   *
   * @param share of the cost to save, or as much of it as can be
   * @param cost of what is left when units are removed
   */
  Set<Integer> saving(double share, ToDoubleFunction<Set<Integer>> cost) {
    return saving(share, cost, BISECTIONS);
  }

  /**
   * The same for a cost that takes time to find out.
   *
   * @param steps of the search: each halves what the share may be off by
   */
  Set<Integer> saving(double share, ToDoubleFunction<Set<Integer>> cost, int steps) {
    double limit = (1 - share) * cost.applyAsDouble(Set.of());
    double low = 0;
    double high = 1;
    Set<Integer> best = ofChannels(high);
    for (int i = 0; i < steps; i++) {
      double middle = (low + high) / 2;
      Set<Integer> chosen = ofChannels(middle);
      if (cost.applyAsDouble(chosen) <= limit) {
        high = middle;
        best = chosen;
      } else {
        low = middle;
      }
    }
    return best;
  }

  /** A share of the channels. */
  Set<Integer> ofChannels(double share) {
    Map<Family, Double> wanted = global ? byThreshold(share) : new HashMap<>();
    Set<Integer> removed = new LinkedHashSet<>();
    double owed = 0;
    for (Family family : groups.families()) {
      int all = family.units().size();
      double goal = global ? wanted.getOrDefault(family, (double) all) : all * (1 - share) + owed;
      int left = rounded(family, goal);
      if (!global && all > step(family)) {
        owed = goal - left; // a family that cannot give leaves others to give its share
      }
      family.free().stream()
          .sorted(Comparator.comparingDouble(this::score))
          .limit(all - left)
          .forEach(removed::add);
    }
    keepEveryAxis(removed);
    return removed;
  }

  private double score(int unit) {
    return scores.getOrDefault(unit, 0.0);
  }

  private int step(Family family) {
    return Math.max(1, round / family.positions());
  }

  private int rounded(Family family, double goal) {
    int all = family.units().size();
    int step = step(family);
    int fixed = all - family.free().size();
    long left = Math.round(goal / step) * step;
    return (int) Math.min(all, Math.max(Math.max(left, step), fixed));
  }

  /** How many units of each family are left when the least of all units go. */
  private Map<Family, Double> byThreshold(double share) {
    record Ranked(Family family, double score) {}
    List<Ranked> ranked = new ArrayList<>();
    Map<Family, Double> left = new HashMap<>();
    double total = 0;
    for (Family family : groups.families()) {
      family.free().forEach(u -> ranked.add(new Ranked(family, score(u))));
      left.put(family, (double) family.units().size());
      total += family.units().size();
    }
    ranked.sort(Comparator.comparingDouble(Ranked::score));
    double open = share * total;
    for (Ranked next : ranked) {
      double now = left.getOrDefault(next.family(), 0.0);
      if (open > 0 && now - 1 >= (1 - MOST_OF_FAMILY) * next.family().units().size()) {
        left.put(next.family(), now - 1);
        open--;
      }
    }
    return left;
  }

  /** Gives an axis that would lose everything its best unit back. */
  private void keepEveryAxis(Set<Integer> removed) {
    for (int[][] axes : groups.values().values()) {
      for (int[] axis : axes) {
        if (axis.length > 0 && groups.left(axis, removed).map(b -> b.isEmpty()).orElse(false)) {
          int best = groups.unit(axis[0]);
          for (int atom : axis) {
            best = score(groups.unit(atom)) > score(best) ? groups.unit(atom) : best;
          }
          removed.remove(best);
        }
      }
    }
  }
}
