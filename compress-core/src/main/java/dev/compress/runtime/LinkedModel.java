package dev.compress.runtime;

import dev.compress.error.IoReason;
import dev.compress.error.ReadWriteException;
import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.onnx.OnnxWriter;
import dev.compress.onnx.WriteSettings;
import dev.compress.progress.Progress;
import dev.compress.tensor.FileRegion;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A model in a temporary folder, for the runtime to load: its weights are hard links to the files
 * that hold them, which takes no time, no memory and no space; where the file system does not let
 * us, they are copied.
 *
 * <p>The runtime has mapped what it needs by the time it has loaded the model, so the folder can go
 * then. (Where a mapped file cannot be removed, it is removed when the process ends.)
 */
final class LinkedModel implements AutoCloseable {
  /** Up to this size a model goes through memory: that is faster than files. */
  private static final long SMALL_MODEL_BYTES = 16L << 20;

  private static final long LINKED_FROM_BYTES = 1L << 12;

  private final Path folder;

  private LinkedModel(Path folder) {
    this.folder = folder;
  }

  static boolean isSmall(OnnxModel model) {
    return weightBytes(model.graph()) <= SMALL_MODEL_BYTES;
  }

  private static long weightBytes(Graph graph) {
    long bytes = 0;
    for (Initializer initializer : graph.initializers()) {
      bytes += initializer.tensor().byteSize();
    }
    for (Node node : graph.nodes()) {
      bytes += node.tensorAttribute("value").map(v -> v.tensor().byteSize()).orElse(0L);
      for (Graph inner : node.subgraphs()) {
        bytes += weightBytes(inner);
      }
    }
    return bytes;
  }

  static LinkedModel of(OnnxModel model) {
    LinkedModel linked;
    try {
      linked = new LinkedModel(Files.createTempDirectory("compress-model-"));
    } catch (IOException e) {
      throw cannotWrite(e);
    }
    try {
      linked.linkOrCopy(model);
      return linked;
    } catch (RuntimeException e) {
      linked.close();
      throw e;
    }
  }

  private static ReadWriteException cannotWrite(IOException e) {
    return new ReadWriteException(
        "Cannot write to the temporary folder: "
            + IoReason.of(e)
            + ". Free some space or set -Djava.io.tmpdir.",
        e);
  }

  private void linkOrCopy(OnnxModel model) {
    Map<Path, String> names = new LinkedHashMap<>();
    for (Initializer initializer : model.graph().initializers()) {
      if (initializer.tensor().data() instanceof FileRegion region) {
        names.putIfAbsent(region.file(), "weights" + names.size());
      }
    }
    try {
      for (Map.Entry<Path, String> entry : names.entrySet()) {
        Files.createLink(folder.resolve(entry.getValue()), entry.getKey().toRealPath());
      }
      Files.write(
          file(),
          OnnxWriter.toBytesReferring(
              model,
              LINKED_FROM_BYTES,
              path -> names.computeIfAbsent(path, p -> linkLate(p, names.size()))));
    } catch (IOException | UnsupportedOperationException | IllegalArgumentException e) {
      // Another file system, or too much is not in files: then as files of its own.
      removeContent();
      OnnxWriter.write(
          model,
          file(),
          WriteSettings.DEFAULT.withExternal(WriteSettings.ExternalData.ALWAYS),
          Progress.NONE);
    }
  }

  /** A file that only initializers of subgraphs are in. */
  private String linkLate(Path path, int number) {
    try {
      String name = "weights" + number;
      Files.createLink(folder.resolve(name), path.toRealPath());
      return name;
    } catch (IOException e) {
      throw new UnsupportedOperationException(e);
    }
  }

  /** The model's file. */
  Path file() {
    return folder.resolve("model.onnx");
  }

  private void removeContent() {
    try (Stream<Path> files = Files.list(folder)) {
      files.map(Path::toFile).forEach(LinkedModel::remove);
    } catch (IOException e) {
      throw cannotWrite(e);
    }
  }

  private static void remove(File file) {
    if (!file.delete()) {
      file.deleteOnExit();
    }
  }

  @Override
  public void close() {
    folder.toFile().deleteOnExit(); // registered before its content, so removed after it
    removeContent();
    remove(folder.toFile());
  }
}
