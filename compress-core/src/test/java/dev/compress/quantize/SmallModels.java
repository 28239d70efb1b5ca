package dev.compress.quantize;

import dev.compress.calibrate.DatasetSamples;
import dev.compress.calibrate.Samples;
import dev.compress.data.Dataset;
import dev.compress.graph.Dim;
import dev.compress.graph.Graph;
import dev.compress.graph.Initializer;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.metric.FidelityScorer;
import dev.compress.onnx.OnnxReader;
import dev.compress.pass.CompressionPass;
import dev.compress.pass.PassContext;
import dev.compress.pass.Pipeline;
import dev.compress.prepare.PreparePasses;
import dev.compress.progress.Progress;
import dev.compress.runtime.InferenceSession;
import dev.compress.runtime.Kernel;
import dev.compress.runtime.KernelReport;
import dev.compress.runtime.OptimizationLevel;
import dev.compress.runtime.RandomInputs;
import dev.compress.runtime.SessionOptions;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Scratch;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import dev.compress.tensor.TensorBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.function.LongFunction;

/** Small models, samples for them, and how close two models are by ONNX Runtime. */
final class SmallModels {
  private SmallModels() {}

  static ValueInfo floats(String name, long... dims) {
    List<Dim> shape = new ArrayList<>();
    for (long dim : dims) {
      shape.add(dim < 0 ? Dim.of("n" + -dim) : Dim.of(dim));
    }
    return ValueInfo.of(name, ValueType.tensor(ElementType.FLOAT, shape));
  }

  static Initializer weights(String name, long seed, double spread, long... dims) {
    Shape shape = Shape.of(dims);
    Random random = new Random(seed);
    float[] values = new float[(int) shape.elementCount()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (spread * random.nextGaussian());
    }
    return Initializer.of(name, Tensor.ofFloats(shape, values));
  }

  static OnnxModel model(
      long opset, ValueInfo in, ValueInfo out, List<Initializer> constants, Node... nodes) {
    return OnnxModel.of(
        opset >= 21 ? 10 : 8,
        opset,
        Graph.of("test", List.of(nodes), constants, List.of(in), List.of(out)));
  }

  static PassContext context(Optional<Samples> samples) {
    return new PassContext(Scratch.inTemporaryFolder(), Progress.NONE, 2, 0, samples);
  }

  /** Random normal samples of one input, the same at each pass. */
  static Samples samples(String input, int count, double[] channelSpread, long... dims) {
    return new Made(count, seed -> Map.of(input, random(seed, channelSpread, dims)));
  }

  static TensorBuffer random(long seed, double[] lastAxisSpread, long... dims) {
    Random random = new Random(seed);
    Shape shape = Shape.of(dims);
    float[] values = new float[(int) shape.elementCount()];
    for (int i = 0; i < values.length; i++) {
      double spread = lastAxisSpread.length == 0 ? 1 : lastAxisSpread[i % lastAxisSpread.length];
      values[i] = (float) (spread * random.nextGaussian());
    }
    return TensorBuffer.of(shape, values);
  }

  /** SQNR in dB of a model's float outputs against another's, over samples from the first on. */
  static double sqnrDb(OnnxModel reference, OnnxModel variant, Samples samples, int most) {
    FidelityScorer scorer = new FidelityScorer();
    SessionOptions plain = SessionOptions.of(1).withOptimization(OptimizationLevel.NONE);
    try (InferenceSession a = InferenceSession.open(reference, plain);
        InferenceSession b = InferenceSession.open(variant, SessionOptions.of(1))) {
      int[] left = {most};
      samples.forEachBatch(
          1,
          (inputs, n) -> {
            Map<String, TensorBuffer> x = a.run(inputs);
            Map<String, TensorBuffer> y = b.run(inputs);
            x.forEach(
                (name, value) -> {
                  if (value.type().isFloatingPoint()) {
                    scorer.add(value, Objects.requireNonNull(y.get(name)), 1, 1);
                  }
                });
            return --left[0] > 0;
          });
    }
    return scorer.sqnrDb();
  }

  static List<String> kernels(OnnxModel model, Samples samples) {
    List<String> ops = new ArrayList<>();
    samples.forEachBatch(
        1,
        (inputs, n) -> {
          KernelReport.of(model, inputs, 1).kernels().stream().map(Kernel::op).forEach(ops::add);
          return false;
        });
    return ops;
  }

  static List<String> operators(OnnxModel model) {
    return model.graph().nodes().stream().map(Node::opType).toList();
  }

  /** A model from a file, prepared as before quantization. */
  static OnnxModel prepared(Path file, long opset) {
    OnnxModel model = OnnxReader.read(file).model();
    List<CompressionPass> passes = PreparePasses.all(Math.max(opset, model.opset()));
    return new Pipeline(passes).run(model, context(Optional.empty())).model();
  }

  static Samples dataset(Path path, OnnxModel model, int count) {
    return DatasetSamples.of(Dataset.open(path), model, count, 1);
  }

  /** Made-up inputs of a model. */
  static Samples madeUp(OnnxModel model, int count) {
    RandomInputs random;
    try (InferenceSession session = InferenceSession.open(model, SessionOptions.of(1))) {
      random = RandomInputs.thatRun(model, session);
    }
    return new Made(count, random::next);
  }

  /** Samples made from seeds, the same at each pass. */
  private record Made(long count, LongFunction<Map<String, TensorBuffer>> maker)
      implements Samples {
    @Override
    public boolean batchable() {
      return false;
    }

    @Override
    public void forEachBatch(int batchSize, BatchReader reader) {
      for (int i = 0; i < count; i++) {
        if (!reader.read(maker.apply(100 + i), 1)) {
          return;
        }
      }
    }
  }
}
