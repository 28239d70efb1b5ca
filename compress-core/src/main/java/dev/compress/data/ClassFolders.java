package dev.compress.data;

import dev.compress.error.InvalidDataException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Files in one folder a class, sorted by class and then by path; or files in a single folder,
 * without labels.
 *
 * @param files the files
 * @param ids the class of each; empty without class folders
 * @param classes the names of the classes
 */
record ClassFolders(List<Path> files, List<Long> ids, List<String> classes) {
  static final Set<String> IMAGES = Set.of(".png", ".jpg", ".jpeg");
  static final Set<String> WAVS = Set.of(".wav");
  private static final Set<String> SPLITS =
      Set.of("train", "training", "val", "valid", "validation", "test", "testing");

  /**
   * Lists the files.
   *
   * @param folder the folder of class folders, or of files
   * @param endings the endings of file names that count, in lower case
   * @param classes the class folders in the order of their ids; empty: sorted by name
   */
  static ClassFolders list(Path folder, Set<String> endings, List<String> classes) {
    if (Files.isRegularFile(folder)) {
      return new ClassFolders(List.of(folder), List.of(), List.of());
    }
    List<Path> entries = DataFiles.list(folder);
    List<Path> loose = entries.stream().filter(p -> matches(p, endings)).toList();
    List<Path> folders =
        entries.stream().filter(p -> Files.isDirectory(p) && holds(p, endings)).toList();
    if (folders.isEmpty()) {
      return new ClassFolders(loose, List.of(), List.of());
    }
    List<String> names = folders.stream().map(DataFiles::name).toList();
    if (names.stream().allMatch(n -> SPLITS.contains(n.toLowerCase(Locale.ROOT)))) {
      throw new InvalidDataException(
          folder
              + " holds the parts "
              + names
              + " and no class folders. Give one of them, such as "
              + folders.get(folders.size() - 1)
              + ".");
    }
    List<String> order = classes.isEmpty() ? names : classes;
    if (!order.containsAll(names)) {
      throw new InvalidDataException(
          folder
              + " has the class folders "
              + Labels.shortList(names)
              + ", but the classes are named "
              + Labels.shortList(classes)
              + ".");
    }
    List<Path> files = new ArrayList<>();
    List<Long> ids = new ArrayList<>();
    for (int c = 0; c < order.size(); c++) {
      Path classFolder = folder.resolve(order.get(c));
      if (Files.isDirectory(classFolder)) {
        for (Path file : walk(classFolder, endings)) {
          files.add(file);
          ids.add((long) c);
        }
      }
    }
    return new ClassFolders(List.copyOf(files), List.copyOf(ids), order);
  }

  /** Whether a folder holds such a file, at any depth. */
  static boolean holds(Path folder, Set<String> endings) {
    try (Stream<Path> files = Files.walk(folder)) {
      return files.anyMatch(p -> matches(p, endings));
    } catch (IOException e) {
      throw DataFiles.unreadable(folder, e);
    }
  }

  static boolean matches(Path file, Set<String> endings) {
    String name = DataFiles.name(file).toLowerCase(Locale.ROOT);
    return !name.startsWith(".")
        && endings.stream().anyMatch(name::endsWith)
        && Files.isRegularFile(file);
  }

  private static List<Path> walk(Path folder, Set<String> endings) {
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(p -> matches(p, endings)).sorted().toList();
    } catch (IOException e) {
      throw DataFiles.unreadable(folder, e);
    }
  }

  Optional<Labels> labels(String where) {
    return ids.isEmpty()
        ? Optional.empty()
        : Optional.of(Labels.ofIds(ids.stream().mapToLong(id -> id).toArray(), classes, where));
  }
}
