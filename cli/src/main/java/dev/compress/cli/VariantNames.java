package dev.compress.cli;

import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;

/**
 * What the variants of a comparison are called: by their files, with as many folders in front as it
 * takes to tell them apart.
 */
final class VariantNames {
  private static final String SUFFIX = ".onnx";

  private VariantNames() {}

  /**
   * Names, all different.
   *
   * @param models paths and samples, all different
   */
  static List<String> of(List<String> models) {
    int most = models.stream().mapToInt(m -> Path.of(m).getNameCount()).max().orElse(0);
    for (int parts = 1; parts <= most; parts++) {
      int taken = parts;
      List<String> names = models.stream().map(m -> name(m, taken)).toList();
      if (new HashSet<>(names).size() == names.size()) {
        return names;
      }
    }
    return List.copyOf(models);
  }

  private static String name(String model, int parts) {
    if (Samples.name(model).isPresent()) {
      return model;
    }
    Path path = Path.of(model);
    int count = path.getNameCount();
    String name = count == 0 ? model : path.subpath(Math.max(0, count - parts), count).toString();
    return name.endsWith(SUFFIX) ? name.substring(0, name.length() - SUFFIX.length()) : name;
  }
}
