package dev.compress.evaluation.accuracy;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;

/**
 * Predictions without anything of the code under test: ONNX Runtime's own Java interface, one
 * sample at a time, and readers of a few lines each.
 */
final class SecondPath implements AutoCloseable {
  private final OrtEnvironment environment = OrtEnvironment.getEnvironment();
  private final OrtSession session;

  SecondPath(Path model) throws OrtException {
    OrtSession.SessionOptions options = new OrtSession.SessionOptions();
    options.setIntraOpNumThreads(1);
    session = environment.createSession(model.toString(), options);
  }

  @Override
  public void close() throws OrtException {
    session.close();
  }

  private OnnxTensor floats(float[] values, long... dims) throws OrtException {
    return OnnxTensor.createTensor(environment, FloatBuffer.wrap(values), dims);
  }

  private OnnxTensor longs(long[] values, long... dims) throws OrtException {
    return OnnxTensor.createTensor(environment, LongBuffer.wrap(values), dims);
  }

  /** The class with the highest score, of equal ones the first. */
  private int best(Map<String, OnnxTensor> inputs) throws OrtException {
    try (OrtSession.Result result = session.run(inputs)) {
      OnnxValue first = result.get(0);
      float[] scores = ((float[][]) first.getValue())[0];
      int best = 0;
      for (int c = 1; c < scores.length; c++) {
        best = scores[c] > scores[best] ? c : best;
      }
      return best;
    } finally {
      inputs.values().forEach(OnnxTensor::close);
    }
  }

  private static ByteBuffer unzipped(Path file) throws IOException {
    try (InputStream in = new GZIPInputStream(Files.newInputStream(file))) {
      return ByteBuffer.wrap(in.readAllBytes());
    }
  }

  /** MNIST's images as the CNTK model wants them: [1, 1, 28, 28], 0 to 255. */
  int[] mnist(Path images, int count) throws IOException, OrtException {
    ByteBuffer bytes = unzipped(images);
    int[] classes = new int[count];
    for (int i = 0; i < count; i++) {
      float[] x = new float[784];
      for (int p = 0; p < 784; p++) {
        x[p] = bytes.get(16 + 784 * i + p) & 0xff;
      }
      classes[i] = best(Map.of("Input3", floats(x, 1, 1, 28, 28)));
    }
    return classes;
  }

  /** CIFAR's records, a label and three planes, as [1, 32, 32, 3]. */
  int[] cifar(Path records, int count) throws IOException, OrtException {
    ByteBuffer bytes = unzipped(records);
    int[] classes = new int[count];
    for (int i = 0; i < count; i++) {
      float[] x = new float[3072];
      for (int p = 0; p < 1024; p++) {
        for (int c = 0; c < 3; c++) {
          x[3 * p + c] = bytes.get(3073 * i + 1 + 1024 * c + p) & 0xff;
        }
      }
      classes[i] = best(Map.of("input_1", floats(x, 1, 32, 32, 3)));
    }
    return classes;
  }

  /** Little-endian features, 49 frames of 10. */
  int[] keywords(Path features, int from, int count) throws IOException, OrtException {
    FloatBuffer all = unzipped(features).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
    int[] classes = new int[count];
    for (int i = 0; i < count; i++) {
      float[] x = new float[490];
      all.position(490 * (from + i)).get(x);
      classes[i] = best(Map.of("input_1", floats(x, 1, 49, 10, 1)));
    }
    return classes;
  }

  /** Lines of a label and 32 token ids. */
  int[] sentences(Path csv, int count) throws IOException, OrtException {
    List<String> lines = Files.readAllLines(csv);
    int[] classes = new int[count];
    for (int i = 0; i < count; i++) {
      String[] cells = lines.get(i).split(",", -1);
      long[] ids = new long[32];
      long[] mask = new long[32];
      for (int t = 0; t < 32; t++) {
        ids[t] = Long.parseLong(cells[t + 1]);
        mask[t] = ids[t] > 0 ? 1 : 0;
      }
      classes[i] =
          best(Map.of("input_ids", longs(ids, 1, 32), "attention_mask", longs(mask, 1, 32)));
    }
    return classes;
  }

  /** A folder's WAV files, sorted by class and name: 1 where silero hears speech in any window. */
  int[] speech(Path folder) throws IOException, OrtException {
    List<Integer> classes = new ArrayList<>();
    for (Path file : wavs(folder)) {
      ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
      int samples = bytes.getInt(40) / 2;
      float[] state = new float[256];
      float loudest = 0;
      for (int start = 0; start < samples; start += 512) {
        float[] x = new float[576];
        for (int i = 0; i < 576; i++) {
          int at = start - 64 + i;
          x[i] = at < 0 || at >= samples ? 0 : bytes.getShort(44 + 2 * at) / 32768f;
        }
        Map<String, OnnxTensor> inputs = new HashMap<>();
        inputs.put("input", floats(x, 1, 576));
        inputs.put("state", floats(state, 2, 1, 128));
        try (OrtSession.Result result = session.run(inputs)) {
          loudest = Math.max(loudest, ((float[][]) result.get(0).getValue())[0][0]);
          float[][][] next = (float[][][]) result.get(1).getValue();
          for (int layer = 0; layer < 2; layer++) {
            System.arraycopy(next[layer][0], 0, state, 128 * layer, 128);
          }
        }
        inputs.values().forEach(OnnxTensor::close);
      }
      classes.add(loudest > 0.5f ? 1 : 0);
    }
    return classes.stream().mapToInt(Integer::intValue).toArray();
  }

  static List<Path> wavs(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(f -> f.toString().endsWith(".wav")).sorted().toList();
    }
  }
}
