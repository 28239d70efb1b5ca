package dev.compress.onnx;

import dev.compress.error.CompressionException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The data files of a model that is about to be overwritten: after that nobody needs them. Only
 * those count that the old model refers to, that lie beside it and whose names say that we made
 * them for it, {@code NAME-HASH.data}; and none that another model of the folder refers to.
 */
final class StaleData {
  private final Path model;
  private final List<Path> files;

  private StaleData(Path model, List<Path> files) {
    this.model = model;
    this.files = files;
  }

  /**
   * Looks at what is there.
   *
   * @param target the model's place, links followed
   */
  static StaleData of(Path target) {
    if (!Files.isRegularFile(target)) {
      return new StaleData(target, List.of());
    }
    Pattern ours = Pattern.compile(Pattern.quote(OnnxWriter.stem(target)) + "-[0-9a-f]{16}\\.data");
    try {
      List<Path> files =
          OnnxReader.read(target).externalFiles().stream()
              .map(f -> f.toAbsolutePath().normalize())
              .filter(f -> Objects.equals(f.getParent(), target.getParent()))
              .filter(f -> ours.matcher(f.getFileName().toString()).matches())
              .filter(f -> Files.isRegularFile(f, LinkOption.NOFOLLOW_LINKS))
              .toList();
      return new StaleData(target, files);
    } catch (CompressionException e) {
      return new StaleData(target, List.of()); // no model: it has no data files
    }
  }

  /** Removes them, now that the model is another one. */
  void remove() {
    for (Path file : files) {
      if (!isReferredTo(file)) {
        file.toFile().delete(); // if it cannot be: a file too many does no harm
      }
    }
  }

  private boolean isReferredTo(Path file) {
    Path folder = Objects.requireNonNull(model.getParent());
    try (Stream<Path> models = Files.list(folder)) {
      return models
          .filter(m -> m.getFileName().toString().endsWith(".onnx"))
          .anyMatch(m -> refers(m, file));
    } catch (IOException e) {
      return true;
    }
  }

  private static boolean refers(Path other, Path file) {
    try {
      return OnnxReader.read(other).externalFiles().stream()
          .anyMatch(f -> f.toAbsolutePath().normalize().equals(file));
    } catch (CompressionException e) {
      return true; // whatever it is
    }
  }
}
