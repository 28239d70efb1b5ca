package dev.compress.data;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import dev.compress.error.InvalidDataException;
import dev.compress.tensor.ByteSource;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * JSON lines as samples: every line an object with a number or (nested) array of numbers for each
 * input, and perhaps a label. All lines are checked when the file is opened, and parsed again when
 * they are read; eight bytes a line are kept.
 */
final class JsonLinesSource implements SampleSource {
  private static final int LONGEST_LINE = 1 << 26;
  private static final long EXACT = 1L << 53;

  private final Path file;
  private final ByteSource content;
  private final String labelKey;
  private final JsonFactory json = new JsonFactory();
  private final long[] starts;
  private final List<SourceField> fields;
  private final Optional<Labels> labels;

  JsonLinesSource(Path file, LabelSpec spec) {
    this.file = file;
    this.content = DataFiles.open(file);
    this.starts = scan();
    if (starts.length < 2) {
      throw new InvalidDataException(file + " holds no samples.");
    }
    Lines lines = new Lines();
    String wanted = spec.column().orElse(null);
    Line first = lines.line(0);
    this.labelKey = wanted != null ? wanted : first.label("labels") ? "labels" : "label";
    List<String> texts = new ArrayList<>();
    Map<String, long[]> dims = new LinkedHashMap<>();
    for (int i = 0; i < starts.length - 1; i++) {
      Line line = lines.line(i);
      line.arrays.forEach((name, array) -> dims.merge(name, array.dims(), this::merged));
      if (spec.file().isEmpty() && (line.label(labelKey) || wanted != null)) {
        texts.add(line.labelText(labelKey, i));
      }
      if (i > 0 && !line.names(labelKey).equals(first.names(labelKey))) {
        throw broken(
            i,
            "has the keys "
                + line.names(labelKey)
                + ", the first line "
                + Labels.shortList(first.names(labelKey)));
      }
    }
    dims.remove(labelKey);
    if (dims.isEmpty()) {
      throw broken(0, "holds no array of numbers for an input");
    }
    if (!texts.isEmpty() && texts.size() < count()) {
      throw new InvalidDataException(
          file
              + ": "
              + texts.size()
              + " of "
              + count()
              + " lines have a '"
              + labelKey
              + "'. Give every line one, or none.");
    }
    this.labels =
        texts.isEmpty()
            ? Optional.empty()
            : Optional.of(Labels.ofTexts(texts, spec.classes(), file.toString()));
    List<SourceField> found = new ArrayList<>();
    dims.forEach(
        (name, d) ->
            found.add(
                new SourceField(
                    name,
                    SourceField.Kind.TEXT,
                    ElementType.DOUBLE,
                    Arrays.stream(d).boxed().toList())));
    this.fields = List.copyOf(found);
  }

  private long[] merged(long[] a, long[] b) {
    if (a.length != b.length) {
      throw new InvalidDataException(
          file
              + ": an array has "
              + a.length
              + " dims in one line and "
              + b.length
              + " in another. They must be equal.");
    }
    long[] dims = a.clone();
    for (int i = 0; i < dims.length; i++) {
      dims[i] = a[i] == b[i] ? a[i] : -1;
    }
    return dims;
  }

  private long[] scan() {
    long size = content.size();
    WindowReader reader = new WindowReader(content);
    long[] found = new long[1024];
    int count = 0;
    long start = 0;
    boolean blank = true;
    for (long from = 0; from < size; from += 1 << 16) {
      int length = (int) Math.min(1 << 16, size - from);
      ByteBuffer bytes = reader.view(from, length);
      for (int i = 0; i < length; i++) {
        byte b = bytes.get(i);
        if (b == '\n') {
          if (!blank) {
            found = put(found, count++, start);
          }
          start = from + i + 1;
          blank = true;
        } else if (b != ' ' && b != '\r' && b != '\t') {
          blank = false;
        }
        if (from + i - start > LONGEST_LINE) {
          throw new InvalidDataException(
              file
                  + " has a line of more than "
                  + LONGEST_LINE
                  + " bytes. JSON lines hold one sample a line.");
        }
      }
    }
    if (!blank) {
      found = put(found, count++, start);
    }
    found = put(found, count, size);
    return Arrays.copyOf(found, count + 1);
  }

  private static long[] put(long[] values, int count, long value) {
    long[] target = count < values.length ? values : Arrays.copyOf(values, count * 2);
    target[count] = value;
    return target;
  }

  private InvalidDataException broken(long index, String why) {
    return new InvalidDataException(
        file
            + ": line "
            + (index + 1)
            + " "
            + why
            + ". Every line must be an object such as {\"x\": [1, 2], \"label\": 0}.");
  }

  @Override
  public long count() {
    return starts.length - 1L;
  }

  @Override
  public List<SourceField> fields() {
    return fields;
  }

  @Override
  public Optional<Labels> labels() {
    return labels;
  }

  @Override
  public List<String> notes() {
    return List.of();
  }

  @Override
  public List<Path> files() {
    return List.of(file);
  }

