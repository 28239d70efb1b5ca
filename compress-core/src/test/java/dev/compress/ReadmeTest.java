package dev.compress;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The Java that the project's first page shows compiles as it stands there. */
class ReadmeTest {
  private static final Pattern JAVA = Pattern.compile("```java\\n(.*?)```", Pattern.DOTALL);

  @TempDir Path folder;

  private static Path readme() {
    for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
      if (Files.exists(at.resolve("mvnw"))) {
        return at.resolve("README.md");
      }
    }
    throw new IllegalStateException("This test runs inside the project");
  }

  @Test
  void javaOfTheReadmeCompiles() throws IOException {
    List<String> blocks =
        JAVA.matcher(Files.readString(readme())).results().map(m -> m.group(1)).toList();
    assertThat(blocks).isNotEmpty();
    for (String block : blocks) {
      assertThat(errors(block)).as(block).isEmpty();
    }
    assertThat(errors(blocks.get(0).replace("calibratingOn", "calibratedOn")))
        .contains("calibratedOn");
  }

  /** Compiles statements that may use a {@code progress}. */
  private String errors(String statements) throws IOException {
    String names = String.join("\n", imports(statements));
    Path source = folder.resolve("Example.java");
    Files.writeString(
        source,
        names
            + "\nclass Example {\n  void run(dev.compress.progress.Progress progress) {\n"
            + statements
            + "  }\n}\n");
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    StringWriter messages = new StringWriter();
    try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null)) {
      String path =
          System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
      List<String> options = List.of("-cp", path, "-d", folder.toString(), "-proc:none");
      boolean compiled =
          compiler
              .getTask(messages, files, null, options, null, files.getJavaFileObjects(source))
              .call();
      return compiled ? "" : messages.toString();
    }
  }

  /** One import for each class that is named: of this project, or of java.nio.file. */
  private static List<String> imports(String statements) throws IOException {
    Path sources = readme().resolveSibling("compress-core/src/main/java");
    Matcher names = Pattern.compile("\\b[A-Z]\\w*[a-z]\\w*").matcher(statements);
    List<String> wanted = names.results().map(m -> m.group()).distinct().toList();
    try (Stream<Path> files = Files.walk(sources)) {
      List<String> found =
          files
              .filter(f -> wanted.contains(f.getFileName().toString().replace(".java", "")))
              .map(f -> sources.relativize(f).toString())
              .map(f -> "import " + f.replace(".java", "").replaceAll("[/\\\\]", ".") + ";")
              .toList();
      return Stream.concat(found.stream(), Stream.of("import java.nio.file.Path;")).toList();
    }
  }
}
