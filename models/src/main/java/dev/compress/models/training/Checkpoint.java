package dev.compress.models.training;

import ai.djl.ndarray.NDArray;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.compress.error.InvalidDataException;
import dev.compress.error.IoReason;
import dev.compress.error.ReadWriteException;
import dev.compress.progress.Progress;
import dev.compress.tensor.NewFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;

/**
 * The state of a training in a file that is replaced at once: after a kill it is the old state or
 * the new one.
 *
 * <p>Layout, little-endian: magic, what training it is of (64 characters), length of the {@link
 * Position} as JSON, that JSON, and the floats of all arrays in order.
 *
 * @param file where
 * @param identity of the training: model, data and settings, hashed
 */
record Checkpoint(Path file, String identity) {
  private static final byte[] MAGIC = "compress-checkpoint/1\n".getBytes(StandardCharsets.US_ASCII);
  private static final int HEADER = MAGIC.length + 64 + Integer.BYTES;
  private static final int LARGEST_POSITION = 64 << 20;
  private static final ObjectMapper JSON = JsonMapper.builder().build();

  /** Writes the state. */
  void save(Position position, List<NDArray> arrays) {
    byte[] json = print(position);
    ByteBuffer header = ByteBuffer.allocate(HEADER + json.length).order(ByteOrder.LITTLE_ENDIAN);
    header.put(MAGIC).put(identity.getBytes(StandardCharsets.US_ASCII)).putInt(json.length);
    header.put(json).flip();
    Path place = file.toAbsolutePath();
    try (NewFile target = NewFile.near(place, Progress.NONE)) {
      target.write(header);
      for (NDArray array : arrays) {
        float[] values = array.toFloatArray();
        ByteBuffer bytes =
            ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        target.write(bytes);
      }
      target.finish(true);
      target.moveTo(place);
    }
  }

  private static byte[] print(Position position) {
    try {
      return JSON.writeValueAsBytes(position);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("A position of plain values cannot be printed", e);
    }
  }

  /** Whether there is anything to go on from. */
  boolean exists() {
    return Files.exists(file);
  }

  /**
   * Reads the state.
   *
   * @param arrays are set to what they were
   * @throws InvalidDataException if the file is damaged, or of another training
   */
  Position load(List<NDArray> arrays) {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      ByteBuffer header = take(channel, HEADER);
      byte[] magic = new byte[MAGIC.length];
      byte[] whose = new byte[64];
      header.get(magic).get(whose);
      if (!Arrays.equals(magic, MAGIC)) {
        throw new InvalidDataException(
            file + " is no checkpoint of compress. Name another file, or leave --resume away.");
      }
      if (!identity.equals(new String(whose, StandardCharsets.US_ASCII))) {
        throw new InvalidDataException(
            file
                + " is the checkpoint of another training: model, data or settings differ. Give"
                + " the same, or leave --resume away to begin anew.");
      }
      int length = header.getInt();
      long floats = arrays.stream().mapToLong(NDArray::size).sum();
      if (length < 0
          || length > LARGEST_POSITION
          || channel.size() != HEADER + length + floats * Float.BYTES) {
        throw damaged();
      }
      Position position = JSON.readValue(take(channel, length).array(), Position.class);
      for (NDArray array : arrays) {
        float[] values = new float[Math.toIntExact(array.size())];
        take(channel, values.length * Float.BYTES).asFloatBuffer().get(values);
        try (NDArray saved = array.getManager().create(values, array.getShape())) {
          TrainedValues.assign(array, saved);
        }
      }
      return position;
    } catch (JsonProcessingException e) {
      throw new InvalidDataException(damage(), e);
    } catch (IOException e) {
      throw new ReadWriteException(
          "Cannot read the checkpoint " + file + ": " + IoReason.of(e) + ".", e);
    }
  }

  private InvalidDataException damaged() {
    return new InvalidDataException(damage());
  }

  private String damage() {
    return file + " is damaged. Leave --resume away to begin anew.";
  }

  private ByteBuffer take(FileChannel channel, int length) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    while (bytes.hasRemaining()) {
      if (channel.read(bytes) < 0) {
        throw damaged();
      }
    }
    return bytes.flip();
  }
}
