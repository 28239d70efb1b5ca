package dev.compress.models;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;

@DisabledOnOs(
    value = OS.WINDOWS,
    disabledReason = "the paths are written in the way of other systems")
class CacheFolderTest {
  private static final Map<String, String> LINUX =
      Map.of("os.name", "Linux", "user.home", "/home/a");

  private static String locate(Map<String, String> environment, Map<String, String> properties) {
    return CacheFolder.locate(environment::get, properties::get)
        .map(Path::toString)
        .orElse("nowhere");
  }

  @Test
  void followsTheCustomOfTheSystem() {
    assertThat(locate(Map.of(), LINUX)).isEqualTo("/home/a/.cache/compress");
    assertThat(locate(Map.of("XDG_CACHE_HOME", "/x"), LINUX)).isEqualTo("/x/compress");
    assertThat(locate(Map.of("XDG_CACHE_HOME", "relative"), LINUX))
        .isEqualTo("/home/a/.cache/compress");
    assertThat(locate(Map.of(), Map.of("os.name", "Mac OS X", "user.home", "/Users/a")))
        .isEqualTo("/Users/a/Library/Caches/compress");
    assertThat(locate(Map.of("LOCALAPPDATA", "/local"), Map.of("os.name", "Windows 11")))
        .isEqualTo("/local/compress");
    assertThat(locate(Map.of(), Map.of("os.name", "Windows 11"))).isEqualTo("nowhere");
  }

  @Test
  void theUsersChoiceComesFirst() {
    assertThat(locate(Map.of("COMPRESS_CACHE", "/c", "XDG_CACHE_HOME", "/x"), LINUX))
        .isEqualTo("/c");
  }
}
