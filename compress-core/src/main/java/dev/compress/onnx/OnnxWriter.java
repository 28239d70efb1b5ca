package dev.compress.onnx;

import dev.compress.error.IoReason;
import dev.compress.error.OutputExistsException;
import dev.compress.error.ReadWriteException;
import dev.compress.error.UnsupportedModelException;
import dev.compress.graph.OnnxModel;
import dev.compress.onnx.WriteSettings.ExternalData;
import dev.compress.progress.Progress;
import dev.compress.tensor.ByteSource;
import dev.compress.tensor.FileRegion;
import dev.compress.tensor.NewFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Function;

/**
 * Writes ONNX models. Weights are copied from where they are through one buffer, so that memory
 * holds the graph alone. A file appears complete or not at all: at any moment there is the old one
 * or the new one, also where a model is written over the file it was read from.
 */
public final class OnnxWriter {
  private static final int NAME_DIGITS = 16;

  private OnnxWriter() {}

  /**
   * Writes a model to a new file.
   *
   * @param model any model
   * @param output the file
   * @return what was written
   * @throws OutputExistsException if the file exists
   * @throws ReadWriteException if it cannot be written, or the model's weights not be read
   */
  public static WrittenModel write(OnnxModel model, Path output) {
    return write(model, output, WriteSettings.DEFAULT, Progress.NONE);
  }

  /**
   * Writes a model.
   *
   * <p>External data goes into {@code NAME-HASH.data} beside the model, named by its content, and
   * is put in place before the model. The data file of a model that is replaced goes, if it was
   * named so and no other model of the folder refers to it.
   *
   * @param model any model
   * @param output the file
   * @param settings how
   * @param progress told the bytes written; asked whether to stop
   * @return what was written
   * @throws OutputExistsException if the file exists and is not to be replaced
   * @throws ReadWriteException if it cannot be written, or the model's weights not be read
   * @throws dev.compress.error.CancelledException if the caller stopped it; nothing was written
   */
  public static WrittenModel write(
      OnnxModel model, Path output, WriteSettings settings, Progress progress) {
    Path target = target(output, settings.force());
    StaleData stale = StaleData.of(target);
    WrittenModel written = writeTo(target, model, output, settings, progress);
    stale.remove();
    return written;
  }

  /**
   * Copies a model that is one file, byte for byte.
   *
   * @param file the model's file
   * @param output where to
   * @param force whether an existing file is replaced
   * @param progress told the bytes written; asked whether to stop
   * @return what was written
   * @throws OutputExistsException if the file exists and is not to be replaced
   * @throws ReadWriteException if one cannot be read or the other not be written
   */
  public static WrittenModel copy(Path file, Path output, boolean force, Progress progress) {
    Path target = target(output, force);
    StaleData stale = StaleData.of(target);
    WriteSettings settings = WriteSettings.DEFAULT.withForce(force);
    ByteSource bytes = FileRegion.ofAll(file);
    progress.begin("write", bytes.size());
    try (NewFile copy = NewFile.near(target, progress)) {
      copy.write(bytes);
      String hash = copy.finish(settings.sync());
      moveModel(copy, target, settings);
      stale.remove();
      return new WrittenModel(output, bytes.size(), hash, Optional.empty());
    }
  }

  private static WrittenModel writeTo(
      Path target, OnnxModel model, Path output, WriteSettings settings, Progress progress) {
    WireWriter inline = ModelEncoder.encode(model, TensorPlacement.INLINE);
    if (settings.external() == ExternalData.ALWAYS || inline.size() > settings.inlineLimitBytes()) {
      return writeExternal(model, output, target, settings, progress);
    }
    progress.begin("write", inline.size());
    try (NewFile file = NewFile.near(target, progress)) {
      String hash = fill(file, inline, settings);
      moveModel(file, target, settings);
      return new WrittenModel(output, inline.size(), hash, Optional.empty());
    }
  }

