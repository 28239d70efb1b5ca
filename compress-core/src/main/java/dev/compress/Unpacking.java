package dev.compress;

import dev.compress.error.UnsupportedModelException;
import dev.compress.graph.GraphValidator;
import dev.compress.graph.OnnxModel;
import dev.compress.onnx.LoadedModel;
import dev.compress.onnx.OnnxReader;
import dev.compress.onnx.OnnxWriter;
import dev.compress.onnx.WriteSettings;
import dev.compress.onnx.WrittenModel;
import dev.compress.pack.UnpackWeights;
import dev.compress.pass.PassContext;
import dev.compress.pass.PassResult;
import dev.compress.progress.Progress;
import dev.compress.report.UnpackReport;
import dev.compress.report.UnpackReport.ModelFile;
import dev.compress.tensor.Scratch;
import dev.compress.tensor.Sha256;
import java.nio.file.Path;
import java.util.List;

/** One run of unpacking: read, unpack, write, and nothing else. */
final class Unpacking {
  private Unpacking() {}

  static UnpackReport run(Path file, Path output, boolean overwrite, Progress progress) {
    LoadedModel loaded = OnnxReader.read(file);
    OnnxModel model = GraphValidator.check(loaded.model()).model();
    try (Scratch scratch = Scratch.inTemporaryFolder()) {
      PassContext context =
          new PassContext(scratch, progress, Runtime.getRuntime().availableProcessors(), 0);
      PassResult result = new UnpackWeights(true).apply(model, context);
      if (result.changes().isEmpty()) {
        throw new UnsupportedModelException(
            "No weight of "
                + file
                + " is packed: there is nothing to unpack. Use the model as it is.");
      }
      WriteSettings settings = WriteSettings.DEFAULT.withForce(overwrite);
      WrittenModel written =
          OnnxWriter.write(
              result.model(),
              output,
              loaded.hasExternalData()
                  ? settings.withExternal(WriteSettings.ExternalData.ALWAYS)
                  : settings,
              progress);
      List<String> weights = result.changes().stream().map(PassResult.Change::what).toList();
      return new UnpackReport(
          UnpackReport.SCHEMA,
          new ModelFile(file.toString(), Sha256.of(file), loaded.bytes()),
          new ModelFile(output.toString(), written.sha256(), written.bytes()),
          weights);
    }
  }
}
