package dev.compress.error;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;

/** Why reading or writing failed, in words: of many exceptions the message is only a path. */
public final class IoReason {
  private IoReason() {}

  /**
   * The reason, without a full stop and without the file.
   *
   * @param e what was thrown
   */
  public static String of(IOException e) {
    if (e instanceof AccessDeniedException) {
      return "no permission";
    }
    if (e instanceof NoSuchFileException || e instanceof FileNotFoundException) {
      return "no such file or folder";
    }
    if (e instanceof FileAlreadyExistsException) {
      return "it exists already";
    }
    if (e instanceof NotDirectoryException) {
      return "it is no folder";
    }
    if (e instanceof FileSystemException known && known.getReason() != null) {
      return known.getReason();
    }
    String message = e.getMessage();
    return message == null || e instanceof FileSystemException
        ? e.getClass().getSimpleName()
        : message;
  }
}
