package dev.compress.cli;

import dev.compress.ToolVersion;
import picocli.CommandLine.IVersionProvider;

/** Which compress this is. */
final class Version implements IVersionProvider {
  @Override
  public String[] getVersion() {
    return new String[] {
      "compress " + ToolVersion.current(),
      "Java "
          + System.getProperty("java.version")
          + ", "
          + System.getProperty("os.name")
          + " "
          + System.getProperty("os.arch")
    };
  }
}
