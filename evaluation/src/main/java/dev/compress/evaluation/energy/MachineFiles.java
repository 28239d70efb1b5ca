package dev.compress.evaluation.energy;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The files in which a kernel shows its sensors, so that another tree can stand in for them. */
public interface MachineFiles {
  /**
   * The text of a file, without white space around it.
   *
   * @param path from the root, without a leading slash
   * @throws IOException if it is missing, may not be read, or the driver has no value
   */
  String read(String path) throws IOException;

  /**
   * The names in a folder, sorted; none if there is no such folder.
   *
   * @param folder from the root, without a leading slash
   */
  List<String> list(String folder);

  /**
   * Whether there is such a folder.
   *
   * @param folder from the root, without a leading slash
   */
  boolean isFolder(String folder);

  /** A whole number in a file. */
  default long number(String path) throws IOException {
    String text = read(path);
    try {
      return Long.parseLong(text);
    } catch (NumberFormatException e) {
      throw new IOException("/" + path + " holds no whole number: \"" + text + "\"", e);
    }
  }

  /** The text of a file; empty if it cannot be read. */
  default Optional<String> find(String path) {
    try {
      return Optional.of(read(path));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /** The files under a root folder: "/" for this machine. */
  static MachineFiles at(Path root) {
    return new MachineFiles() {
      @Override
      public String read(String path) throws IOException {
        return Files.readString(root.resolve(path)).strip();
      }

      @Override
      public List<String> list(String folder) {
        List<String> names = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(root.resolve(folder))) {
          for (Path entry : entries) {
            names.add(String.valueOf(entry.getFileName()));
          }
        } catch (IOException | java.nio.file.DirectoryIteratorException e) {
          return List.of();
        }
        names.sort(null);
        return names;
      }

      @Override
      public boolean isFolder(String folder) {
        return Files.isDirectory(root.resolve(folder));
      }
    };
  }
}