  private static WrittenModel writeExternal(
      OnnxModel model, Path output, Path target, WriteSettings settings, Progress progress) {
    String stem = stem(target);
    ExternalLayout layout = ExternalLayout.of(model, false);
    WireWriter size = ModelEncoder.encode(model, layout.placement(dataName(stem, "0".repeat(64))));
    if (size.size() > settings.inlineLimitBytes()) {
      layout = ExternalLayout.of(model, true);
      size = ModelEncoder.encode(model, layout.placement(dataName(stem, "0".repeat(64))));
    }
    if (size.size() > Integer.MAX_VALUE) {
      throw new UnsupportedModelException(
          "Even with its weights in a file of their own the model takes "
              + size.size()
              + " bytes; an ONNX file has up to 2^31-1.");
    }
    progress.begin("write", size.size() + layout.size());
    try (NewFile dataFile = NewFile.near(target, progress);
        NewFile file = NewFile.near(target, progress)) {
      if (layout.size() == 0) {
        String hash = fill(file, size, settings);
        moveModel(file, target, settings);
        return new WrittenModel(output, size.size(), hash, Optional.empty());
      }
      for (ExternalLayout.Piece piece : layout.pieces()) {
        dataFile.padTo(piece.offset());
        dataFile.write(piece.source());
      }
      String dataHash = dataFile.finish(settings.sync());
      String name = dataName(stem, dataHash);
      String hash = fill(file, ModelEncoder.encode(model, layout.placement(name)), settings);
      Path place = target.resolveSibling(name);
      boolean isNew = !Files.exists(place);
      dataFile.moveTo(place);
      boolean done = false;
      try {
        moveModel(file, target, settings);
        done = true;
      } finally {
        if (!done && isNew) {
          place.toFile().delete();
        }
      }
      return new WrittenModel(
          output,
          size.size() + layout.size(),
          hash,
          Optional.of(new WrittenModel.Data(place, layout.size(), dataHash)));
    }
  }

  /** A model's name, which those of its data files begin with. */
  static String stem(Path target) {
    return target.getFileName().toString().replaceFirst("\\.onnx$", "");
  }

  private static String dataName(String stem, String hash) {
    return stem + "-" + hash.substring(0, NAME_DIGITS) + ".data";
  }

  private static String fill(NewFile file, WireWriter skeleton, WriteSettings settings) {
    int from = 0;
    for (WireWriter.Hole hole : skeleton.holes()) {
      file.write(skeleton.ownBytes(from, hole.index()));
      file.write(hole.source());
      from = hole.index();
    }
    file.write(skeleton.ownBytes(from, skeleton.ownLength()));
    return file.finish(settings.sync());
  }

  private static void moveModel(NewFile file, Path target, WriteSettings settings) {
    if (!settings.force()) {
      refuseExisting(target); // it may have appeared meanwhile
    }
    file.moveTo(target);
  }

  private static Path target(Path output, boolean force) {
    if (!force) {
      refuseExisting(output);
    }
    if (Files.isDirectory(output)) {
      throw new ReadWriteException(output + " is a folder. Name the file to write.");
    }
    try {
      // A link stays a link: what it leads to is replaced.
      Path target = Files.exists(output) ? output.toRealPath() : output.toAbsolutePath();
      Path folder = target.getParent();
      if (folder == null || !Files.isDirectory(folder)) {
        throw new ReadWriteException(
            "Cannot write " + output + ": the folder does not exist. Create it first.");
      }
      return target;
    } catch (IOException e) {
      throw new ReadWriteException("Cannot write " + output + ": " + IoReason.of(e) + ".", e);
    }
  }

  private static void refuseExisting(Path output) {
    if (Files.exists(output)) {
      throw new OutputExistsException(
          output + " exists already. Choose another output, or overwrite it with --force.");
    }
  }

  /**
   * A model as bytes; for small ones.
   *
   * @throws IllegalArgumentException if it takes more than an array can hold
   */
  public static byte[] toBytes(OnnxModel model) {
    return toBytes(ModelEncoder.encode(model, TensorPlacement.INLINE));
  }

  /**
   * A model as bytes whose large weights stay in the files where they are: they are referred to as
   * external data and not read.
   *
   * @param model any model
   * @param fromBytes how large the initializers are, at least, that stay where they are
   * @param locations how to refer to a file: its name in the folder where the runtime will look
   * @throws IllegalArgumentException if it takes more than an array can hold all the same
   */
  public static byte[] toBytesReferring(
      OnnxModel model, long fromBytes, Function<Path, String> locations) {
    TensorPlacement placement =
        (tensor, isInitializer) ->
            isInitializer
                    && tensor.tensor().data() instanceof FileRegion region
                    && region.size() >= fromBytes
                ? new TensorPlacement.Place(locations.apply(region.file()), region.offset())
                : null;
    return toBytes(ModelEncoder.encode(model, placement));
  }

  private static byte[] toBytes(WireWriter encoded) {
    if (encoded.size() > Integer.MAX_VALUE - 8) {
      throw new IllegalArgumentException("A model of " + encoded.size() + " bytes needs a file");
    }
    ByteBuffer bytes = ByteBuffer.allocate((int) encoded.size());
    int from = 0;
    for (WireWriter.Hole hole : encoded.holes()) {
      bytes.put(encoded.ownBytes(from, hole.index()));
      bytes.limit(bytes.position() + (int) hole.source().size());
      hole.source().read(0, bytes);
      bytes.limit(bytes.capacity());
      from = hole.index();
    }
    bytes.put(encoded.ownBytes(from, encoded.ownLength()));
    return bytes.array();
  }
}
