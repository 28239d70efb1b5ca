package dev.compress.gpu;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/** Where TensorRT's engines are kept: in the cache folder of this user's programs. */
final class EngineCache {
  private EngineCache() {}

  static Path locate(Map<String, String> environment) {
    return absolute(environment, "COMPRESS_CACHE")
        .or(() -> absolute(environment, "XDG_CACHE_HOME").map(p -> p.resolve("compress")))
        .or(() -> absolute(environment, "HOME").map(p -> p.resolve(".cache/compress")))
        .orElseGet(() -> Path.of(System.getProperty("java.io.tmpdir", "/tmp"), "compress-cache"))
        .resolve("tensorrt");
  }

  private static Optional<Path> absolute(Map<String, String> environment, String variable) {
    return Optional.ofNullable(environment.get(variable))
        .filter(text -> text.startsWith("/"))
        .map(Path::of);
  }
}
