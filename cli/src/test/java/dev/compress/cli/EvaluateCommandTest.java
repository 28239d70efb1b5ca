package dev.compress.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.compress.cli.console.Terminal;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/** {@code compress evaluate} on the embedded sample, through the real modules. */
class EvaluateCommandTest {
  @TempDir Path folder;

  private record Result(int code, String out, String err) {}

  private static Result run(String... args) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Terminal terminal = Terminal.of(out, err, Map.of());
    int code = new Program(terminal, Wiring.ofModules(), new AtomicBoolean()).run(args);
    return new Result(
        code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  /** A device that is always full, as a disk can be by the time the measuring is done. */
  @Test
  void aReportThatCannotBeWrittenCostsThatFileOnly() throws Exception {
    Path device = Path.of("/dev/full");
    assumeTrue(Files.exists(device), "there is no /dev/full on this machine");
    Path full = Files.createSymbolicLink(folder.resolve("full.json"), device);
    Path second = folder.resolve("second.json");
    Result result =
        run(
            "evaluate",
            "sample:glyphs",
            "--quick",
            "--report",
            full.toString(),
            "--report",
            second.toString());
    assertThat(result.code()).isEqualTo(ExitCode.READ_WRITE);
    assertThat(result.err()).contains("Cannot write " + full).doesNotContain("Exception");
    assertThat(result.out()).contains("glyphs");
    assertThat(Files.readString(second)).contains("\"variants\"");
  }

  @Test
  void comparesTheSampleWithItsInt8Form() throws Exception {
    Path int8 = folder.resolve("glyphs.int8.onnx");
    assertThat(
            run(
                    "--quantize",
                    "int8",
                    "--proof",
                    "none",
                    "-q",
                    "-o",
                    int8.toString(),
                    "--report",
                    folder.resolve("glyphs.int8.json").toString(),
                    "sample:glyphs")
                .code())
        .isZero();
    Path markdown = folder.resolve("e.md");
    Path junit = folder.resolve("e.xml");
    Result result =
        run(
            "evaluate",
            "sample:glyphs",
            int8.toString(),
            "--data",
            "sample:glyphs",
            "--warmup",
            "0.1",
            "--min-window",
            "0.05",
            "--rounds",
            "5",
            "--max-drop",
            "-90",
            "--report",
            markdown.toString(),
            "--report",
            junit.toString(),
            "--report",
            folder.resolve("a.json").toString(),
            "--report",
            folder.resolve("a.html").toString(),
            "--json");
    assertThat(result.code()).as(result.err()).isEqualTo(5);
    JsonNode json = new ObjectMapper().readTree(result.out());
    assertThat(json.at("/variants/0/accuracy/value").asDouble()).isEqualTo(0.9785);
    assertThat(json.at("/variants/1/accuracy/value").asDouble()).isGreaterThan(0.97);
    assertThat(json.at("/variants/1/name").asText()).isEqualTo("glyphs.int8");
    assertThat(json.at("/variants/1/vs_baseline/bytes_ratio").asDouble()).isBetween(0.25, 0.35);
    assertThat(json.at("/error/code").asInt()).isEqualTo(5);
    JsonNode made = json.at("/variants/1/compression");
    assertThat(made.at("/reports/0").asText()).endsWith("glyphs.int8.json");
    assertThat(made.at("/kind")).isEqualTo(json.at("/variants/1/energy/kind"));
    if (made.at("/kind").asText().equals("ESTIMATED")) {
      assertThat(made.at("/energy_j").isNull()).isTrue();
      assertThat(made.at("/energy_estimated_j").asDouble()).isPositive();
      assertThat(json.at("/variants/1/break_even_inferences").isNull()).isTrue();
      JsonNode even = made.at("/break_even_estimated_inferences");
      if (even.isNull()) { // so short a look may leave the saving in doubt
        assertThat(made.at("/reason").asText()).isNotEmpty();
      } else {
        assertThat(even.asLong()).isPositive();
        assertThat(Files.readString(markdown)).contains("| ~").contains(" samples (");
      }
    }
    assertThat(json.at("/variants/0/compression").isNull()).isTrue();
    assertThat(Files.readString(markdown)).contains("| glyphs.int8 |", "FAILED");
    Document document =
        DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(junit.toFile());
    assertThat(document.getElementsByTagName("testcase").getLength()).isEqualTo(3);
    assertThat(document.getElementsByTagName("failure").getLength()).isEqualTo(1);
    Element second = (Element) document.getElementsByTagName("testcase").item(1);
    assertThat(properties(second))
        .containsKeys("latency", "energy", "energy-source")
        .containsEntry("bytes", json.at("/variants/1/bytes").asText())
        .hasEntrySatisfying("accuracy", told -> assertThat(told).startsWith(percent(json)));
    assertThat(Files.readString(folder.resolve("a.html")))
        .contains("97.85%", "glyphs.int8", "Layers of sample:glyphs")
        .endsWith("</html>\n");
    merges(json);
  }

  private static String percent(JsonNode json) {
    return String.format(
        Locale.ROOT, "%.2f%%", 100 * json.at("/variants/1/accuracy/value").asDouble());
  }

  private static Map<String, String> properties(Element testCase) {
    NodeList found = testCase.getElementsByTagName("property");
    return IntStream.range(0, found.getLength())
        .mapToObj(i -> (Element) found.item(i))
        .collect(Collectors.toMap(p -> p.getAttribute("name"), p -> p.getAttribute("value")));
  }

  /** What was measured here, as a fleet of this machine and one that is called otherwise. */
  private void merges(JsonNode json) throws IOException {
    String host = json.at("/variants/0/host").asText();
    Path other = folder.resolve("b.json");
    Files.writeString(
        other,
        Files.readString(folder.resolve("a.json"))
            .replace("\"host\" : \"" + host + "\"", "\"host\" : \"edge-7\""));
    Path fleet = folder.resolve("fleet.html");
    Result merged =
        run(
            "evaluate",
            "--merge",
            folder.resolve("a.json").toString(),
            other.toString(),
            "--report",
            fleet.toString(),
            "--json");
    // The gate that failed when it was measured is still failed.
    assertThat(merged.code()).as(merged.err()).isEqualTo(5);
    JsonNode both = new ObjectMapper().readTree(merged.out());
    assertThat(both.at("/variants")).hasSize(4);
    assertThat(both.at("/variants/0")).isEqualTo(json.at("/variants/0"));
    assertThat(both.at("/variants/3/host").asText()).isEqualTo("edge-7");
    assertThat(both.at("/hosts")).hasSize(2);
    assertThat(Files.readString(fleet))
        .contains("4 variants of 2 machines", "glyphs.int8 @ edge-7");
    String table = run("evaluate", "--merge", other.toString(), folder + "/a.json").out();
    assertThat(table)
        .startsWith("4 variants of 2 machines on ")
        .contains("sample:glyphs @ edge-7", "against the baseline of the same machine");
  }

  @Test
  void namesTheFileThatIsNoReport() throws IOException {
    Path bad = Files.writeString(folder.resolve("bad.json"), "{\"schema\": 1}");
    Result result = run("evaluate", "--merge", bad.toString());
    assertThat(result.code()).isEqualTo(3);
    assertThat(result.err()).contains("bad.json is no saved evaluation");
    assertThat(result.out()).isEmpty();
  }

  /** An empty folder cannot do on any machine, with a GPU or without. */
  @Test
  void namesWhatADeviceLacksAndTheDoctorDoesTheSame() throws IOException {
    Result result =
        run(
            "evaluate",
            "sample:glyphs",
            "--device",
            "cpu",
            "--device",
            "tensorrt:1",
            "--natives",
            folder.toString());
    assertThat(result.code()).isEqualTo(4);
    assertThat(result.out()).isEmpty();
    assertThat(result.err().lines()).hasSizeLessThanOrEqualTo(2);
    String lacks = folder + " lacks libonnxruntime.so, libonnxruntime4j_jni.so,";
    boolean isLinux = System.getProperty("os.name").equals("Linux");
    assertThat(result.err())
        .contains("tensorrt:1 cannot be used here: ")
        .contains(isLinux ? lacks : "this is ");
    JsonNode doctor =
        new ObjectMapper().readTree(run("doctor", "--json", "--natives", folder + "").out());
    assertThat(doctor.at("/devices").findValuesAsText("detail"))
        .anyMatch(detail -> detail.startsWith(isLinux ? lacks : "this is "));
    assertThat(doctor.at("/devices").findValuesAsText("name")).doesNotHaveDuplicates();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "evaluate | 2 | Which models?",
        "evaluate no.onnx --data d | 6 | No such file: no.onnx",
        "evaluate sample:glyphs sample:glyphs | 2 | given twice",
        "evaluate sample:glyphs --rounds 2 | 2 | 5 to 30",
        "evaluate sample:glyphs --max-drop 0.5 | 2 | there is one model only",
        "evaluate sample:glyphs --max-drop NaN | 2 | --max-drop must be a number",
        "evaluate sample:glyphs --max-latency-ratio 0 | 2 | --max-latency-ratio must be over 0",
        "evaluate sample:glyphs --max-energy-ratio -1 | 2 | --max-energy-ratio must be over 0",
        "evaluate --merge a.json --max-energy-ratio NaN | 2 | --max-energy-ratio must be over 0",
        "evaluate sample:glyphs --batch 0 | 2 | --batch must be 1 or more",
        "evaluate sample:glyphs --device toaster | 2 | --device knows",
        "evaluate sample:glyphs --device cpu --device cpu | 2 | named twice",
        "evaluate sample:glyphs --natives d | 2 | --device cuda",
        "evaluate sample:glyphs --report r.pdf | 2 | must end in",
        "evaluate --merge | 2 | Which reports?",
        "evaluate --merge a.json b.json --data d.npz | 2 | --data has no meaning",
        "evaluate --merge a.json --energy none | 2 | --energy has no meaning",
        "evaluate --merge a.json --report fleet.pdf | 2 | must end in",
        "evaluate --merge no.json | 6 | No such file: no.json",
        "evaluate sample:glyphs --data nothing.npz | 6 | nothing.npz",
      })
  void refusesWhatItCannotDo(String line, int code, String words) throws IOException {
    Result result = run(line.split(" ", -1));
    assertThat(result.err()).contains(words);
    assertThat(result.code()).isEqualTo(code);
    assertThat(result.out()).isEmpty();
  }
}
