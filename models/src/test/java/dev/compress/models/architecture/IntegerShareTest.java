package dev.compress.models.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import dev.compress.Compress;
import dev.compress.data.DataDescriptor;
import dev.compress.data.Dataset;
import dev.compress.graph.OnnxModel;
import dev.compress.models.random.SplitMix64;
import dev.compress.onnx.OnnxWriter;
import dev.compress.onnx.WriteSettings;
import dev.compress.progress.Progress;
import dev.compress.recipe.RecipeFile;
import dev.compress.report.TransformReport;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.TensorBuffer;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How much of the large architectures' arithmetic static int8 moves into integer kernels. */
class IntegerShareTest {
  private static final int SAMPLES = 2;
  private static final int SIDE = 64;
  private static final int TOKENS = 32;

  @TempDir Path folder;

  /** All 53 convolutions in their widths, on small images. */
  @Test
  void resnet50() throws IOException {
    OnnxModel model = new Resnet50(List.of(3, 4, 6, 3), 64, 1000, SIDE).build(0);
    TensorBuffer images =
        TensorBuffer.allocate(ElementType.FLOAT, Shape.of(SAMPLES, 3, SIDE, SIDE));
    FloatBuffer pixels = images.floats();
    SplitMix64 random = new SplitMix64(1);
    while (pixels.hasRemaining()) {
      pixels.put((float) random.nextGaussian());
    }
    TransformReport report = quantize(model, Map.of("input", images));
    assertThat(report.integerMacShare()).isGreaterThanOrEqualTo(0.95);
    assertThat(Objects.requireNonNull(report.kernels()).unplannedFloat()).isEmpty();
  }

  /** Two of BERT-base's twelve layers, which are all alike, and few words. */
  @Test
  void bert() throws IOException {
    OnnxModel model = new BertEncoder(2, 768, 12, 3072, 500, TOKENS, 0).build(0);
    TransformReport report =
        quantize(
            model,
            Map.of("input_ids", ids(500), "attention_mask", ids(-1), "token_type_ids", ids(1)));
    assertThat(report.integerMacShare()).isGreaterThanOrEqualTo(0.90);
    assertThat(Objects.requireNonNull(report.kernels()).unplannedFloat()).isEmpty();
  }

  /** Ids below a bound; ones for a bound of -1. */
  private static TensorBuffer ids(int below) {
    TensorBuffer tensor = TensorBuffer.allocate(ElementType.INT64, Shape.of(SAMPLES, TOKENS));
    LongBuffer ids = tensor.bytes().asLongBuffer();
    for (int i = 0; ids.hasRemaining(); i++) {
      ids.put(below < 0 ? 1 : i * 7L % below);
    }
    return tensor;
  }

  private TransformReport quantize(OnnxModel model, Map<String, TensorBuffer> inputs)
      throws IOException {
    Path file = folder.resolve("model.onnx");
    OnnxWriter.write(model, file, WriteSettings.DEFAULT, Progress.NONE);
    Path settings = folder.resolve("recipe.yaml");
    Files.writeString(
        settings,
        """
        quantize: int8
        quantize-mode: static
        calibration-method: minmax
        target: cpu-vnni
        proof: kernels
        """);
    Dataset data = Dataset.of("made up", inputs, new long[0], DataDescriptor.NONE);
    return Compress.with(RecipeFile.read(settings))
        .calibratingOn(data)
        .run(file, folder.resolve("out.onnx"), false);
  }
}
