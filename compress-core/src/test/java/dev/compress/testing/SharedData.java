package dev.compress.testing;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Finds the folder of real models and datasets that lies outside the project.
 *
 * <p>Looked for, in this order: the system property {@code compress.shared}, the environment
 * variable {@code COMPRESS_SHARED}, and a folder {@code shared} in the working folder or in any
 * folder above it. A folder counts when it holds {@code data/}. Tests that need real data skip with
 * a stated reason where there is none:
 *
 * <pre>{@code
 * Path model = SharedData.model("mnist-12.onnx").orElse(null);
 * assumeTrue(model != null, SharedData.WHY_ABSENT);
 * }</pre>
 */
public final class SharedData {
  /** The reason to give to {@code assumeTrue} where the data is absent. */
  public static final String WHY_ABSENT =
      "shared data not found: set -Dcompress.shared or COMPRESS_SHARED to a folder that holds data/";

  private SharedData() {}

  /** The shared folder itself, the one that holds {@code data/}. */
  public static Optional<Path> root() {
    String property = System.getProperty("compress.shared", "");
    if (!property.isBlank()) {
      return existing(Path.of(property));
    }
    String variable = System.getenv("COMPRESS_SHARED");
    if (variable != null && !variable.isBlank()) {
      return existing(Path.of(variable));
    }
    for (Path folder = Path.of("").toAbsolutePath(); folder != null; folder = folder.getParent()) {
      Optional<Path> found = existing(folder.resolve("shared"));
      if (found.isPresent()) {
        return found;
      }
    }
    return Optional.empty();
  }

  /** The folder {@code data/} of the shared folder. */
  public static Optional<Path> data() {
    return root().map(root -> root.resolve("data"));
  }

  /** A file or folder below {@code data/models}; empty where it does not exist. */
  public static Optional<Path> model(String relative) {
    return below("models", relative);
  }

  /** A file or folder below {@code data/datasets}; empty where it does not exist. */
  public static Optional<Path> dataset(String relative) {
    return below("datasets", relative);
  }

  private static Optional<Path> below(String kind, String relative) {
    return data().map(data -> data.resolve(kind).resolve(relative)).filter(Files::exists);
  }

  private static Optional<Path> existing(Path shared) {
    return Files.isDirectory(shared.resolve("data")) ? Optional.of(shared) : Optional.empty();
  }
}
