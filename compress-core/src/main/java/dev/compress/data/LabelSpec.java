package dev.compress.data;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Where a descriptor says that labels are.
 *
 * @param column a column, array or key
 * @param file a file of their own
 * @param classes the names of the classes by id; empty where not given
 * @param classFile a file with the names, one a line
 */
record LabelSpec(
    Optional<String> column,
    Optional<String> file,
    List<String> classes,
    Optional<String> classFile) {
  private static final int LARGEST_CLASS_FILE = 1 << 24;

  static final LabelSpec NONE =
      new LabelSpec(Optional.empty(), Optional.empty(), List.of(), Optional.empty());

  LabelSpec {
    classes = List.copyOf(classes);
  }

  /** The same with the names of the classes read from their file. */
  LabelSpec resolved(Path dataFolder, Optional<Path> descriptorFolder) {
    if (classFile.isEmpty()) {
      return this;
    }
    Path file = LabelFiles.find(classFile.get(), dataFolder, descriptorFolder);
    byte[] bytes = DataFiles.readAll(file, LARGEST_CLASS_FILE, "list of class names");
    List<String> names =
        new String(bytes, StandardCharsets.UTF_8)
            .lines()
            .map(String::strip)
            .filter(line -> !line.isEmpty())
            .toList();
    return new LabelSpec(column, this.file, names, Optional.empty());
  }
}
