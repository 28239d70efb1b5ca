package dev.compress.evaluation;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.compress.error.InvalidDataException;
import dev.compress.error.IoReason;
import dev.compress.error.ReadWriteException;
import dev.compress.evaluation.EvaluationReport.Data;
import dev.compress.evaluation.EvaluationReport.Environment;
import dev.compress.evaluation.EvaluationReport.Gate;
import dev.compress.evaluation.EvaluationReport.Host;
import dev.compress.evaluation.EvaluationReport.Row;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Saved reports: read again, and those of several machines as one.
 *
 * <pre>{@code
 * EvaluationReport fleet =
 *     EvaluationReports.merge(
 *         List.of(EvaluationReports.read(pi), EvaluationReports.read(server)));
 * }</pre>
 */
public final class EvaluationReports {
  private static final int LARGEST_BYTES = 32 << 20;

  private EvaluationReports() {}

  /**
   * Reads a report that was saved as JSON. Keys that this version does not know are passed over.
   * Control characters in its texts, which no table or terminal can show, become the replacement
   * character.
   *
   * @param file of schema {@value EvaluationReport#SCHEMA}
   * @throws InvalidDataException if it is not such a report; the message names the file and what is
   *     wrong with it
   * @throws ReadWriteException if it cannot be read
   */
  public static EvaluationReport read(Path file) {
    byte[] bytes = bytes(file);
    JsonMapper mapper = mapper();
    JsonNode tree;
    try {
      tree = mapper.readTree(bytes);
    } catch (JsonProcessingException e) {
      throw malformed(file, "it is no JSON: " + e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw malformed(file, "it is no JSON: " + e.getMessage(), e);
    }
    String schema = tree.path("schema").asText("");
    if (!schema.equals(EvaluationReport.SCHEMA)) {
      throw new InvalidDataException(
          file
              + " is no saved evaluation: its schema is "
              + (schema.isEmpty() ? "missing" : "\"" + CleanText.line(schema) + "\"")
              + ", not \""
              + EvaluationReport.SCHEMA
              + "\". Save one with compress evaluate --report x.json.");
    }
    for (String list : List.of("variants", "gates", "warnings")) {
      JsonNode elements = tree.path(list);
      boolean whole = elements.isArray();
      for (JsonNode element : elements) {
        whole &= !element.isNull();
      }
      if (!whole) {
        throw malformed(file, "/" + list + " is no list, or has nothing in a place", null);
      }
    }
    try {
      EvaluationReport report = mapper.treeToValue(CleanText.of(tree), EvaluationReport.class);
      ReportCheck.check(report);
      return report;
    } catch (JsonProcessingException e) {
      throw malformed(file, CleanText.line(e.getOriginalMessage()) + place(e), e);
    } catch (IllegalArgumentException e) {
      throw malformed(file, String.valueOf(e.getMessage()), e);
    }
  }

  private static String place(JsonProcessingException e) {
    if (!(e instanceof com.fasterxml.jackson.databind.JsonMappingException mapping)) {
      return "";
    }
    StringBuilder path = new StringBuilder();
    for (com.fasterxml.jackson.databind.JsonMappingException.Reference step : mapping.getPath()) {
      path.append(
          step.getFieldName() == null ? "[" + step.getIndex() + "]" : "/" + step.getFieldName());
    }
    return path.isEmpty() ? "" : " at " + CleanText.line(path.toString());
  }

  private static InvalidDataException malformed(Path file, String why, @Nullable Throwable cause) {
    return new InvalidDataException(
        file
            + " is no valid report of an evaluation: "
            + why
            + ". Save it anew with compress evaluate --report x.json.",
        cause);
  }

  private static byte[] bytes(Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(LARGEST_BYTES + 1);
      if (bytes.length > LARGEST_BYTES) {
        throw new InvalidDataException(
            file + " is over 32 MiB: that is no report of an evaluation. Check the path.");
      }
      return bytes;
    } catch (java.nio.file.NoSuchFileException e) {
      throw new ReadWriteException("No such file: " + file + ". Check the path.", e);
    } catch (IOException e) {
      throw new ReadWriteException(
          "Cannot read " + file + ": " + IoReason.of(e) + ". Check the path and its rights.", e);
    }
  }

  /** Strict where a wrong value would pass for a right one. */
  private static JsonMapper mapper() {
    return JsonMapper.builder()
        .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
        .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
        .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
        .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
        .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
        .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
        .build();
  }

