package dev.compress.evaluation;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.compress.graph.OnnxModel;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What a transformation did, by its report or the model, in the order in which it did it. */
final class TransformSteps {
  private static final String RECIPE = "compress.recipe";
  private static final JsonMapper JSON = new JsonMapper();

  private TransformSteps() {}

  /**
   * In a word or two each: "prune 50%", "16 clusters", "int8", "pack".
   *
   * @param report its JSON
   */
  static List<String> of(JsonNode report) {
    List<String> steps = new ArrayList<>();
    if (report.path("schema").asText("").startsWith("compress.distill")) {
      steps.add(report.path("teacher").isObject() ? "distill" : "train");
      return steps;
    }
    addRecipe(report.path("recipe"), steps);
    for (JsonNode pass : report.path("passes")) {
      if (pass.path("name").asText("").equals("pack-weights") && !pass.path("changed").isEmpty()) {
        steps.add("pack");
      }
    }
    return steps;
  }

  /**
   * What the last transformation of a model was told to do, by the model itself; empty if it does
   * not say.
   *
   * @param packed whether any of its weights is packed
   */
  static List<String> of(OnnxModel model, boolean packed) {
    List<String> steps = new ArrayList<>();
    try {
      String recipe = model.metadata().getOrDefault(RECIPE, "");
      addRecipe(CleanText.of(JSON.readTree(recipe)), steps);
    } catch (JsonProcessingException e) {
      return List.of(); // somebody else wrote it
    }
    if (packed && !steps.isEmpty()) {
      steps.add("pack");
    }
    return steps;
  }

  private static void addRecipe(JsonNode recipe, List<String> steps) {
    if (recipe.path("low-rank").isNumber()) {
      steps.add("low rank " + share(recipe.path("low-rank").doubleValue()));
    }
    String kind = recipe.path("prune-kind").asText("");
    if (recipe.path("prune").isNumber() && recipe.path("prune").doubleValue() > 0) {
      steps.add(
          "prune "
              + share(recipe.path("prune").doubleValue())
              + (kind.isEmpty() || kind.equals("unstructured") ? "" : " " + kind));
    } else if (kind.equals("2:4")) {
      steps.add("prune 2:4");
    }
    if (recipe.path("fine-tune").isNumber()) {
      steps.add("fine-tune");
    }
    if (recipe.path("cluster").isNumber()) {
      int groups = recipe.path("cluster-groups").asInt(1);
      steps.add(
          recipe.path("cluster").intValue()
              + " clusters"
              + (groups > 1 ? " in " + groups + " groups" : ""));
    }
    if (recipe.path("quantize").isTextual()) {
      steps.add(recipe.path("quantize").textValue());
    }
  }

  private static String share(double share) {
    String text = String.format(Locale.ROOT, "%.1f", 100 * share);
    return (text.endsWith(".0") ? text.substring(0, text.length() - 2) : text) + "%";
  }
}
