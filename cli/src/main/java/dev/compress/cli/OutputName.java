package dev.compress.cli;

import dev.compress.recipe.Recipe;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The default output: the input's name with what was done to it, beside the input. */
final class OutputName {
  private static final String EXTENSION = ".onnx";

  private OutputName() {}

  /**
   * The output of a job.
   *
   * @param model a file, or sample:NAME, whose output goes into the current folder
   * @param done what is done to it, such as "int8" or "prune50.cluster16.int8"
   */
  static Path of(String model, String done) {
    String suffix = "." + done.toLowerCase(Locale.ROOT) + EXTENSION;
    Optional<String> sample = Samples.name(model);
    if (sample.isPresent()) {
      return Path.of(sample.get() + suffix);
    }
    Path input = Path.of(model);
    Path file = input.getFileName();
    String name = file == null ? model : file.toString();
    boolean known = name.toLowerCase(Locale.ROOT).endsWith(EXTENSION);
    String stem = known ? name.substring(0, name.length() - EXTENSION.length()) : name;
    return input.resolveSibling(stem + suffix);
  }

  /** What a recipe does, as the name of its output tells it; "" if it does nothing. */
  static String done(Recipe recipe) {
    List<String> parts = new ArrayList<>();
    // two of four are half, said or not
    Double share = "2:4".equals(recipe.pruneKind()) ? (Double) 0.5 : recipe.prune();
    if (share != null) {
      String percent = BigDecimal.valueOf(share).movePointRight(2).toPlainString();
      parts.add("prune" + new BigDecimal(percent).stripTrailingZeros().toPlainString());
    }
    if (recipe.lowRank() != null) {
      String percent = BigDecimal.valueOf(recipe.lowRank()).movePointRight(2).toPlainString();
      parts.add("rank" + new BigDecimal(percent).stripTrailingZeros().toPlainString());
    }
    if (recipe.cluster() != null) {
      Integer groups = recipe.clusterGroups();
      parts.add("cluster" + recipe.cluster() + (groups == null || groups == 1 ? "" : "x" + groups));
    }
    if (recipe.fineTune() != null && parts.isEmpty()) {
      parts.add("tuned");
    }
    if (recipe.quantize() != null) {
      parts.add(recipe.quantize());
    }
    if (parts.isEmpty() && "always".equals(recipe.pack())) {
      parts.add("packed");
    }
    return String.join(".", parts);
  }
}
