package dev.compress.gpu;

import java.io.File;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Where a process would find shared libraries, and where CUDA's may lie that it would not: those
 * can be put on a child's {@code LD_LIBRARY_PATH}. Looks at files only; nothing is loaded.
 */
final class LibrarySearch {
  /** The variable with folders that come first. */
  static final String VARIABLE = "LD_LIBRARY_PATH";

  private static final List<String> STANDARD =
      List.of(
          "lib",
          "usr/lib",
          "lib64",
          "usr/lib64",
          "lib/x86_64-linux-gnu",
          "usr/lib/x86_64-linux-gnu");

  /** Where installers and container runtimes put them without telling the loader. */
  private static final List<String> CUSTOMARY =
      List.of(
          "usr/local/cuda/lib64",
          "usr/local/cuda/targets/x86_64-linux/lib",
          "usr/local/nvidia/lib64",
          "usr/lib/wsl/lib",
          "opt/cuda/lib64");

  private static final List<String> HOMES = List.of("CUDA_HOME", "CUDA_PATH");

  private final Path root;
  private final Map<String, String> environment;
  private final List<Path> first;

  /**
   * A search.
   *
   * @param root of the file system
   * @param environment of the process
   * @param first folders before all others
   */
  LibrarySearch(Path root, Map<String, String> environment, List<Path> first) {
    this.root = root;
    this.environment = Map.copyOf(environment);
    this.first = List.copyOf(first);
  }

  /** The file that a process would load, or could if it were told the folder. */
  Optional<Path> find(String name) {
    for (Path folder : folders()) {
      Path file = folder.resolve(name);
      if (Files.isRegularFile(file)) {
        return Optional.of(file);
      }
    }
    return Optional.empty();
  }

  /** Names of files that begin so, wherever they are: other versions of one that is missing. */
  Set<String> beginningWith(String prefix) {
    Set<String> names = new TreeSet<>();
    for (Path folder : folders()) {
      try (DirectoryStream<Path> files =
          Files.newDirectoryStream(
              folder, f -> String.valueOf(f.getFileName()).startsWith(prefix))) {
        files.forEach(f -> names.add(String.valueOf(f.getFileName())));
      } catch (IOException e) {
        // Not there, or not ours to read: it holds nothing for us.
      }
    }
    return names;
  }

  /** Whether a process finds what is in a folder without being told. */
  boolean isSearchedAnyway(Path folder) {
    return system().contains(folder);
  }

  private Set<Path> folders() {
    Set<Path> all = new LinkedHashSet<>(first);
    for (String part : environment.getOrDefault(VARIABLE, "").split(File.pathSeparator, -1)) {
      if (!part.isBlank()) {
        path(part).ifPresent(all::add);
      }
    }
    all.addAll(system());
    for (String home : HOMES) {
      String value = environment.get(home);
      if (value != null && !value.isBlank()) {
        path(value).map(p -> p.resolve("lib64")).ifPresent(all::add);
      }
    }
    CUSTOMARY.forEach(folder -> all.add(root.resolve(folder)));
    all.addAll(matching(root.resolve("usr/local"), "cuda-*", "lib64"));
    all.addAll(matching(root.resolve("usr/local"), "TensorRT-*", "lib"));
    all.addAll(matching(root.resolve("opt"), "TensorRT-*", "lib"));
    return all;
  }

  private static Optional<Path> path(String text) {
    try {
      return Optional.of(Path.of(text));
    } catch (InvalidPathException e) {
      return Optional.empty();
    }
  }

  private static List<Path> matching(Path folder, String glob, String inside) {
    List<Path> found = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, glob)) {
      files.forEach(f -> found.add(f.resolve(inside)));
    } catch (IOException e) {
      return List.of();
    }
    found.sort(null);
    return found;
  }

  /** What the loader's configuration says, and what it knows by itself. */
  private Set<Path> system() {
    Set<Path> folders = new LinkedHashSet<>();
    STANDARD.forEach(folder -> folders.add(root.resolve(folder)));
    configured(root.resolve("etc/ld.so.conf"), folders, 0);
    return folders;
  }

  private void configured(Path file, Set<Path> folders, int depth) {
    List<String> lines;
    try {
      lines = Files.readAllLines(file);
    } catch (IOException e) {
      return; // other systems have none
    }
    for (String line : lines) {
      String text = line.replaceAll("#.*", "").strip();
      if (text.startsWith("include ") && depth < 4) {
        Path pattern = inRoot(text.substring("include ".length()).strip());
        Path folder = pattern.getParent();
        if (folder != null) {
          matching(folder, String.valueOf(pattern.getFileName()), "")
              .forEach(more -> configured(more, folders, depth + 1));
        }
      } else if (text.startsWith("/")) {
        folders.add(inRoot(text));
      }
    }
  }

  private Path inRoot(String absolute) {
    return root.resolve(absolute.startsWith("/") ? absolute.substring(1) : absolute);
  }
}
