package dev.compress.models;

import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Where this user's programs keep what can be made again: {@code COMPRESS_CACHE} if it is set, else
 * a folder {@code compress} where the system wants it ({@code LOCALAPPDATA}, {@code
 * ~/Library/Caches}, {@code XDG_CACHE_HOME} or {@code ~/.cache}).
 */
public final class CacheFolder {
  private CacheFolder() {}

  /** The folder, which need not exist, or empty if the system names no place. */
  public static Optional<Path> locate() {
    return locate(System::getenv, System::getProperty);
  }

  static Optional<Path> locate(
      UnaryOperator<@Nullable String> environment, UnaryOperator<@Nullable String> property) {
    Optional<Path> own = path(environment.apply("COMPRESS_CACHE"));
    if (own.isPresent()) {
      return own;
    }
    String system =
        Optional.ofNullable(property.apply("os.name")).orElse("").toLowerCase(Locale.ROOT);
    Optional<Path> home = path(property.apply("user.home"));
    Optional<Path> parent;
    if (system.startsWith("windows")) {
      parent = path(environment.apply("LOCALAPPDATA"));
    } else if (system.startsWith("mac")) {
      parent = home.map(folder -> folder.resolve("Library/Caches"));
    } else {
      parent =
          path(environment.apply("XDG_CACHE_HOME"))
              .or(() -> home.map(folder -> folder.resolve(".cache")));
    }
    return parent.map(folder -> folder.resolve("compress"));
  }

  /**
   * Relative paths would depend on the working folder; the XDG specification says to ignore them.
   */
  private static Optional<Path> path(@Nullable String value) {
    return Optional.ofNullable(value)
        .filter(text -> !text.isBlank())
        .map(Path::of)
        .filter(Path::isAbsolute);
  }
}
