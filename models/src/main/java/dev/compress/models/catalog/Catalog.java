package dev.compress.models.catalog;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Optional;

/**
 * The public models and datasets that are known by name.
 *
 * @param entries models first
 */
public record Catalog(List<CatalogEntry> entries) {
  public Catalog {
    entries = List.copyOf(entries);
  }

  /** The one that comes with compress. */
  public static Catalog embedded() {
    try (InputStream stream = Catalog.class.getResourceAsStream("catalog.json")) {
      if (stream == null) {
        throw new IllegalStateException("resource catalog.json is missing from this build");
      }
      return new Catalog(JsonMapper.builder().build().readValue(stream, new Entries()));
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read the catalogue", e);
    }
  }

  /** What has a name. */
  public Optional<CatalogEntry> find(String name) {
    return entries.stream().filter(entry -> entry.name().equals(name)).findFirst();
  }

  private static final class Entries extends TypeReference<List<CatalogEntry>> {}
}
