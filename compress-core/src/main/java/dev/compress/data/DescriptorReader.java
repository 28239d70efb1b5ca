package dev.compress.data;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;
import dev.compress.data.DataDescriptor.Origin;
import dev.compress.data.DataDescriptor.Runs;
import dev.compress.data.DataDescriptor.Split;
import dev.compress.data.InputDescriptor.Channels;
import dev.compress.data.InputDescriptor.Image;
import dev.compress.data.InputDescriptor.Layout;
import dev.compress.data.InputDescriptor.Values;
import dev.compress.data.SourceSpec.RecordField;
import dev.compress.error.InvalidDataException;
import dev.compress.metric.Metric;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/** Turns the YAML of a descriptor into a {@link DataDescriptor}, strictly. */
final class DescriptorReader {
  private static final int LARGEST_WINDOW = 1 << 26;

  private final String where;
  private final Optional<Path> folder;

  private DescriptorReader(String where, Optional<Path> folder) {
    this.where = where;
    this.folder = folder;
  }

  static DataDescriptor read(String yaml, String where, Optional<Path> folder) {
    ObjectMapper mapper =
        new ObjectMapper(
                YAMLFactory.builder()
                    .enable(YAMLParser.Feature.PARSE_BOOLEAN_LIKE_WORDS_AS_STRINGS)
                    .build())
            .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
    JsonNode root;
    try {
      root = mapper.readTree(yaml);
    } catch (JsonProcessingException e) {
      String why = e.getOriginalMessage().lines().findFirst().orElse("no YAML");
      String line = e.getLocation() == null ? "" : " (line " + e.getLocation().getLineNr() + ")";
      throw new InvalidDataException(where + " is no readable YAML: " + why + line + ".", e);
    }
    if (root.isMissingNode() || root.isNull()) {
      throw new InvalidDataException(where + " is empty. See the data descriptor's documentation.");
    }
    return new DescriptorReader(where, folder).descriptor(root);
  }

  private DataDescriptor descriptor(JsonNode root) {
    DescriptorKeys keys =
        DescriptorKeys.of(
            root,
            where,
            "format",
            "file",
            "inputs",
            "record",
            "labels",
            "metric",
            "threshold",
            "split",
            "csv",
            "sequence");
    SourceSpec source =
        new SourceSpec(
            keys.text("format").map(f -> DataFormat.of(f, where)),
            keys.text("file"),
            keys.node("record").map(this::record).orElse(List.of()),
            keys.node("csv").map(this::csv).orElse(CsvOptions.DETECT));
    return new DataDescriptor(
        new Origin(where, folder, root.toString()),
        source,
        keys.node("inputs").map(this::inputs).orElse(Map.of()),
        keys.node("labels").map(this::labels).orElse(LabelSpec.NONE),
        keys.text("metric").map(Metric::of),
        keys.node("split").map(this::split),
        new Runs(
            keys.node("sequence").map(this::sequence),
            keys.number("threshold").map(OptionalDouble::of).orElse(OptionalDouble.empty())));
  }

  private SequenceSpec sequence(JsonNode node) {
    String path = where + ": sequence";
    DescriptorKeys keys =
        DescriptorKeys.of(
            node, path, "input", "axis", "window", "stride", "context", "state", "score");
    Map<String, String> state = new LinkedHashMap<>();
    Optional<JsonNode> pairs = keys.node("state");
    if (pairs.isPresent()) {
      if (!pairs.get().isObject()
          || !pairs.get().properties().stream().allMatch(DescriptorReader::isPair)) {
        throw keys.wrong("state", "a mapping of state inputs to the outputs that follow them");
      }
      pairs.get().properties().forEach(e -> state.put(e.getKey(), e.getValue().asText()));
    }
    return new SequenceSpec(
        keys.text("input"),
        size(keys, "axis", 0).orElse(0),
        size(keys, "window", 1),
        size(keys, "stride", 1),
        size(keys, "context", 0).orElse(0),
        state,
        keys.choice("score", SequenceSpec.Score.class).orElse(SequenceSpec.Score.LAST));
  }

  private static boolean isPair(Map.Entry<String, JsonNode> entry) {
    return entry.getValue().isTextual();
  }

  private static OptionalInt size(DescriptorKeys keys, String key, int least) {
    Optional<Long> size = keys.whole(key, least);
    if (size.isPresent() && size.get() > LARGEST_WINDOW) {
      throw keys.wrong(key, "at most " + LARGEST_WINDOW);
    }
    return size.isPresent() ? OptionalInt.of(Math.toIntExact(size.get())) : OptionalInt.empty();
  }

