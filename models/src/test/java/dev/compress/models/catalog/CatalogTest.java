package dev.compress.models.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.compress.progress.Progress;
import dev.compress.testing.SharedData;
import java.net.URI;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CatalogTest {
  private static final String HASH = "0".repeat(64);

  @Test
  void isWhole() {
    List<CatalogEntry> entries = Catalog.embedded().entries();
    assertThat(entries).hasSizeGreaterThan(20);
    Set<String> names = new HashSet<>();
    for (CatalogEntry entry : entries) {
      assertThat(names.add(entry.name())).as(entry.name()).isTrue();
      assertThat(entry.licence()).isNotBlank();
      assertThat(entry.files()).isNotEmpty();
      for (CatalogFile file : entry.files()) {
        assertThat(file.url().getScheme()).isEqualTo("https");
      }
    }
    assertThat(Catalog.embedded().find("mnist").orElseThrow().bytes())
        .isEqualTo(9912422L + 28881 + 1648877 + 4542);
    assertThat(Catalog.embedded().find("none")).isEmpty();
  }

  /** The shared models are as their authors gave them away. */
  @Test
  void knowsTheSharedModels(@TempDir Path folder) {
    Optional<Path> data = SharedData.data();
    assumeTrue(data.isPresent(), SharedData.WHY_ABSENT);
    Fetcher fetcher = new Fetcher(data);
    int models = 0;
    for (CatalogEntry entry : Catalog.embedded().entries()) {
      if (entry.kind().equals("model")) {
        models++;
        assertThat(fetcher.fetch(entry, folder.resolve(entry.name()), Progress.NONE))
            .as(entry.name())
            .extracting(Fetcher.Fetched::from)
            .containsOnly("mirror");
      }
    }
    assertThat(models).isEqualTo(22);
  }

  @ParameterizedTest
  @ValueSource(strings = {"../x", "/etc/x", "a/b", "..", "", ".x", "a\\b"})
  void hasNoNamesThatEscape(String name) {
    assertThatThrownBy(() -> new CatalogFile(name, URI.create("https://x"), 1, HASH))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new CatalogEntry(name, "model", "", "", "", List.of()))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
