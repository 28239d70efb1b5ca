package dev.compress.data;

import dev.compress.error.InvalidDataException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Finds pairs of IDX files: {@code NAME-images-idx3-ubyte[.gz]} and {@code
 * NAME-labels-idx1-ubyte[.gz]}, also with a dot before {@code idx}.
 */
final class IdxPairs {
  private static final Pattern NAME =
      Pattern.compile("(.*?)[-_.]?(images|labels)([-.])idx(\\d)(-\\w+)?(\\.gz)?");

  private IdxPairs() {}

  static boolean hasName(Path file) {
    return NAME.matcher(DataFiles.name(file)).matches();
  }

  /**
   * The images of every pair in a folder by the pair's name; a plain file comes before a gzipped.
   */
  static Map<String, Path> list(Path folder) {
    Map<String, Path> pairs = new TreeMap<>();
    for (Path file : DataFiles.list(folder)) {
      Matcher name = NAME.matcher(DataFiles.name(file));
      if (Files.isRegularFile(file) && name.matches() && name.group(2).equals("images")) {
        if (name.group(6) == null) {
          pairs.put(name.group(1), file);
        } else {
          pairs.putIfAbsent(name.group(1), file);
        }
      }
    }
    return pairs;
  }

  /**
   * Opens a pair by one of its files.
   *
   * @param file the images, the labels, or any IDX file of samples
   */
  static SampleSource open(Path file, LabelSpec spec) {
    Path images = file;
    Matcher name = NAME.matcher(DataFiles.name(file));
    if (name.matches() && name.group(2).equals("labels")) {
      Path folder = DataFiles.folder(file);
      images = list(folder).get(name.group(1));
      if (images == null) {
        throw new InvalidDataException(file + " holds labels, and there are no images beside it.");
      }
    }
    IdxFile samples = IdxFile.open(images);
    List<Path> files = new ArrayList<>(List.of(images));
    List<String> notes = new ArrayList<>();
    Optional<Labels> labels = Optional.empty();
    Optional<Path> labelFile = spec.file().isPresent() ? Optional.empty() : labelsOf(images);
    if (labelFile.isPresent()) {
      files.add(labelFile.get());
      labels =
          Optional.of(
              IdxFile.open(labelFile.get())
                  .labels()
                  .named(spec.classes(), labelFile.get().toString()));
    } else if (spec.file().isEmpty()) {
      notes.add("There is no label file beside " + images + ".");
    }
    return new ArraySource(
        samples.dims().get(0), List.of(samples.column("images")), labels, notes, files);
  }

  private static Optional<Path> labelsOf(Path images) {
    Matcher name = NAME.matcher(DataFiles.name(images));
    if (!name.matches()) {
      return Optional.empty();
    }
    for (Path file : DataFiles.list(DataFiles.folder(images))) {
      Matcher other = NAME.matcher(DataFiles.name(file));
      if (other.matches()
          && other.group(2).equals("labels")
          && other.group(1).equals(name.group(1))) {
        return Optional.of(file);
      }
    }
    return Optional.empty();
  }
}