  /**
   * The reports of several machines as one: every row with its host and device, compared with the
   * baseline of its own report, because only what was timed in turn has a ratio. Two machines of
   * one name are told apart by a number. Reports that were merged before can be merged again.
   *
   * @param reports at least one
   * @throws IllegalArgumentException if there is none
   */
  public static EvaluationReport merge(List<EvaluationReport> reports) {
    if (reports.isEmpty()) {
      throw new IllegalArgumentException("There is no report to merge");
    }
    List<Row> rows = new ArrayList<>();
    List<Gate> gates = new ArrayList<>();
    List<String> warnings = new ArrayList<>();
    Map<String, Host> hosts = new LinkedHashMap<>();
    for (EvaluationReport report : reports) {
      EvaluationReport fleet = report.hosts().isEmpty() ? ofHosts(report) : report;
      Map<String, String> names = new HashMap<>();
      for (Host host : fleet.hosts()) {
        String name = unused(host.host(), hosts.keySet());
        names.put(host.host(), name);
        hosts.put(name, new Host(name, host.environment(), host.dataset()));
        if (!name.equals(host.host())) {
          warnings.add(
              name
                  + ": another report is of a machine called "
                  + host.host()
                  + "; this one's is called so here.");
        }
      }
      for (Row row : fleet.variants()) {
        rows.add(row.onHost(names.getOrDefault(row.host(), row.host())));
      }
      fleet.gates().forEach(g -> gates.add(renamed(g, names)));
      fleet.warnings().forEach(w -> warnings.add(renamed(w, names)));
    }
    warnings.addAll(differences(rows, hosts.values()));
    return new EvaluationReport(
        EvaluationReport.SCHEMA,
        common(hosts.values().stream().map(Host::environment).toList()),
        commonData(hosts.values()),
        rows,
        gates,
        warnings.stream().distinct().toList(),
        List.copyOf(hosts.values()));
  }

  /** A plain report, with its machine named in gates and warnings. */
  private static EvaluationReport ofHosts(EvaluationReport report) {
    Set<String> names = new LinkedHashSet<>();
    report.variants().forEach(row -> names.add(row.host()));
    String all = String.join(", ", names);
    return new EvaluationReport(
        report.schema(),
        report.environment(),
        report.dataset(),
        report.variants(),
        report.gates().stream().map(g -> ofVariant(g, g.variant() + ", " + all)).toList(),
        report.warnings().stream().map(w -> all + ": " + w).toList(),
        names.stream().map(n -> new Host(n, report.environment(), report.dataset())).toList());
  }

  private static Gate ofVariant(Gate gate, String variant) {
    return new Gate(
        gate.name(),
        variant,
        gate.limit(),
        gate.value(),
        gate.ci95(),
        gate.passed(),
        gate.certain(),
        gate.reason());
  }

  private static Gate renamed(Gate gate, Map<String, String> names) {
    for (Map.Entry<String, String> name : names.entrySet()) {
      String end = ", " + name.getKey();
      if (gate.variant().endsWith(end)) {
        String start = gate.variant().substring(0, gate.variant().length() - end.length());
        return ofVariant(gate, start + ", " + name.getValue());
      }
    }
    return gate;
  }

  private static String renamed(String warning, Map<String, String> names) {
    for (Map.Entry<String, String> name : names.entrySet()) {
      if (warning.startsWith(name.getKey() + ": ")) {
        return name.getValue() + warning.substring(name.getKey().length());
      }
    }
    return warning;
  }

  private static String unused(String wanted, Set<String> taken) {
    String name = wanted;
    for (int i = 2; taken.contains(name); i++) {
      name = wanted + " (" + i + ")";
    }
    return name;
  }

  private static @Nullable Environment common(List<@Nullable Environment> all) {
    return all.stream().distinct().count() == 1 ? all.get(0) : null;
  }

  /** Data is the same if its content is, wherever it lies. */
  private static @Nullable Data commonData(Iterable<Host> hosts) {
    Data common = null;
    for (Host host : hosts) {
      Data data = host.dataset();
      if (data == null || (common != null && !sameData(common, data))) {
        return null;
      }
      common = common == null ? data : common;
    }
    return common;
  }

  private static boolean sameData(Data a, Data b) {
    return a.samples() == b.samples() && a.sha256().equals(b.sha256());
  }

  /** What would be compared although it is not the same. */
  private static List<String> differences(List<Row> rows, Iterable<Host> hosts) {
    List<String> found = new ArrayList<>();
    if (commonData(hosts) == null) {
      found.add(
          "The reports are of different data: accuracy compares within a machine only, not between"
              + " machines.");
    }
    Map<String, Row> first = new HashMap<>();
    Set<String> told = new LinkedHashSet<>();
    for (Row row : rows) {
      Row other = first.putIfAbsent(row.name(), row);
      if (other != null
          && !Objects.equals(other.sha256(), row.sha256())
          && told.add(row.name() + "\n" + row.host())) {
        found.add(
            row.name() + " is another file on " + row.host() + " than on " + other.host() + ".");
      }
    }
    return found;
  }

  /**
   * A report with limits judged: those that it has, and these. A row without a comparison is its
   * machine's baseline and is not judged.
   *
   * @param report of one machine or of several
   * @param gates the limits
   */
  public static EvaluationReport holding(EvaluationReport report, Gates gates) {
    List<Gate> judged = new ArrayList<>(report.gates());
    List<Gate> more = gates.judge(report.variants());
    judged.addAll(more);
    List<String> warnings = new ArrayList<>(report.warnings());
    warnings.addAll(Gates.doubts(more));
    return new EvaluationReport(
        report.schema(),
        report.environment(),
        report.dataset(),
        report.variants(),
        judged,
        warnings.stream().distinct().toList(),
        report.hosts());
  }
}
