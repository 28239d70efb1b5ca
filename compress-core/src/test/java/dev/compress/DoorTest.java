package dev.compress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.compress.error.CancelledException;
import dev.compress.error.OutputExistsException;
import dev.compress.graph.Dim;
import dev.compress.graph.Graph;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.onnx.OnnxReader;
import dev.compress.onnx.OnnxWriter;
import dev.compress.progress.Progress;
import dev.compress.report.TransformReport;
import dev.compress.tensor.ElementType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** What goes through the door comes out, and what it leaves behind. */
class DoorTest extends DoorBench {
  @Test
  void whatIsNotWorthItIsTheSameFile() throws IOException {
    Path tiny = folder.resolve("tiny.onnx");
    OnnxModel relu =
        OnnxModel.of(
            8,
            17,
            Graph.of(
                "relu",
                List.of(Node.of("Relu", "relu", List.of("x"), List.of("y"))),
                List.of(),
                List.of(matrix("x")),
                List.of(matrix("y"))));
    Files.write(tiny, OnnxWriter.toBytes(relu));
    TransformReport report = Compress.with(recipe()).run(tiny, output, false);
    assertThat(output).hasSameBinaryContentAs(tiny);
    assertThat(report.warnings()).anyMatch(w -> w.contains("copied unchanged"));
    assertThat(report.passes()).allMatch(p -> p.changed().isEmpty());
    assertThat(Objects.requireNonNull(report.output()).sha256()).isEqualTo(report.input().sha256());
  }

  @Test
  void secondRunTakesItsRangesFromTheCache() throws IOException {
    Path cache = folder.resolve("ranges.bin");
    Compress door = Compress.with(recipe("proof: none")).calibratingOn(data(1));
    byte[] expected = bytesOf(door);
    Stages first = new Stages();
    assertThat(bytesOf(door.keepingCalibrationIn(cache).reportingTo(first))).isEqualTo(expected);
    assertThat(first.begun).contains("calibrate", "choose ranges");
    Stages second = new Stages();
    assertThat(bytesOf(door.keepingCalibrationIn(cache).reportingTo(second))).isEqualTo(expected);
    assertThat(second.begun).doesNotContain("calibrate", "choose ranges");
    Stages other = new Stages();
    bytesOf(door.calibratingOn(data(2)).keepingCalibrationIn(cache).reportingTo(other));
    assertThat(other.begun).contains("calibrate");
  }

  @Test
  void existingOutputIsKept() throws IOException {
    Files.writeString(output, "mine");
    Compress compress = Compress.with(recipe("proof: none"));
    assertThatThrownBy(() -> compress.run(input, output, false))
        .isInstanceOf(OutputExistsException.class);
    assertThat(output).hasContent("mine");
  }

  @Test
  void inputTooHugeToMakeUpEndsTheProofNotTheRun() throws IOException {
    Graph graph = classifier().graph();
    ValueType huge = ValueType.tensor(ElementType.FLOAT, List.of(Dim.of(1L << 40), Dim.of(WIDTH)));
    OnnxModel model =
        OnnxModel.of(
            8,
            17,
            Graph.of(
                "huge",
                graph.nodes(),
                graph.initializers(),
                List.of(ValueInfo.of("x", huge)),
                List.of(ValueInfo.of("y", huge))));
    Files.write(input, OnnxWriter.toBytes(model));
    TransformReport report = Compress.with(recipe()).run(input, output, false);
    assertThat(output).exists();
    assertThat(report.warnings()).anyMatch(w -> w.contains("proof could not be made"));
  }

  private static final class StopAtProof implements Progress {
    private volatile boolean proves;

    @Override
    public void begin(String stage, long total) {
      proves = stage.equals("prove");
    }

    @Override
    public void advance(long steps) {}

    @Override
    public boolean cancelled() {
      return proves;
    }
  }

  @Test
  void cancellingTheProofSaysThatTheOutputIsThere() throws IOException {
    Compress plain = Compress.with(recipe("proof: kernels")).reportingTo(new StopAtProof());
    assertThatThrownBy(() -> plain.run(input, output, false))
        .isInstanceOf(CancelledException.class)
        .hasMessageContaining(output + " is complete");
    assertThat(OnnxReader.read(output).model().graph().nodes()).isNotEmpty();
  }

  @Test
  void cancellingATrialSaysThatNothingIs() throws IOException {
    Compress strict = Compress.with(recipe("strict: true")).reportingTo(new StopAtProof());
    assertThatThrownBy(() -> strict.run(input, output, false))
        .isInstanceOf(CancelledException.class)
        .hasMessageContaining("nothing was written");
    assertThat(output).doesNotExist();
  }
}
