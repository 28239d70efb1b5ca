package dev.compress.train;

import dev.compress.data.Batch;
import dev.compress.error.InvalidDataException;
import dev.compress.error.InvalidModelException;
import dev.compress.error.UnsupportedModelException;
import dev.compress.graph.Graph;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.runtime.InferenceSession;
import dev.compress.runtime.SessionOptions;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.TensorBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;

/** A teacher in ONNX Runtime that answers with the values of its signals. */
final class TeacherModel implements AutoCloseable {
  private final InferenceSession session;
  private final List<TeacherSignal> signals;
  private final List<String> values;

  private TeacherModel(InferenceSession session, List<TeacherSignal> signals, List<String> values) {
    this.session = session;
    this.signals = signals;
    this.values = values;
  }

  /**
   * Opens a teacher.
   *
   * @throws InvalidDataException if it has no value that a signal names
   */
  static TeacherModel open(OnnxModel teacher, List<TeacherSignal> signals, int threads) {
    Graph graph = teacher.graph();
    Set<String> known = new LinkedHashSet<>();
    graph.nodes().forEach(n -> known.addAll(n.outputs()));
    Set<String> outputs = graph.outputs().stream().map(ValueInfo::name).collect(Collectors.toSet());
    List<ValueInfo> shown = new ArrayList<>(graph.outputs());
    Set<String> values = new LinkedHashSet<>();
    for (TeacherSignal signal : signals) {
      String value = signal.teacherValue();
      if (!known.contains(value)) {
        throw new InvalidDataException(
            "The teacher has no value '"
                + value
                + "'. Name the output of one of its nodes, as compress inspect -v lists them.");
      }
      if (values.add(value) && !outputs.contains(value)) {
        shown.add(ValueInfo.of(value, ValueType.tensor(ElementType.FLOAT)));
      }
    }
    try {
      OnnxModel showing = teacher.withGraph(graph.withOutputs(shown));
      return new TeacherModel(
          InferenceSession.open(showing, SessionOptions.of(threads)), signals, List.copyOf(values));
    } catch (InvalidModelException e) {
      throw new UnsupportedModelException(
          "The teacher cannot show " + values + " as floats: " + e.getMessage(), e);
    }
  }

  /** One float tensor a signal, of which dim 0 counts samples. */
  List<TensorBuffer> answer(Map<String, TensorBuffer> inputs, int count) {
    Map<String, TensorBuffer> found = session.run(inputs, values);
    List<TensorBuffer> answers = new ArrayList<>();
    for (TeacherSignal signal : signals) {
      TensorBuffer value = Objects.requireNonNull(found.get(signal.teacherValue()));
      checkRows(signal, value, count);
      answers.add(signal.kind() == TeacherSignal.Kind.ATTENTION ? energies(signal, value) : value);
    }
    return answers;
  }

  private static void checkRows(TeacherSignal signal, TensorBuffer value, int count) {
    Shape shape = value.shape();
    if (!value.type().equals(ElementType.FLOAT) || shape.rank() < 1 || shape.dim(0) < count) {
      throw new InvalidDataException(
          "The teacher's value '"
              + signal.teacherValue()
              + "' is "
              + value.type()
              + shape
              + " for "
              + count
              + " samples. To learn from it, it must be float32 with a row a sample.");
    }
  }

  /** {@code sum_c a[n, c, ...]^2}. */
  private static TensorBuffer energies(TeacherSignal signal, TensorBuffer value) {
    Shape shape = value.shape();
    if (shape.rank() < 3) {
      throw new InvalidDataException(
          "Attention needs features with places, [samples, channels, ...]; the teacher's '"
              + signal.teacherValue()
              + "' is "
              + shape
              + ". Use --hints for it.");
    }
    int rows = Math.toIntExact(shape.dim(0));
    int channels = Math.toIntExact(shape.dim(1));
    int places = Math.toIntExact(shape.elementCount() / Math.max(1, (long) rows * channels));
    float[] from = value.toFloats();
    float[] sums = new float[rows * places];
    for (int row = 0; row < rows; row++) {
      for (int place = 0; place < places; place++) {
        double sum = 0;
        for (int c = 0; c < channels; c++) {
          double a = from[(row * channels + c) * places + place];
          sum += a * a;
        }
        sums[row * places + place] = (float) sum;
      }
    }
    long[] map = new long[shape.rank() - 1];
    map[0] = rows;
    System.arraycopy(shape.toArray(), 2, map, 1, map.length - 1);
    return TensorBuffer.of(Shape.of(map), sums);
  }

  /** The inputs of a batch under the names that the teacher has for them. */
  Map<String, TensorBuffer> renamed(Map<String, TensorBuffer> inputs) {
    List<String> names = session.inputs().stream().map(ValueInfo::name).toList();
    if (inputs.keySet().containsAll(names)) {
      Map<String, TensorBuffer> same = new LinkedHashMap<>(inputs);
      same.keySet().retainAll(names);
      return same;
    }
    Map<String, TensorBuffer> renamed = new LinkedHashMap<>();
    int i = 0;
    for (TensorBuffer tensor : inputs.values()) {
      if (i < names.size()) {
        renamed.put(names.get(i++), tensor);
      }
    }
    return renamed;
  }

  List<TensorBuffer> answer(Batch batch) {
    return answer(batch.inputs(), batch.count());
  }

  @Override
  public void close() {
    session.close();
  }
}
