package dev.compress.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The script of the distribution, with a Java that only writes down how it was called. */
class StartScriptTest {
  @TempDir Path folder;
  private Path java = Path.of("");
  private Path calls = Path.of("");
  private Map<String, String> locale = Map.of();

  @BeforeEach
  void makeAJava() throws IOException {
    assumeTrue(
        !System.getProperty("os.name").toLowerCase(Locale.ROOT).contains("windows"),
        "the script is for a POSIX shell");
    java = folder.resolve("java");
    calls = folder.resolve("calls");
    Files.createDirectories(java.resolve("bin"));
    Files.writeString(java.resolve("release"), "JAVA_VERSION=\"17.0.15\"\nIMPLEMENTOR=\"Test\"\n");
    Path program = java.resolve("bin/java");
    Files.writeString(
        program,
        """
        #!/bin/sh
        printf '%s\\n' "$*" >>'CALLS'
        printf '%s' "${LC_ALL-}" >'CALLS.locale'
        for word; do
          case $word in
            -XX:DumpLoadedClassList=*) echo java/lang/Object >"${word#*=}" ;;
            -XX:SharedArchiveFile=*) file=${word#*=} ;;
            -Xshare:dump) dump=yes ;;
          esac
        done
        [ -z "${dump-}" ] || echo archive >"$file"
        """
            .replace("CALLS", calls.toString()));
    assertThat(program.toFile().setExecutable(true)).isTrue();
  }

  private Path install(String name) throws IOException {
    Path home = folder.resolve(name);
    Files.createDirectories(home.resolve("bin"));
    Files.createDirectories(home.resolve("lib"));
    Files.copy(Path.of("src/dist/bin/compress"), home.resolve("bin/compress"));
    assertThat(home.resolve("bin/compress").toFile().setExecutable(true)).isTrue();
    Files.write(home.resolve("lib/compress-cli-1.0.jar"), new byte[0]);
    return home;
  }

  /** How Java was called by one start. */
  private List<String> start(Path home) throws Exception {
    Files.deleteIfExists(calls);
    ProcessBuilder builder =
        new ProcessBuilder(home.resolve("bin/compress") + "", "inspect", "a b");
    builder.environment().put("JAVA_HOME", java.toString());
    builder.environment().put("XDG_CACHE_HOME", folder.resolve("cache").toString());
    builder.environment().remove("COMPRESS_CDS");
    builder.environment().remove("COMPRESS_OPTS");
    List.of("LC_ALL", "LC_CTYPE", "LANG").forEach(builder.environment()::remove);
    builder.environment().putAll(locale);
    Process process = builder.redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isZero();
    return Files.readAllLines(calls);
  }

  @Test
  void makesAnArchiveOnceAndStartsWithIt() throws Exception {
    Path home = install("compress 1");
    List<String> first = start(home);
    assertThat(first).anyMatch(call -> call.contains("-Xshare:dump"));
    List<String> second = start(home);
    assertThat(second).hasSize(1);
    assertThat(second.get(0))
        .contains("-XX:SharedArchiveFile=" + home.resolve("lib/cds"))
        .endsWith("compress-cli-1.0.jar inspect a b");
  }

  /** Java silently leaves out an archive that was made elsewhere, and starts half as fast. */
  @Test
  void makesAnotherWhereItWasMovedTo() throws Exception {
    Path home = install("compress");
    start(home);
    Path moved = Files.move(home, folder.resolve("moved"));
    assertThat(start(moved)).anyMatch(call -> call.contains("-Xshare:dump"));
    assertThat(start(moved)).hasSize(1).allMatch(call -> call.contains("moved/lib/cds"));
  }

  /** Java reads and writes names of files by the locale; that of POSIX has ASCII only. */
  @Test
  void startsInALocaleWithAllLetters() throws Exception {
    Path home = install("compress");
    for (Map<String, String> poor :
        List.of(
            Map.<String, String>of(),
            Map.of("LC_ALL", "C"),
            Map.of("LC_ALL", "POSIX", "LANG", "de_DE.UTF-8"),
            Map.of("LC_CTYPE", "C", "LANG", "de_DE.UTF-8"))) {
      assertThat(localeOf(home, poor)).isEqualTo("C.UTF-8");
    }
    assertThat(localeOf(home, Map.of("LANG", "de_DE.UTF-8"))).isEmpty();
    assertThat(localeOf(home, Map.of("LC_ALL", "de_DE.UTF-8", "LANG", "C")))
        .isEqualTo("de_DE.UTF-8");
  }

  private String localeOf(Path home, Map<String, String> variables) throws Exception {
    locale = variables;
    start(home);
    return Files.readString(folder.resolve("calls.locale"));
  }
}
