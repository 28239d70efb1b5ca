package dev.compress.inspect;

import dev.compress.error.CompressionException;
import dev.compress.error.InvalidModelException;
import dev.compress.error.ReadWriteException;
import dev.compress.graph.GraphValidator;
import dev.compress.graph.OnnxModel;
import dev.compress.onnx.OnnxReader;
import dev.compress.progress.Progress;
import dev.compress.runtime.InferenceSession;
import dev.compress.runtime.IsolatedResult;
import dev.compress.runtime.IsolatedRun;
import dev.compress.runtime.IsolatedSettings;
import dev.compress.runtime.IsolatedTask;
import dev.compress.runtime.KernelReport;
import dev.compress.runtime.MacCount;
import dev.compress.runtime.MacCounter;
import dev.compress.runtime.RandomInputs;
import dev.compress.runtime.SessionOptions;
import dev.compress.runtime.ShapeInference;
import dev.compress.tensor.Shape;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Runs a model once on made-up inputs, in a child process: a model from anywhere may crash the
 * native runtime or run for ever, and neither may be the end of the tool.
 */
public final class TrialRun implements IsolatedTask<TrialRun.Job, TrialRun.Found> {
  private static final int HEAP_MEGABYTES = 1024;
  private static final int TIMEOUT_SECONDS = 300;

  /** Made by the child process. */
  public TrialRun() {}

  /**
   * What to run.
   *
   * @param file the model's file
   * @param threads of the run; 0 leaves the choice to the runtime
   */
  record Job(String file, int threads) implements Serializable {}

  /**
   * What a run showed.
   *
   * @param macs all multiply-accumulate operations; null if it did not run
   * @param macsOf the same by operator, keyed as {@link Constants#key}
   * @param shapes of its inputs
   * @param kernels executed; null if it did not run
   * @param warnings what could not be found out
   */
  record Found(
      @Nullable Long macs,
      Map<String, Long> macsOf,
      Map<String, List<Long>> shapes,
      ModelInspection.@Nullable Kernels kernels,
      List<String> warnings)
      implements Serializable {
    static Found nothing(String why) {
      return new Found(null, Map.of(), Map.of(), null, List.of(why));
    }
  }

  /**
   * Runs it in a child process.
   *
   * @param progress asked whether to stop
   * @throws InvalidModelException if its shapes contradict each other
   * @throws ReadWriteException if the child cannot be started
   */
  static Found of(Path file, int threads, Progress progress) {
    IsolatedResult<Found> result =
        IsolatedRun.run(
            TrialRun.class,
            new Job(file.toString(), threads),
            new IsolatedSettings(HEAP_MEGABYTES, TIMEOUT_SECONDS),
            progress);
    if (result instanceof IsolatedResult.Finished<Found> finished) {
      return finished.value();
    }
    if (result instanceof IsolatedResult.Crashed<Found> crashed) {
      return Found.nothing(
          "ONNX Runtime crashed on it ("
              + crashed.how()
              + "): kernels and operations are unknown, and it may crash where it is used.");
    }
    return Found.nothing(
        "Its run did not end within "
            + TIMEOUT_SECONDS
            + " seconds and was stopped: kernels and operations are unknown.");
  }

  @Override
  public Found run(Job job) {
    OnnxModel model = GraphValidator.check(OnnxReader.read(Path.of(job.file())).model()).model();
    try (InferenceSession session =
        InferenceSession.open(model, SessionOptions.of(job.threads()))) {
      RandomInputs inputs = RandomInputs.thatRun(model, session);
      MacCount macs = MacCounter.count(model.graph(), ShapeInference.infer(model, inputs.shapes()));
      KernelReport kernels = KernelReport.of(model, inputs.next(0), job.threads());
      Map<String, Long> macsOf = new HashMap<>();
      macs.nodes().forEach(n -> macsOf.merge(Constants.key(n.node()), n.macs(), Long::sum));
      return new Found(
          macs.total(),
          macsOf,
          dims(inputs.shapes()),
          new ModelInspection.Kernels(
              kernels.integerCounts(),
              kernels.floatCounts(),
              kernels.conversions().size(),
              kernels.integerMacShare()),
          new ArrayList<>(macs.warnings()));
    } catch (ReadWriteException e) {
      throw e;
    } catch (CompressionException e) {
      ShapeInference.infer(model); // a model that contradicts itself is refused, as everywhere
      return Found.nothing(
          "It was not run, so kernels and operations are unknown: " + e.getMessage());
    }
  }

  private static Map<String, List<Long>> dims(Map<String, Shape> shapes) {
    Map<String, List<Long>> dims = new LinkedHashMap<>();
    shapes.forEach(
        (name, s) -> dims.put(name, new ArrayList<>(Arrays.stream(s.toArray()).boxed().toList())));
    return dims;
  }
}
