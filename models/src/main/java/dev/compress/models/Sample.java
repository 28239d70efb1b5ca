package dev.compress.models;

import dev.compress.error.ReadWriteException;
import dev.compress.error.UnsupportedModelException;
import dev.compress.models.sample.GlyphDataset;
import dev.compress.models.sample.GlyphFiles;
import dev.compress.progress.Progress;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import org.jspecify.annotations.Nullable;

/**
 * An embedded model with its data.
 *
 * @param name what stands after {@code sample:}
 * @param description what it does, one line
 * @param files names of its files
 */
public record Sample(String name, String description, List<String> files) {
  private static final List<String> TRAINING_FILES =
      List.of("-images-idx3-ubyte.gz", "-labels-idx1-ubyte.gz", ".yaml");

  /** Copies the list. */
  public Sample {
    files = List.copyOf(files);
  }

  /** The float model's bytes. */
  public byte[] model() {
    return resource(name + ".onnx");
  }

  /**
   * Puts the sample's files where this user keeps such things, or into a temporary folder where
   * that is not possible. The environment variable {@code COMPRESS_CACHE} names another place.
   *
   * @throws ReadWriteException if the files cannot be written anywhere
   */
  public SampleFiles extract() {
    Optional<Path> cache = CacheFolder.locate();
    if (cache.isPresent()) {
      try {
        return extract(cache.get().resolve("samples").resolve(name));
      } catch (ReadWriteException notThere) {
        return extract(temporaryFolder());
      }
    }
    return extract(temporaryFolder());
  }

  /**
   * Draws the sample's training data, if it is not there already, beside its other files.
   *
   * @return a dataset's path, as in {@link SampleFiles}; disjoint from calibration and test
   * @throws ReadWriteException if the files cannot be written anywhere
   */
  public Path trainingData() {
    return trainingData(Objects.requireNonNull(extract().model().getParent()));
  }

  /** As {@link #trainingData()}, in an existing folder. */
  Path trainingData(Path folder) {
    Path data = folder.resolve(name + "-training");
    if (TRAINING_FILES.stream().allMatch(end -> Files.isRegularFile(Path.of(data + end)))) {
      return data; // each was put there whole, and what is drawn is always the same
    }
    Map<String, byte[]> drawn = GlyphFiles.trainingContents(GlyphDataset.SEED);
    try {
      for (Map.Entry<String, byte[]> file : drawn.entrySet()) {
        put(file.getValue(), folder.resolve(file.getKey()));
      }
    } catch (IOException failure) {
      throw new ReadWriteException(
          "Cannot put the sample's training data into "
              + folder
              + ": "
              + failure.getMessage()
              + ". Set COMPRESS_CACHE to a folder that can be written.",
          failure);
    }
    return data;
  }

  /** A folder that is removed with its files when this process ends. */
  private Path temporaryFolder() {
    try {
      Path folder = Files.createTempDirectory("compress-sample-");
      // in reverse order of these calls, so the folder comes last
      folder.toFile().deleteOnExit();
      files.forEach(file -> folder.resolve(file).toFile().deleteOnExit());
      TRAINING_FILES.forEach(
          end -> folder.resolve(name + "-training" + end).toFile().deleteOnExit());
      return folder;
    } catch (IOException failure) {
      throw new ReadWriteException(
          "Cannot write the sample to the temporary folder: "
              + failure.getMessage()
              + ". Set COMPRESS_CACHE to a folder that can be written.",
          failure);
    }
  }

  /**
   * Puts the sample's files into a folder. Files that are there already with the same content stay
   * untouched; others are replaced, each in one step, so that a process that does the same at the
   * same time never sees a part.
   *
   * @param folder where to; created if it is not there
   * @throws ReadWriteException if the files cannot be written
   */
  public SampleFiles extract(Path folder) {
    try {
      Files.createDirectories(folder);
      for (String file : files) {
        put(resource(file), folder.resolve(file));
      }
    } catch (IOException failure) {
      throw new ReadWriteException(
          "Cannot put the sample into "
              + folder
              + ": "
              + failure.getMessage()
              + ". Choose another folder or free some space.",
          failure);
    }
    return new SampleFiles(
        folder.resolve(name + ".onnx"),
        folder.resolve(name + "-calibration"),
        folder.resolve(name + "-test"));
  }

  /**
   * Makes the sample's files anew, model and data: the same data for the same version of compress,
   * and the same model as far as the training is repeatable from processor to processor. Takes some
   * minutes.
   *
   * @param folder an existing folder; files of the same names are replaced
   * @param progress told the steps of the training; asked whether to stop
   * @throws UnsupportedModelException if the training libraries are absent
   * @throws ReadWriteException if the files cannot be written
   */
  public void rebuild(Path folder, Progress progress) {
    recipe().rebuild(folder, progress);
  }

  private SampleRecipe recipe() {
    try {
      for (SampleRecipe recipe :
          ServiceLoader.load(SampleRecipe.class, Sample.class.getClassLoader())) {
        if (recipe.sample().equals(name)) {
          return recipe;
        }
      }
      throw noTraining(null);
    } catch (ServiceConfigurationError | LinkageError absent) {
      throw noTraining(absent);
    }
  }

  private UnsupportedModelException noTraining(@Nullable Throwable cause) {
    return new UnsupportedModelException(
        "Cannot build sample:"
            + name
            + ": the training libraries are not part of this installation. Use the full distribution.",
        cause);
  }

  private byte[] resource(String file) {
    String path = "sample/" + name + "/" + file;
    try (InputStream stream = Sample.class.getResourceAsStream(path)) {
      if (stream == null) {
        throw new IllegalStateException("resource " + path + " is missing from this build");
      }
      return stream.readAllBytes();
    } catch (IOException failure) {
      throw new UncheckedIOException("cannot read resource " + path, failure);
    }
  }

  private static void put(byte[] content, Path target) throws IOException {
    if (Files.isRegularFile(target)
        && Files.size(target) == content.length
        && Arrays.equals(Files.readAllBytes(target), content)) {
      return;
    }
    Path part = Files.createTempFile(target.toAbsolutePath().getParent(), ".part", null);
    try {
      Files.write(part, content);
      try {
        Files.move(part, target, StandardCopyOption.ATOMIC_MOVE);
      } catch (AtomicMoveNotSupportedException cannot) {
        Files.move(part, target, StandardCopyOption.REPLACE_EXISTING);
      }
    } finally {
      Files.deleteIfExists(part);
    }
  }
}
