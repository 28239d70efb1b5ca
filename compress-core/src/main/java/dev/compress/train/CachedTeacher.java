package dev.compress.train;

import dev.compress.data.Batch;
import dev.compress.data.Dataset;
import dev.compress.error.InvalidDataException;
import dev.compress.error.IoReason;
import dev.compress.error.ReadWriteException;
import dev.compress.graph.OnnxModel;
import dev.compress.progress.Progress;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.NewFile;
import dev.compress.tensor.Sha256;
import dev.compress.tensor.Shape;
import dev.compress.tensor.TensorBuffer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A teacher whose answers to a whole dataset are computed once and kept in a file, keyed by the
 * content of model and data: another training finds them. The file appears complete or not at all.
 *
 * <p>Layout, little-endian: magic, key (64 characters), number of samples, number of signals; each
 * signal's rank and dims without the sample's; then sample by sample the floats of all signals.
 */
public final class CachedTeacher implements Teacher {
  private static final byte[] MAGIC = "compress-teacher/1\n".getBytes(StandardCharsets.US_ASCII);
  private static final int KEY_LENGTH = 64;
  private static final int MOST_RANK = 8;
  private static final int BATCH = 64;
  private static final long SPARE_BYTES = 64L << 20;

  private final List<TeacherSignal> signals;
  private final List<long[]> dims;
  private final FileChannel channel;
  private final long firstByte;
  private final int rowFloats;
  private final boolean found;

  private CachedTeacher(
      List<TeacherSignal> signals,
      List<long[]> dims,
      FileChannel channel,
      long firstByte,
      boolean found) {
    this.signals = signals;
    this.dims = dims;
    this.channel = channel;
    this.firstByte = firstByte;
    this.rowFloats = dims.stream().mapToInt(CachedTeacher::size).sum();
    this.found = found;
  }

  private static int size(long[] dims) {
    return Math.toIntExact(Shape.of(dims).elementCount());
  }

  /** How much a folder's disk can still hold. */
  @FunctionalInterface
  public interface FreeSpace {
    /** What the operating system says. */
    FreeSpace OF_SYSTEM =
        folder -> {
          FileStore store = Files.getFileStore(folder);
          return store.getUsableSpace();
        };

    /** Bytes left in a folder. */
    long bytes(Path folder) throws IOException;
  }

  /**
   * Where answers are kept.
   *
   * @param folder made if it does not exist
   * @param space how much it can hold
   */
  public record Place(Path folder, FreeSpace space) {
    /** A folder of this system. */
    public static Place of(Path folder) {
      return new Place(folder, FreeSpace.OF_SYSTEM);
    }
  }

  /**
   * What is to be asked.
   *
   * @param teacher its model
   * @param sha256 of its file
   * @param signals what it is to say
   * @param data bound to the teacher
   * @param threads to compute with; 0: all cores
   */
  public record Question(
      OnnxModel teacher, String sha256, List<TeacherSignal> signals, Dataset data, int threads) {
    /** Copies. */
    public Question {
      signals = List.copyOf(signals);
    }

    private String key() {
      MessageDigest digest = Sha256.digest();
      digest.update(sha256.getBytes(StandardCharsets.UTF_8));
      digest.update(data.fingerprint().getBytes(StandardCharsets.UTF_8));
      for (TeacherSignal signal : signals) {
        digest.update(signal.kind().name().getBytes(StandardCharsets.UTF_8));
        digest.update(signal.teacherValue().getBytes(StandardCharsets.UTF_8));
        digest.update((byte) 0);
      }
      return Sha256.hex(digest);
    }
  }