  private List<RecordField> record(JsonNode node) {
    if (!node.isObject() || node.isEmpty()) {
      throw new InvalidDataException(
          where
              + ": record should list the fields in file order, such as "
              + "{label: uint8, x: {dtype: uint8, shape: [3, 32, 32]}}.");
    }
    List<RecordField> fields = new ArrayList<>();
    for (Map.Entry<String, JsonNode> entry : node.properties()) {
      String name = entry.getKey();
      String path = where + ": record: " + name;
      if (entry.getValue().isTextual()) {
        fields.add(
            new RecordField(name, DataTypes.parse(entry.getValue().asText(), path), List.of()));
        continue;
      }
      DescriptorKeys keys = DescriptorKeys.of(entry.getValue(), path, "dtype", "shape");
      String dtype = keys.text("dtype").orElseThrow(() -> keys.wrong("dtype", "given"));
      fields.add(
          new RecordField(
              name, DataTypes.parse(dtype, path), keys.dims("shape", false).orElse(List.of())));
    }
    return fields;
  }

  private CsvOptions csv(JsonNode node) {
    DescriptorKeys keys = DescriptorKeys.of(node, where + ": csv", "header", "delimiter");
    Optional<Character> delimiter =
        keys.text("delimiter")
            .map(
                text -> {
                  if (text.equals("tab")) {
                    return '\t';
                  }
                  if (text.length() != 1 || text.charAt(0) == '"') {
                    throw keys.wrong("delimiter", "one character, or tab");
                  }
                  return text.charAt(0);
                });
    return new CsvOptions(keys.bool("header"), delimiter);
  }

  private Map<String, InputDescriptor> inputs(JsonNode node) {
    if (!node.isObject()) {
      throw new InvalidDataException(
          where
              + ": inputs should map the model's input names to their options, not "
              + DescriptorKeys.shown(node)
              + ".");
    }
    Map<String, InputDescriptor> inputs = new LinkedHashMap<>();
    node.properties()
        .forEach(
            e -> inputs.put(e.getKey(), input(e.getValue(), where + ": inputs: " + e.getKey())));
    return inputs;
  }

  private static InputDescriptor input(JsonNode node, String path) {
    DescriptorKeys keys =
        DescriptorKeys.of(
            node,
            path,
            "dtype",
            "shape",
            "layout",
            "scale",
            "mean",
            "std",
            "resize",
            "crop",
            "channels",
            "from",
            "columns",
            "map",
            "value");
    Optional<String> map = keys.text("map");
    if (map.isPresent() && !map.get().equals("nonzero")) {
      throw keys.wrong("map", "nonzero (1 where the value is not 0, else 0)");
    }
    Optional<Double> constant = keys.number("value");
    List<Double> std = keys.numbers("std");
    if (std.contains(0.0)) {
      throw keys.wrong("std", "numbers other than 0");
    }
    return new InputDescriptor(
        keys.text("from"),
        keys.node("columns").map(value -> columns(keys, value)),
        keys.text("dtype").map(d -> DataTypes.parse(d, path)),
        keys.dims("shape", constant.isPresent()),
        new Image(
            keys.choice("layout", Layout.class),
            keys.size("resize"),
            keys.size("crop"),
            keys.choice("channels", Channels.class)),
        new Values(keys.numbers("scale"), keys.numbers("mean"), std, map.isPresent(), constant));
  }

  private static ColumnRange columns(DescriptorKeys keys, JsonNode value) {
    if (value.isArray() && !value.isEmpty()) {
      return new ColumnRange(keys.texts("columns"));
    }
    if (!value.isTextual() && !value.isIntegralNumber()) {
      throw keys.wrong("columns", "numbers from 0 such as 3 or \"1-4,7-\", or a list of names");
    }
    return ColumnRange.of(value.asText());
  }

  private LabelSpec labels(JsonNode node) {
    DescriptorKeys keys = DescriptorKeys.of(node, where + ": labels", "column", "file", "classes");
    Optional<JsonNode> classes = keys.node("classes");
    boolean inFile = classes.isPresent() && classes.get().isTextual();
    return new LabelSpec(
        keys.text("column"),
        keys.text("file"),
        inFile ? List.of() : keys.texts("classes"),
        inFile ? keys.text("classes") : Optional.empty());
  }

  private Split split(JsonNode node) {
    DescriptorKeys keys = DescriptorKeys.of(node, where + ": split", "offset", "count");
    return new Split(keys.whole("offset", 0).orElse(0L), keys.whole("count", 1));
  }
}
