package dev.compress.models.catalog;

import java.net.URI;

/**
 * A file of the catalogue.
 *
 * @param name what it is called here, without a folder
 * @param url where it is
 * @param bytes its size
 * @param sha256 of its content, in hexadecimal
 */
public record CatalogFile(String name, URI url, long bytes, String sha256) {
  /** Names stay in their folder: a catalogue is data, too. */
  public CatalogFile {
    if (!name.matches("[A-Za-z0-9][A-Za-z0-9._-]*")) {
      throw new IllegalArgumentException("The catalogue has a file of the name " + name);
    }
    if (bytes < 0 || !sha256.matches("[0-9a-f]{64}")) {
      throw new IllegalArgumentException("The catalogue's size or hash of " + name + " is none");
    }
  }
}