  /**
   * Opens the answers, or computes them.
   *
   * @param question to whom about what
   * @param place where they are kept
   * @param progress told one step a sample
   * @throws ReadWriteException if they cannot be kept, for want of space too
   * @throws InvalidDataException if the teacher has no value that a signal names
   */
  public static CachedTeacher open(Question question, Place place, Progress progress) {
    String key = question.key();
    Path file = place.folder().resolve("teacher-" + key.substring(0, 24) + ".bin");
    if (Files.isRegularFile(file)) {
      CachedTeacher kept = read(file, key, question, true);
      if (kept != null) {
        return kept;
      }
    }
    ask(question, key, file, place, progress);
    CachedTeacher made = read(file, key, question, false);
    if (made == null) {
      throw new ReadWriteException(
          file + " is not what was written to it. Check the disk, or name another folder.");
    }
    return made;
  }

  /** Whether the answers were there already. */
  public boolean wasFound() {
    return found;
  }

  private static void ask(
      Question question, String key, Path file, Place place, Progress progress) {
    long samples = question.data().sampleCount();
    progress.begin("ask the teacher", samples);
    try (TeacherModel model =
        TeacherModel.open(question.teacher(), question.signals(), question.threads())) {
      Files.createDirectories(place.folder());
      NewFile target = null;
      List<long[]> dims = List.of();
      try {
        for (Batch batch : question.data().batches(BATCH)) {
          progress.check();
          List<TensorBuffer> answers = model.answer(batch);
          if (target == null) {
            dims = answers.stream().map(a -> rest(a.shape())).toList();
            byte[] header = header(key, samples, dims);
            checkSpace(place, header.length, samples, dims);
            target = NewFile.near(file, Progress.NONE);
            target.write(ByteBuffer.wrap(header));
          }
          write(target, answers, dims, batch.count());
          progress.advance(batch.count());
        }
        if (target != null) {
          target.finish(false);
          target.moveTo(file);
        }
      } finally {
        if (target != null) {
          target.close();
        }
      }
    } catch (IOException e) {
      throw new ReadWriteException(
          "Cannot keep the teacher's outputs in " + place.folder() + ": " + IoReason.of(e) + ".",
          e);
    }
  }

  private static long[] rest(Shape shape) {
    long[] all = shape.toArray();
    long[] rest = new long[all.length - 1];
    System.arraycopy(all, 1, rest, 0, rest.length);
    return rest;
  }

  private static void checkSpace(Place place, long header, long samples, List<long[]> dims)
      throws IOException {
    long row = dims.stream().mapToLong(CachedTeacher::size).sum() * Float.BYTES;
    long needed = header + Math.multiplyExact(row, samples);
    long free = place.space().bytes(place.folder());
    if (free < needed + SPARE_BYTES) {
      throw new ReadWriteException(
          "The teacher's outputs for "
              + samples
              + " samples take "
              + ((needed + (1 << 20) - 1) >> 20)
              + " MiB, and "
              + place.folder()
              + " has "
              + (free >> 20)
              + " MiB left. Make room, name another folder with --teacher-cache, or name fewer"
              + " hints.");
    }
  }

  private static byte[] header(String key, long samples, List<long[]> dims) {
    int ints = dims.stream().mapToInt(d -> 1 + d.length).sum();
    ByteBuffer header =
        ByteBuffer.allocate(MAGIC.length + KEY_LENGTH + Long.BYTES * (2 + ints))
            .order(ByteOrder.LITTLE_ENDIAN);
    header.put(MAGIC).put(key.getBytes(StandardCharsets.US_ASCII));
    header.putLong(samples).putLong(dims.size());
    for (long[] one : dims) {
      header.putLong(one.length);
      for (long dim : one) {
        header.putLong(dim);
      }
    }
    return header.array();
  }

  private static void write(
      NewFile target, List<TensorBuffer> answers, List<long[]> dims, int count) {
    for (int s = 0; s < answers.size(); s++) {
      if (!Shape.of(rest(answers.get(s).shape())).equals(Shape.of(dims.get(s)))) {
        throw new InvalidDataException(
            "The teacher's outputs are "
                + answers.get(s).shape()
                + " for some samples and of other dims for others. Train on samples of one size.");
      }
    }
    List<ByteBuffer> bytes = answers.stream().map(TensorBuffer::bytes).toList();
    for (int row = 0; row < count; row++) {
      for (int s = 0; s < bytes.size(); s++) {
        int size = size(dims.get(s)) * Float.BYTES;
        target.write(bytes.get(s).slice(row * size, size));
      }
    }
  }

