package dev.compress.evaluation.energy;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * A tree of files as a kernel shows them. Rights are part of it, because tests that run as root
 * cannot take them away from themselves.
 */
final class FakeTree implements MachineFiles {
  private final Map<String, String> files = new TreeMap<>();
  private final TreeSet<String> folders = new TreeSet<>();
  private final TreeSet<String> denied = new TreeSet<>();
  private final Map<String, String> failing = new TreeMap<>();

  /** Writes a file. */
  FakeTree with(String path, Object text) {
    files.put(path, String.valueOf(text));
    return withFolder(path.substring(0, path.lastIndexOf('/')));
  }

  FakeTree withFolder(String folder) {
    for (String f = folder;
        !f.isEmpty();
        f = f.contains("/") ? f.substring(0, f.lastIndexOf('/')) : "") {
      folders.add(f);
    }
    return this;
  }

  /** Only root may read it. */
  FakeTree deny(String path) {
    denied.add(path);
    return this;
  }

  /** The driver answers with an error. */
  FakeTree fail(String path, String message) {
    failing.put(path, message);
    return this;
  }

  FakeTree mend(String path) {
    failing.remove(path);
    return this;
  }

  @Override
  public String read(String path) throws IOException {
    String text = files.get(path);
    if (text == null) {
      throw new NoSuchFileException("/" + path);
    }
    if (denied.contains(path)) {
      throw new AccessDeniedException("/" + path);
    }
    String failure = failing.get(path);
    if (failure != null) {
      throw new IOException(failure);
    }
    return text;
  }

  @Override
  public List<String> list(String folder) {
    TreeSet<String> names = new TreeSet<>();
    for (String path : List.copyOf(files.keySet())) {
      add(names, folder, path);
    }
    folders.forEach(path -> add(names, folder, path));
    return List.copyOf(names);
  }

  private static void add(Set<String> names, String folder, String path) {
    if (path.startsWith(folder + "/")) {
      names.add(path.substring(folder.length() + 1).split("/", 2)[0]);
    }
  }

  @Override
  public boolean isFolder(String folder) {
    return folders.contains(folder);
  }
}
