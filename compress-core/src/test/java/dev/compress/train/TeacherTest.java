package dev.compress.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.compress.calibrate.DatasetSamples;
import dev.compress.calibrate.ObservedModel;
import dev.compress.data.Batch;
import dev.compress.data.Dataset;
import dev.compress.error.CancelledException;
import dev.compress.error.InvalidDataException;
import dev.compress.error.ReadWriteException;
import dev.compress.graph.OnnxModel;
import dev.compress.progress.Progress;
import dev.compress.runtime.InferenceSession;
import dev.compress.runtime.SessionOptions;
import dev.compress.tensor.TensorBuffer;
import dev.compress.train.CachedTeacher.Place;
import dev.compress.train.CachedTeacher.Question;
import dev.compress.train.TeacherSignal.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TeacherTest {
  private static final int SAMPLES = 100;
  private final OnnxModel teacher = Networks.classifier(true);
  private final Dataset data =
      Networks.data(SAMPLES, 1).bind(DatasetSamples.inputsOf(teacher.graph()));
  @TempDir Path folder;

  private Question question(Dataset about, TeacherSignal... signals) {
    return new Question(teacher, "f".repeat(64), List.of(signals), about, 1);
  }

  private static TeacherSignal signal(Kind kind, String value) {
    return new TeacherSignal(kind, value, "student");
  }

  private float[] direct(String value) {
    try (InferenceSession session =
        InferenceSession.open(
            ObservedModel.showing(teacher, List.of(value)), SessionOptions.of(1))) {
      Batch all = data.batches(SAMPLES).iterator().next();
      return Objects.requireNonNull(session.run(all.inputs()).get(value)).toFloats();
    }
  }

  @Test
  void theHeadOfProbabilitiesIsTheirScores() {
    assertThat(Head.of(teacher.graph(), "y")).isEqualTo(new Head("y", "z", Head.Form.SOFTMAX));
    assertThat(Head.of(Networks.classifier(false).graph(), "y").value()).isEqualTo("y");
  }

  @Test
  void keepsWhatTheRuntimeComputes() {
    float[] scores = direct("z");
    float[] hidden = direct("a");
    Question question = question(data, signal(Kind.OUTPUT, "z"), signal(Kind.HINT, "a"));
    int[] positions = {99, 0, 42};
    for (boolean found : new boolean[] {false, true}) {
      try (CachedTeacher kept = CachedTeacher.open(question, Place.of(folder), Progress.NONE)) {
        assertThat(kept.wasFound()).isEqualTo(found);
        List<TensorBuffer> answers = kept.answer(positions, Map::of);
        assertThat(answers.get(0).shape().toArray()).containsExactly(3, 3);
        assertThat(answers.get(1).shape().toArray()).containsExactly(3, 8);
        for (int i = 0; i < positions.length; i++) {
          for (int c = 0; c < 3; c++) {
            assertThat(answers.get(0).toFloats()[i * 3 + c])
                .isCloseTo(scores[positions[i] * 3 + c], within(1e-5f));
          }
          for (int c = 0; c < 8; c++) {
            assertThat(answers.get(1).toFloats()[i * 8 + c])
                .isCloseTo(hidden[positions[i] * 8 + c], within(1e-5f));
          }
        }
      }
    }
  }

  @Test
  void isKeyedByModelDataAndSignals() {
    TeacherSignal scores = signal(Kind.OUTPUT, "z");
    open(question(data, scores));
    assertThat(open(question(data, scores))).isTrue();
    assertThat(open(question(data, signal(Kind.HINT, "z")))).isFalse();
    assertThat(open(question(data.shuffled(1), scores))).isFalse();
    assertThat(open(question(data.take(50), scores))).isFalse();
    assertThat(open(new Question(teacher, "e".repeat(64), List.of(scores), data, 1))).isFalse();
  }

  private boolean open(Question question) {
    try (CachedTeacher kept = CachedTeacher.open(question, Place.of(folder), Progress.NONE)) {
      return kept.wasFound();
    }
  }

  @Test
  void aDamagedFileIsMadeAnew() throws IOException {
    Question question = question(data, signal(Kind.OUTPUT, "z"));
    open(question);
    Path file;
    try (Stream<Path> files = Files.list(folder)) {
      file = files.findFirst().orElseThrow();
    }
    byte[] whole = Files.readAllBytes(file);
    Files.write(file, Arrays.copyOf(whole, whole.length - 5));
    assertThat(open(question)).isFalse();
    assertThat(Files.readAllBytes(file)).isEqualTo(whole);
  }

  @Test
  void tooLittleSpaceIsSaidBeforeTheWork() throws IOException {
    Question question = question(data, signal(Kind.OUTPUT, "z"));
    assertThatThrownBy(
            () -> CachedTeacher.open(question, new Place(folder, f -> 1 << 20), Progress.NONE))
        .isInstanceOf(ReadWriteException.class)
        .hasMessageContaining("100 samples")
        .hasMessageContaining("1 MiB left")
        .hasMessageContaining("--teacher-cache");
    assertFolderIsEmpty();
  }

  @Test
  void aStopLeavesNoFile() throws IOException {
    Progress stop =
        new Progress() {
          private int calls;

          @Override
          public void begin(String stage, long total) {}

          @Override
          public void advance(long steps) {}

          @Override
          public boolean cancelled() {
            return ++calls > 1;
          }
        };
    Question question = question(data, signal(Kind.OUTPUT, "z"));
    assertThatThrownBy(() -> CachedTeacher.open(question, Place.of(folder), stop))
        .isInstanceOf(CancelledException.class);
    assertFolderIsEmpty();
  }

  private void assertFolderIsEmpty() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files).isEmpty();
    }
  }

  @Test
  void namesAValueThatTheTeacherHasNot() {
    assertThatThrownBy(
            () -> new LiveTeacher(teacher, List.of(signal(Kind.HINT, "nowhere")), 1).close())
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("no value 'nowhere'");
  }

  @Test
  void attentionWantsPlaces() {
    assertThatThrownBy(() -> open(question(data, signal(Kind.ATTENTION, "a"))))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("--hints");
  }

  /** A live teacher is asked by the student's names for inputs. */
  @Test
  void theLiveTeacherAnswersWhatItIsShown() {
    float[] scores = direct("z");
    Batch first = data.batches(10).iterator().next();
    try (LiveTeacher live = new LiveTeacher(teacher, List.of(signal(Kind.OUTPUT, "z")), 1)) {
      TensorBuffer x = first.input("x");
      float[] said = live.answer(new int[10], () -> Map.of("other", x)).get(0).toFloats();
      for (int i = 0; i < said.length; i++) {
        assertThat(said[i]).isCloseTo(scores[i], within(1e-5f));
      }
    }
  }

  @Test
  void theSplitSharesNoSample() {
    TrainingData split = TrainingData.split(data, 7);
    assertThat(split.selection().sampleCount()).isEqualTo(10);
    assertThat(split.training().sampleCount()).isEqualTo(90);
    List<String> all =
        Stream.of(split.selection(), split.training())
            .flatMap(part -> rows(part).stream())
            .toList();
    assertThat(all).doesNotHaveDuplicates().hasSize(SAMPLES);
    assertThat(rows(TrainingData.split(data, 7).selection())).isEqualTo(rows(split.selection()));
    assertThat(rows(TrainingData.split(data, 8).selection())).isNotEqualTo(rows(split.selection()));
  }

  private static List<String> rows(Dataset part) {
    List<String> rows = new ArrayList<>();
    for (Batch batch : part.batches(1)) {
      rows.add(Arrays.toString(batch.input("x").toFloats()));
    }
    return rows;
  }
}
