package dev.compress;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;

/** Which version of compress this is. */
public final class ToolVersion {
  private ToolVersion() {}

  /** The version that the library was built as, or "development" where it runs unpackaged. */
  public static String current() {
    try (InputStream in =
        ToolVersion.class.getResourceAsStream("/dev/compress/version.properties")) {
      Properties properties = new Properties();
      if (in != null) {
        properties.load(in);
      }
      return properties.getProperty("version", "development");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
