package dev.compress.onnx;

import dev.compress.error.InvalidModelException;
import dev.compress.error.IoReason;
import dev.compress.error.ReadWriteException;
import dev.compress.error.UnsupportedModelException;
import dev.compress.graph.OnnxModel;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Map;

/**
 * Reads ONNX models of IR version 3 to 13 and operator set 7 to 26.
 *
 * <p>Nothing is lost: what the records do not hold is kept in their extras. Weights are not read:
 * they become regions of the file, so a model of any size is read in milliseconds. The domain
 * {@code ai.onnx} is read as the empty one, which means the same.
 *
 * <p>Only the format is checked here; whether names and shapes fit together is for {@code
 * GraphValidator}.
 */
public final class OnnxReader {
  /** The oldest version of the file format that is read. */
  public static final int OLDEST_IR = 3;

  /** The newest version of the file format that is read. */
  public static final int NEWEST_IR = 13;

  /** The oldest ONNX operator set that is read. */
  public static final int OLDEST_OPSET = 7;

  /** The newest ONNX operator set that is read. */
  public static final int NEWEST_OPSET = 26;

  private OnnxReader() {}

  /**
   * Reads a model.
   *
   * @param path the model's file; external data is looked for in its folder
   * @return the model, whose weights stay in the file
   * @throws InvalidModelException if the file is no well-formed ONNX model
   * @throws UnsupportedModelException if it is of another version
   * @throws ReadWriteException if it is missing or cannot be read
   */
  public static LoadedModel read(Path path) {
    if (Files.isDirectory(path)) {
      throw new InvalidModelException(
          path + " is a folder, not a model. Name the .onnx file in it.");
    }
    if (Files.exists(path) && !Files.isRegularFile(path)) {
      throw new InvalidModelException(path + " is not a regular file. Name an .onnx file.");
    }
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      long size = channel.size();
      ByteBuffer head = ByteBuffer.allocate((int) Math.min(size, FileSignature.BYTES));
      while (head.hasRemaining() && channel.read(head, head.position()) >= 0) {
        // until the head is full
      }
      FileSignature.check(path.toString(), head.array(), size);
      Path parent = path.toAbsolutePath().getParent();
      ExternalFiles external = new ExternalFiles(parent == null ? path.toAbsolutePath() : parent);
      OnnxModel model = new ModelReader(new WireReader(path, channel, size), external).read();
      Map<Path, Long> used = external.used();
      long bytes = size;
      for (long externalSize : used.values()) {
        bytes += externalSize;
      }
      return new LoadedModel(model, path, new ArrayList<>(used.keySet()), bytes);
    } catch (NoSuchFileException e) {
      throw new ReadWriteException("No such file: " + path + ". Check the path.", e);
    } catch (AccessDeniedException e) {
      throw new ReadWriteException("No permission to read " + path + ".", e);
    } catch (IOException e) {
      throw new ReadWriteException("Cannot read " + path + ": " + IoReason.of(e) + ".", e);
    }
  }

  /**
   * Reads a model from memory.
   *
   * @param bytes the model without external data; handed over: the tensors point into it
   * @return the model
   * @throws InvalidModelException if the bytes are no well-formed ONNX model
   * @throws UnsupportedModelException if it is of another version
   */
  public static OnnxModel read(byte[] bytes) {
    String name = "The model";
    FileSignature.check(name, bytes, bytes.length);
    return new ModelReader(new WireReader(name, bytes), new ExternalFiles(null)).read();
  }
}
