package dev.compress.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** A library that reaches the class path has to be named, with its licence, in what is shipped. */
class ThirdPartyNoticesTest {
  /** Beginnings of jar names that serve tests and are not shipped. */
  private static final List<String> TESTS_ONLY =
      List.of("junit-", "opentest4j-", "apiguardian-", "assertj-", "byte-buddy-", "archunit");

  private static final Pattern JAR = Pattern.compile("(.+?)-\\d.*\\.jar");

  @Test
  void everyShippedLibraryIsNamed() throws IOException {
    String notices = Files.readString(Path.of("src/dist/THIRD-PARTY.md"));
    TreeSet<String> unnamed = new TreeSet<>();
    int seen = 0;
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
      Matcher jar = JAR.matcher(Path.of(entry).getFileName().toString());
      if (!jar.matches()
          || jar.group(1).startsWith("compress-")
          || TESTS_ONLY.stream().anyMatch(jar.group()::startsWith)) {
        continue;
      }
      seen++;
      if (!Pattern.compile("[| ]" + Pattern.quote(jar.group(1)) + "[,| ]")
          .matcher(notices)
          .find()) {
        unnamed.add(jar.group(1));
      }
    }
    assertThat(seen).as("libraries on the class path").isGreaterThan(20);
    assertThat(unnamed).as("libraries missing in THIRD-PARTY.md").isEmpty();
  }
}
