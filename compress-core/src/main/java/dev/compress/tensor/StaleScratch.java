package dev.compress.tensor;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Scratch files that a process left behind because it was killed. */
final class StaleScratch {
  /** Long enough for a process that is not visible from here, in another container, to be done. */
  private static final Duration AGE = Duration.ofDays(1);

  private static final Pattern NAME = Pattern.compile("compress-(\\d{1,10})-\\d+\\.scratch");

  private StaleScratch() {}

  /** What the name of a scratch file of this process begins with. */
  static String prefix() {
    return "compress-" + ProcessHandle.current().pid() + "-";
  }

  /**
   * Deletes those whose process is gone and that nobody has written to for a day. What cannot be
   * looked at or deleted stays.
   */
  static void delete(Path folder, Instant now) {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "compress-*.scratch")) {
      for (Path file : files) {
        Matcher name = NAME.matcher(String.valueOf(file.getFileName()));
        if (name.matches()
            && ProcessHandle.of(Long.parseLong(name.group(1))).isEmpty()
            && Files.getLastModifiedTime(file).toInstant().isBefore(now.minus(AGE))) {
          Files.deleteIfExists(file);
        }
      }
    } catch (IOException | DirectoryIteratorException e) {
      // Another user's, or gone in the meantime: it is not needed here.
      System.getLogger(StaleScratch.class.getName())
          .log(System.Logger.Level.DEBUG, "Not all old scratch files could be deleted", e);
    }
  }
}
