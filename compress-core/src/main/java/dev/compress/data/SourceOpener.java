package dev.compress.data;

import dev.compress.error.InvalidDataException;
import dev.compress.error.ReadWriteException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Finds out what a path holds and opens it. */
final class SourceOpener {
  private static final List<String> DATA_ENDINGS =
      List.of(".npz", ".npy", ".csv", ".tsv", ".jsonl", ".ndjson");

  private final DataDescriptor descriptor;

  private SourceOpener(DataDescriptor descriptor) {
    this.descriptor = descriptor;
  }

  /** A source, the file or folder it was made from, and the descriptor with its files read. */
  record Opened(SampleSource source, Path path, DataDescriptor descriptor) {}

  static Opened open(Path path, DataDescriptor descriptor) {
    // Where the path names the file itself, there is nothing left to choose.
    Path named =
        Files.isDirectory(path) ? descriptor.source().file().map(path::resolve).orElse(path) : path;
    Path existing = existing(named);
    Path folder = Files.isDirectory(existing) ? existing : DataFiles.folder(existing);
    DataDescriptor resolved =
        descriptor.withLabels(descriptor.labels().resolved(folder, descriptor.folder()));
    return new Opened(new SourceOpener(resolved).source(existing), existing, resolved);
  }

  /** The path itself, or the images of the IDX pair of that name. */
  private static Path existing(Path path) {
    if (Files.exists(path)) {
      return path;
    }
    Path folder = DataFiles.folder(path);
    if (Files.isDirectory(folder)) {
      Path images = IdxPairs.list(folder).get(DataFiles.name(path));
      if (images != null) {
        return images;
      }
    }
    throw new ReadWriteException("Cannot read " + path + ": it does not exist.");
  }

  /**
   * The descriptor beside a data file or folder: its name, with or without its endings, and {@code
   * .yaml} or {@code .yml}.
   */
  static Optional<Path> descriptorBeside(Path path) {
    Path absolute = path.toAbsolutePath().normalize();
    Path folder = DataFiles.folder(absolute);
    Set<String> stems = new LinkedHashSet<>();
    String stem = DataFiles.name(absolute);
    stems.add(stem);
    stem = stem.replaceFirst("\\.gz$", "");
    stems.add(stem);
    if (stem.lastIndexOf('.') > 0) {
      stem = stem.substring(0, stem.lastIndexOf('.'));
      stems.add(stem);
    }
    if (IdxPairs.hasName(absolute)) {
      stems.add(stem.replaceFirst("[-_.]?(images|labels).*", ""));
    }
    for (String name : stems) {
      for (String ending : List.of(".yaml", ".yml")) {
        Path candidate = folder.resolve(name + ending);
        if (!name.isEmpty() && Files.isRegularFile(candidate) && !candidate.equals(absolute)) {
          return Optional.of(candidate);
        }
      }
    }
    return Optional.empty();
  }

  private SampleSource source(Path path) {
    if (Files.isDirectory(path)) {
      return folder(path);
    }
    DataFormat format = descriptor.source().format().orElseGet(() -> detect(path));
    LabelSpec labels = descriptor.labels();
    return switch (format) {
      case IDX -> IdxPairs.open(path, labels);
      case NPZ -> NumpySources.npz(path, descriptor);
      case NPY -> NumpySources.npy(path);
      case IMAGES -> new ImageSource(path, labels);
      case WAV -> new WavSource(path, labels);
      case CSV -> new CsvSource(path, descriptor);
      case JSONL -> new JsonLinesSource(path, labels);
      case RAW -> RawRecords.open(path, descriptor);
    };
  }

  private SampleSource folder(Path folder) {
    Optional<DataFormat> format = descriptor.source().format();
    if (format.equals(Optional.of(DataFormat.IMAGES))) {
      return new ImageSource(folder, descriptor.labels());
    }
    if (format.equals(Optional.of(DataFormat.WAV))) {
      return new WavSource(folder, descriptor.labels());
    }
    Map<String, Path> pairs = IdxPairs.list(folder);
    List<Path> candidates = new ArrayList<>(pairs.values());
    for (Path file : DataFiles.list(folder)) {
      if (Files.isRegularFile(file)
          && DATA_ENDINGS.stream().anyMatch(DataFiles.plainName(file)::endsWith)) {
        candidates.add(file);
      }
    }
    boolean images = format.isEmpty() && ClassFolders.holds(folder, ClassFolders.IMAGES);
    boolean wavs = format.isEmpty() && ClassFolders.holds(folder, ClassFolders.WAVS);
    if (candidates.isEmpty() && images != wavs) {
      return images
          ? new ImageSource(folder, descriptor.labels())
          : new WavSource(folder, descriptor.labels());
    }
    if (candidates.size() == 1 && !images && !wavs) {
      return source(candidates.get(0));
    }
    List<String> found = new ArrayList<>(candidates.stream().map(DataFiles::name).toList());
    if (images) {
      found.add("images");
    }
    if (wavs) {
      found.add("WAV files");
    }
    throw new InvalidDataException(
        found.isEmpty()
            ? "The folder "
                + folder
                + " holds no dataset that can be told by its name: give the file, "
                + "or its format in a descriptor."
            : "The folder "
                + folder
                + " holds several datasets: "
                + Labels.shortList(found)
                + ". Give the path of one, or name it with file: in a descriptor.");
  }

  private DataFormat detect(Path file) {
    String name = DataFiles.plainName(file);
    byte[] head = DataFiles.head(file, 512);
    if (startsWith(head, "PK\u0003\u0004") || startsWith(head, "PK\u0005\u0006")) {
      return DataFormat.NPZ;
    }
    if (NpyHeader.hasMagic(head)) {
      return DataFormat.NPY;
    }
    if (IdxFile.hasMagic(head) || IdxPairs.hasName(file)) {
      return DataFormat.IDX;
    }
    if (name.endsWith(".npz")) {
      return DataFormat.NPZ;
    }
    if (name.endsWith(".npy")) {
      return DataFormat.NPY;
    }
    if (name.endsWith(".csv") || name.endsWith(".tsv")) {
      return DataFormat.CSV;
    }
    if (name.endsWith(".jsonl") || name.endsWith(".ndjson")) {
      return DataFormat.JSONL;
    }
    if (ClassFolders.matches(file, ClassFolders.WAVS)) {
      return DataFormat.WAV;
    }
    if (ClassFolders.matches(file, ClassFolders.IMAGES)) {
      return DataFormat.IMAGES;
    }
    if (!descriptor.source().record().isEmpty()) {
      return DataFormat.RAW;
    }
    String text = new String(head, StandardCharsets.ISO_8859_1).strip();
    String hint = "";
    if (text.startsWith("version https://git-lfs")) {
      hint = " It is a Git LFS pointer: fetch the file with git lfs pull.";
    } else if (text.startsWith("<")) {
      hint = " It looks like a web page: was the download refused?";
    }
    throw new InvalidDataException(
        "Cannot tell what "
            + file
            + " is."
            + hint
            + " Known are IDX, .npz, .npy, .csv, .jsonl, WAV and image files or folders; of other "
            + "files say format: in a descriptor.");
  }

  private static boolean startsWith(byte[] head, String magic) {
    byte[] wanted = magic.getBytes(StandardCharsets.ISO_8859_1);
    for (int i = 0; i < wanted.length; i++) {
      if (head.length <= i || head[i] != wanted[i]) {
        return false;
      }
    }
    return true;
  }
}