  /** The file, or null if it is another one or damaged. */
  private static @Nullable CachedTeacher read(
      Path file, String key, Question question, boolean found) {
    FileChannel channel = null;
    try {
      channel = FileChannel.open(file, StandardOpenOption.READ);
      ByteBuffer start = take(channel, 0, MAGIC.length + KEY_LENGTH + 2 * Long.BYTES);
      byte[] magic = new byte[MAGIC.length];
      byte[] itsKey = new byte[KEY_LENGTH];
      start.get(magic).get(itsKey);
      long samples = start.getLong();
      long count = start.getLong();
      if (!Arrays.equals(magic, MAGIC)
          || !key.equals(new String(itsKey, StandardCharsets.US_ASCII))
          || samples != question.data().sampleCount()
          || count != question.signals().size()) {
        channel.close();
        return null;
      }
      long at = start.limit();
      List<long[]> dims = new ArrayList<>();
      for (int s = 0; s < count; s++) {
        int rank = (int) take(channel, at, Long.BYTES).getLong();
        if (rank < 0 || rank > MOST_RANK) {
          channel.close();
          return null;
        }
        ByteBuffer own = take(channel, at + Long.BYTES, rank * Long.BYTES);
        long[] one = new long[rank];
        own.asLongBuffer().get(one);
        dims.add(one);
        at += (1L + rank) * Long.BYTES;
      }
      long row = dims.stream().mapToLong(CachedTeacher::size).sum() * Float.BYTES;
      if (channel.size() != at + row * samples) {
        channel.close();
        return null;
      }
      return new CachedTeacher(question.signals(), dims, channel, at, found);
    } catch (IOException e) {
      close(channel);
      return null;
    }
  }

  private static void close(@Nullable FileChannel channel) {
    try {
      if (channel != null) {
        channel.close();
      }
    } catch (IOException e) {
      throw new ReadWriteException("Cannot close a file: " + IoReason.of(e) + ".", e);
    }
  }

  private static ByteBuffer take(FileChannel channel, long at, int length) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    while (bytes.hasRemaining()) {
      if (channel.read(bytes, at + bytes.position()) < 0) {
        throw new IOException("it ends early");
      }
    }
    return bytes.flip();
  }

  @Override
  public List<TeacherSignal> signals() {
    return signals;
  }

  @Override
  public List<TensorBuffer> answer(int[] positions, Supplier<Map<String, TensorBuffer>> inputs) {
    List<TensorBuffer> answers = new ArrayList<>();
    List<ByteBuffer> into = new ArrayList<>();
    for (long[] one : dims) {
      long[] shape = new long[one.length + 1];
      shape[0] = positions.length;
      System.arraycopy(one, 0, shape, 1, one.length);
      TensorBuffer answer = TensorBuffer.allocate(ElementType.FLOAT, Shape.of(shape));
      answers.add(answer);
      into.add(answer.bytes());
    }
    int rowBytes = rowFloats * Float.BYTES;
    try {
      for (int position : positions) {
        ByteBuffer row = take(channel, firstByte + (long) position * rowBytes, rowBytes);
        int at = 0;
        for (int s = 0; s < into.size(); s++) {
          int size = size(dims.get(s)) * Float.BYTES;
          into.get(s).put(row.slice(at, size));
          at += size;
        }
      }
    } catch (IOException e) {
      throw new ReadWriteException(
          "Cannot read the teacher's outputs again: " + IoReason.of(e) + ".", e);
    }
    return answers;
  }

  @Override
  public void close() {
    close(channel);
  }
}