  @Override
  public Cursor cursor() {
    Lines lines = new Lines();
    return (field, index) -> {
      Line line = lines.line((int) index);
      Array array = line.arrays.get(field.name());
      if (array == null) {
        throw broken(index, "has no '" + field.name() + "'");
      }
      ByteBuffer bytes =
          ByteBuffer.allocate(array.values().length * Double.BYTES).order(ByteOrder.LITTLE_ENDIAN);
      bytes.asDoubleBuffer().put(array.values());
      return new RawValue(field.type(), Shape.of(array.dims()), bytes);
    };
  }

  @Override
  public void close() {
    DataFiles.close(content);
  }

  /** An array of one line. */
  @SuppressWarnings("ArrayRecordComponent") // never compared, never leaves this class
  private record Array(long[] dims, double[] values) {}

  /** A parsed line: its numbers and arrays by key, and what is text. */
  private final class Line {
    private final Map<String, Array> arrays = new LinkedHashMap<>();
    private final Map<String, String> texts = new HashMap<>();

    boolean label(String key) {
      return texts.containsKey(key) || arrays.containsKey(key);
    }

    String labelText(String key, long index) {
      String text = texts.get(key);
      Array array = arrays.get(key);
      if (text == null && array != null && array.dims().length == 0) {
        text = Double.toString(array.values()[0]);
      }
      if (text == null) {
        throw broken(index, "has no '" + key + "' that is a number or a name");
      }
      return text;
    }

    List<String> names(String labelKey) {
      return arrays.keySet().stream().filter(n -> !n.equals(labelKey)).sorted().toList();
    }
  }

  /** Parses lines; remembers the last one. Not thread-safe. */
  private final class Lines {
    private final WindowReader reader = new WindowReader(content);
    private int current = -1;
    private Line last = new Line();

    Line line(int index) {
      if (index != current) {
        int length = (int) (starts[index + 1] - starts[index]);
        byte[] bytes = new byte[length];
        reader.view(starts[index], length).get(bytes);
        try (JsonParser parser = json.createParser(bytes)) {
          last = parse(parser, index);
          current = index;
        } catch (IOException e) {
          String said =
              e instanceof JsonProcessingException known
                  ? known.getOriginalMessage()
                  : e.getMessage();
          String why = String.valueOf(said).lines().findFirst().orElse("");
          throw broken(index, "is no JSON (" + why + ")");
        }
      }
      return last;
    }

    private Line parse(JsonParser parser, int index) throws IOException {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw broken(index, "is no JSON object");
      }
      Line line = new Line();
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String name = parser.currentName();
        JsonToken value = parser.nextToken();
        if (value == JsonToken.VALUE_STRING) {
          line.texts.put(name, parser.getText());
        } else {
          Values values = new Values(name, index);
          values.read(parser, value, 0);
          line.arrays.put(
              name, new Array(values.dims(), Arrays.copyOf(values.numbers, values.count)));
        }
      }
      if (parser.nextToken() != null) {
        throw broken(index, "goes on after its object");
      }
      return line;
    }
  }

  /** Collects the numbers of a nested array and checks that it is no ragged one. */
  private final class Values {
    private static final int DEEPEST = 8;

    private final String name;
    private final int line;
    private final long[] dims = new long[DEEPEST];
    private double[] numbers = new double[16];
    private int count;
    private int rank = -1;

    Values(String name, int line) {
      this.name = name;
      this.line = line;
      Arrays.fill(dims, -1);
    }

    long[] dims() {
      return Arrays.copyOf(dims, rank);
    }

    void read(JsonParser parser, JsonToken token, int depth) throws IOException {
      if (token != JsonToken.START_ARRAY) {
        if (rank >= 0 && rank != depth) {
          throw ragged();
        }
        rank = depth;
        add(number(parser, token));
        return;
      }
      if (depth == DEEPEST || rank == depth) {
        throw ragged();
      }
      long length = 0;
      for (JsonToken next = parser.nextToken();
          next != JsonToken.END_ARRAY;
          next = parser.nextToken()) {
        if (next == null) {
          throw broken(line, "ends within '" + Labels.shown(name) + "'");
        }
        read(parser, next, depth + 1);
        length++;
      }
      if (length == 0 || (dims[depth] >= 0 && dims[depth] != length)) {
        throw ragged();
      }
      dims[depth] = length;
    }

    private double number(JsonParser parser, JsonToken token) throws IOException {
      if (token == JsonToken.VALUE_TRUE || token == JsonToken.VALUE_FALSE) {
        return token == JsonToken.VALUE_TRUE ? 1 : 0;
      }
      double value = token.isNumeric() ? parser.getDoubleValue() : Double.NaN;
      boolean rounded =
          token == JsonToken.VALUE_NUMBER_INT
              && (parser.getNumberType() == JsonParser.NumberType.BIG_INTEGER
                  || Math.abs(parser.getLongValue()) > EXACT);
      if (!Double.isFinite(value) || rounded) {
        throw broken(
            line,
            "holds "
                + Labels.shown(parser.getText())
                + " in '"
                + Labels.shown(name)
                + "', not a finite number");
      }
      return value;
    }

    private void add(double value) {
      if (count == numbers.length) {
        numbers = Arrays.copyOf(numbers, count * 2);
      }
      numbers[count++] = value;
    }

    private InvalidDataException ragged() {
      return broken(
          line, "holds in '" + Labels.shown(name) + "' an array that is empty, ragged or too deep");
    }
  }
}
