package dev.compress.onnx;

import dev.compress.error.InvalidModelException;
import dev.compress.error.IoReason;
import dev.compress.error.ReadWriteException;
import dev.compress.tensor.FileRegion;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Finds the files that hold a model's external data. They must lie in the model's folder or below
 * it, also after symbolic links are followed: a model from elsewhere must not make us read other
 * files of this machine.
 */
final class ExternalFiles {
  /**
   * A file that was found.
   *
   * @param path as it is opened
   * @param size in bytes
   * @param modifiedNanos when it was last modified
   */
  private record Found(Path path, long size, long modifiedNanos) {}

  private final @Nullable Path folder;
  private final Map<String, Found> byLocation = new LinkedHashMap<>();

  /**
   * The files beside a model.
   *
   * @param folder the model's folder, or null if the model is not in a file
   */
  ExternalFiles(@Nullable Path folder) {
    this.folder = folder;
  }

  /** The files that were referred to, with their sizes, in order of first use. */
  Map<Path, Long> used() {
    Map<Path, Long> used = new LinkedHashMap<>();
    for (Found found : byLocation.values()) {
      used.put(found.path(), found.size());
    }
    return used;
  }

  /**
   * The bytes of a tensor.
   *
   * @param tensor what to call the tensor in messages
   * @param location the file, relative to the model's folder
   * @param offset where in it the tensor begins
   * @param length the tensor's bytes, or -1 for all to the end of the file
   * @throws InvalidModelException naming the tensor, if they are not there or out of bounds
   */
  FileRegion region(TensorName tensor, String location, long offset, long length) {
    Found found = byLocation.get(location);
    if (found == null) {
      found = find(tensor, location);
      byLocation.put(location, found);
    }
    long end = length < 0 ? found.size() : offset + length;
    if (offset < 0 || offset > found.size() || end < offset || end > found.size()) {
      throw new InvalidModelException(
          tensor
              + " lies at bytes "
              + offset
              + (length < 0 ? " and on" : " to " + (end < offset ? "beyond 2^63" : end))
              + " of "
              + location
              + ", which has only "
              + found.size()
              + " bytes. "
              + (isPointer(found)
                  ? "It is a Git LFS pointer: run 'git lfs pull'."
                  : "Fetch or export the model's data file again."));
    }
    return new FileRegion(found.path(), found.size(), found.modifiedNanos(), offset, end - offset);
  }

  private static boolean isPointer(Found found) {
    if (found.size() > FileSignature.BYTES) {
      return false;
    }
    try {
      return FileSignature.isLfsPointer(Files.readAllBytes(found.path()));
    } catch (IOException e) {
      return false; // only the advice would have been better
    }
  }

  private Found find(TensorName tensor, String location) {
    if (folder == null) {
      throw new InvalidModelException(
          tensor + " lies in the file " + location + ", but the model was not read from a folder.");
    }
    if (location.isEmpty()) {
      throw new InvalidModelException(
          tensor + " is said to lie in another file, but no location is given. Export it again.");
    }
    // Also on systems where a backslash or a drive letter means nothing: the file may be copied.
    String unified = location.replace('\\', '/');
    boolean absolute = unified.startsWith("/") || unified.matches("[A-Za-z]:.*");
    if (absolute || ("/" + unified + "/").contains("/../")) {
      throw outside(tensor, location);
    }
    try {
      Path path = folder.resolve(location);
      Path real = path.toRealPath();
      if (!real.startsWith(folder.toRealPath())) {
        throw outside(tensor, location);
      }
      if (!Files.isRegularFile(real)) {
        throw new InvalidModelException(
            tensor + " lies in " + location + ", which is no file. Export the model again.");
      }
      return new Found(path, Files.size(real), FileRegion.modifiedNanos(real));
    } catch (NoSuchFileException e) {
      throw new InvalidModelException(
          tensor
              + " lies in the file "
              + location
              + ", which is missing. Put it beside the model, into "
              + folder
              + ".",
          e);
    } catch (InvalidPathException e) {
      throw new InvalidModelException(
          tensor + " lies in " + printable(location) + ", which is no file name.", e);
    } catch (IOException e) {
      throw new ReadWriteException(
          "Cannot read " + location + " beside the model: " + IoReason.of(e) + ".", e);
    }
  }

  private InvalidModelException outside(TensorName tensor, String location) {
    return new InvalidModelException(
        tensor
            + " lies in "
            + printable(location)
            + ", outside the model's folder "
            + folder
            + ", which is not allowed. Put the data file itself (not a link) beside the model.");
  }

  private static String printable(String location) {
    return location.replaceAll("\\p{Cntrl}", "?");
  }
}
