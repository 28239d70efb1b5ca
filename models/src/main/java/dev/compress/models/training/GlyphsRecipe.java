package dev.compress.models.training;

import dev.compress.error.ReadWriteException;
import dev.compress.graph.OnnxModel;
import dev.compress.models.SampleRecipe;
import dev.compress.models.architecture.GlyphNet;
import dev.compress.models.sample.GlyphAlphabet;
import dev.compress.models.sample.GlyphDataset;
import dev.compress.models.sample.GlyphFiles;
import dev.compress.onnx.OnnxWriter;
import dev.compress.onnx.WriteSettings;
import dev.compress.progress.Progress;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** Makes the embedded sample {@code glyphs}: draws its data, trains its network and writes both. */
public final class GlyphsRecipe implements SampleRecipe {
  private static final int TRAINING_IMAGES = 163_840;
  private static final int VALIDATION_IMAGES = 4_080;

  /** Called by {@link java.util.ServiceLoader}. */
  public GlyphsRecipe() {}

  @Override
  public String sample() {
    return "glyphs";
  }

  @Override
  public void rebuild(Path folder, Progress progress) {
    progress.begin("draw", -1);
    Map<String, byte[]> data = GlyphFiles.contents(GlyphDataset.SEED);
    GlyphTraining.Result trained =
        new GlyphTraining(TRAINING_IMAGES, GlyphDataset.SEED).run(VALIDATION_IMAGES, progress);
    write(data, folder);
    Path model = folder.resolve("glyphs.onnx");
    OnnxWriter.write(model(trained), model, WriteSettings.DEFAULT.withForce(true), progress);
  }

  private static void write(Map<String, byte[]> data, Path folder) {
    try {
      for (Map.Entry<String, byte[]> file : data.entrySet()) {
        Files.write(folder.resolve(file.getKey()), file.getValue());
      }
    } catch (IOException failure) {
      throw new ReadWriteException(
          "Cannot write to " + folder + ": " + failure.getMessage() + ".", failure);
    }
  }

  private static OnnxModel model(GlyphTraining.Result trained) {
    GlyphAlphabet alphabet = GlyphAlphabet.load();
    Map<String, String> metadata = new LinkedHashMap<>();
    metadata.put("description", "reads handwritten digits and capital letters; sample of compress");
    metadata.put("training", TRAINING_IMAGES + " generated images, seed " + GlyphDataset.SEED);
    metadata.put(
        "validation_accuracy", String.format(Locale.ROOT, "%.4f", trained.validationAccuracy()));
    metadata.put("preprocessing", "grey value / 255, white ink on black");
    metadata.put("classes", String.join("", alphabet.labels()));
    metadata.put("license", "Apache-2.0");
    return GlyphNet.build(trained.weights(), alphabet.labels().size(), metadata);
  }

  /**
   * Makes the sample, as {@code ./mvnw -Pglyphs} does.
   *
   * @param arguments the folder to write to
   */
  public static void main(String[] arguments) {
    if (arguments.length != 1) {
      throw new IllegalArgumentException("give one argument, the folder to write to");
    }
    new GlyphsRecipe().rebuild(Path.of(arguments[0]), new LoggedProgress());
  }

  /** Logs every tenth part of a stage. */
  private static final class LoggedProgress implements Progress {
    private static final int PARTS = 10;

    private final System.Logger logger = System.getLogger(GlyphsRecipe.class.getName());
    private String stage = "";
    private long total;
    private long done;

    @Override
    public synchronized void begin(String newStage, long newTotal) {
      stage = newStage;
      total = newTotal;
      done = 0;
      logger.log(Level.INFO, stage);
    }

    @Override
    public synchronized void advance(long steps) {
      long before = total > 0 ? done * PARTS / total : 0;
      done += steps;
      long after = total > 0 ? done * PARTS / total : 0;
      if (after > before) {
        logger.log(Level.INFO, "{0}: {1} %", stage, after * 100 / PARTS);
      }
    }

    @Override
    public boolean cancelled() {
      return false;
    }
  }
}
