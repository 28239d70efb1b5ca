package dev.compress.models.catalog;

import dev.compress.error.InvalidDataException;
import dev.compress.error.IoReason;
import dev.compress.error.ReadWriteException;
import dev.compress.progress.Progress;
import dev.compress.tensor.Sha256;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Brings entries of the catalogue into folders: from the folder itself where they are there
 * already, else from a mirror, else from the network.
 *
 * @param mirror a folder with {@code models/NAME/FILE} and {@code datasets/NAME/FILE}, which is
 *     only read
 */
public record Fetcher(Optional<Path> mirror) {
  /**
   * Where a file came from.
   *
   * @param file its place now
   * @param from {@code folder}, {@code mirror} or {@code network}
   */
  public record Fetched(Path file, String from) {}

  /**
   * Fetches all files of an entry.
   *
   * @param entry what to fetch
   * @param folder where to; created if it is not there. A file of the right content stays
   *     untouched, one of another content is an error
   * @param progress advanced by bytes; asked whether to stop
   * @throws InvalidDataException if a file is not what the catalogue says
   * @throws ReadWriteException if it cannot be reached or written
   */
  public List<Fetched> fetch(CatalogEntry entry, Path folder, Progress progress) {
    progress.begin("download", entry.bytes());
    List<Fetched> fetched = new ArrayList<>();
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw new ReadWriteException(
          "Cannot make the folder " + folder + ": " + IoReason.of(e) + ".", e);
    }
    for (CatalogFile file : entry.files()) {
      Path target = folder.resolve(file.name());
      fetched.add(new Fetched(target, fetch(entry, file, target, progress)));
    }
    return fetched;
  }

  /** The folder that an entry has in a cache. */
  public static Path folderIn(Path cache, CatalogEntry entry) {
    return cache.resolve(entry.folder());
  }

  private String fetch(CatalogEntry entry, CatalogFile file, Path target, Progress progress) {
    if (Files.exists(target)) {
      if (!isThe(file, target)) {
        throw new InvalidDataException(
            target
                + " exists and is not the "
                + file.name()
                + " of "
                + entry.name()
                + ". Move it away or choose another folder with -o.");
      }
      progress.advance(file.bytes());
      return "folder";
    }
    Optional<Path> mirrored = mirrored(entry, file);
    if (mirrored.isPresent()) {
      copy(mirrored.get(), target);
      progress.advance(file.bytes());
      return "mirror";
    }
    new Download(file, target, progress).run();
    return "network";
  }

  private Optional<Path> mirrored(CatalogEntry entry, CatalogFile file) {
    Optional<Path> found =
        mirror
            .map(m -> m.resolve(entry.folder()).resolve(file.name()))
            .filter(Files::isRegularFile);
    found.ifPresent(
        path -> {
          if (!isThe(file, path)) {
            throw new InvalidDataException(
                path
                    + " of the mirror is not the file that the catalogue knows: its SHA-256 is "
                    + Sha256.of(path)
                    + " and not "
                    + file.sha256()
                    + ".");
          }
        });
    return found;
  }

  private static boolean isThe(CatalogFile file, Path path) {
    try {
      return Files.size(path) == file.bytes() && Sha256.of(path).equals(file.sha256());
    } catch (IOException e) {
      throw new ReadWriteException("Cannot read " + path + ": " + IoReason.of(e) + ".", e);
    }
  }

  private static void copy(Path from, Path target) {
    Path part = target.resolveSibling(target.getFileName() + ".part");
    try {
      Files.copy(from, part, StandardCopyOption.REPLACE_EXISTING);
      Files.move(part, target, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new ReadWriteException(
          "Cannot copy " + from + " to " + target + ": " + IoReason.of(e) + ".", e);
    }
  }
}
