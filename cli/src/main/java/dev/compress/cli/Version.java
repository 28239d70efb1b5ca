package dev.compress.cli;

import picocli.CommandLine.IVersionProvider;

/** Which compress this is. */
final class Version implements IVersionProvider {
  /** The version in the jar's manifest; "development" outside a jar. */
  static String current() {
    String version = Version.class.getPackage().getImplementationVersion();
    return version == null ? "development" : version;
  }

  @Override
  public String[] getVersion() {
    return new String[] {
      "compress " + current(),
      "Java "
          + System.getProperty("java.version")
          + ", "
          + System.getProperty("os.name")
          + " "
          + System.getProperty("os.arch")
    };
  }
}
