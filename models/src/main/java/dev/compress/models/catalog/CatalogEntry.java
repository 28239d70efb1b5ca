package dev.compress.models.catalog;

import java.util.List;

/**
 * A public model or dataset.
 *
 * @param name what it is asked for by
 * @param kind {@code model} or {@code dataset}
 * @param description what it is, one line
 * @param licence under which its authors give it away
 * @param source the page of its authors
 * @param files what belongs to it
 */
public record CatalogEntry(
    String name,
    String kind,
    String description,
    String licence,
    String source,
    List<CatalogFile> files) {
  public CatalogEntry {
    if (!name.matches("[a-z0-9][a-z0-9.-]*") || !kind.matches("model|dataset")) {
      throw new IllegalArgumentException("The catalogue has a " + kind + " of the name " + name);
    }
    files = List.copyOf(files);
  }

  /** Of all its files. */
  public long bytes() {
    return files.stream().mapToLong(CatalogFile::bytes).sum();
  }

  /** The folder that it has in a cache or a mirror, relative to that. */
  String folder() {
    return kind + "s/" + name;
  }
}
