package dev.compress.data;

import static dev.compress.data.DataFixtures.gzip;
import static dev.compress.data.DataFixtures.labels;
import static dev.compress.data.DataFixtures.values;
import static dev.compress.data.DataFixtures.write;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.compress.error.InvalidDataException;
import dev.compress.metric.Metric;
import dev.compress.tensor.ElementType;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CsvAndJsonTest {
  private final Path folder;

  CsvAndJsonTest(@TempDir Path folder) {
    this.folder = folder;
  }

  private Dataset csv(String text, String descriptor) {
    Path file = write(folder.resolve("d.csv"), text);
    return descriptor.isEmpty()
        ? Dataset.open(file)
        : Dataset.open(file, DataDescriptor.parse(descriptor));
  }

  @ParameterizedTest(name = "delimiter {0}")
  @CsvSource({"comma, ','", "semicolon, ';'", "tab, '\t'"})
  void delimiterAndHeaderAreFound(String name, String delimiter) {
    String text = "a,label,b\n1,x,2\n3,y,-4e1\n 5 , x ,.5\n".replace(",", delimiter);
    try (Dataset data = csv(text, "")) {
      assertThat(data.sampleCount()).isEqualTo(3);
      assertThat(values(data)).containsExactly(1, 2, 3, -40, 5, 0.5);
      assertThat(labels(data)).containsExactly(0, 1, 0);
      assertThat(data.classNames()).containsExactly("x", "y");
      assertThat(data.inputs().get(0).type()).isEqualTo(ElementType.FLOAT);
    }
  }

  @Test
  void quotesLineEndsBlankLinesAndByteOrderMark() {
    String text =
        "\ufeff\"a \"\"x\"\"\",\"label\"\r\n\r\n\"1\",\"two, or\r\nthree\"\r\n2,\"one\"\r\n\r\n3,one";
    try (Dataset data = csv(text, "")) {
      assertThat(values(data)).containsExactly(1, 2, 3);
      assertThat(data.classNames()).containsExactly("one", "two, or\r\nthree");
      assertThat(labels(data)).containsExactly(1, 0, 0);
    }
  }

  @Test
  void quotesWithinTextAreNoQuotes() {
    Path file = write(folder.resolve("sms.tsv"), "ham\t5\" pipe, \"ok\nspam\tsay \"x\"\nham\tno\n");
    CsvTable table =
        CsvTable.open(
            file, DataDescriptor.parse("csv: {header: false, delimiter: tab}").source().csv());
    assertThat(table.texts(0)).containsExactly("ham", "spam", "ham");
    assertThat(table.texts(1)).containsExactly("5\" pipe, \"ok", "say \"x\"", "no");
  }

  @Test
  void namesThatAreNumbersAreStillAHeader() {
    try (Dataset data = csv("label,0,1\n4,5,6\n7,8,9\n", "")) {
      assertThat(labels(data)).containsExactly(4, 7);
      assertThat(values(data)).containsExactly(5, 6, 8, 9);
    }
  }

  @Test
  void noHeaderMeansNumberedColumns() {
    try (Dataset data = csv("0,1.5,2\n1,2.5,3\n", "")) {
      assertThat(data.sampleCount()).isEqualTo(2);
      assertThat(data.inputs().get(0).dims()).containsExactly(3L);
      assertThat(data.labelKind()).isEqualTo(LabelKind.NONE);
      assertThat(data.notes()).anyMatch(n -> n.contains("labels: {column"));
    }
  }

  @Test
  void columnsBecomeSeveralInputs() {
    String text = "12,2,15,0,0\n3,2,0,0,0\n7,2,4,4,9\n";
    String descriptor =
        """
        csv: {header: false}
        inputs:
          input_ids: {dtype: int64, columns: "1-"}
          attention_mask: {dtype: int64, columns: "1-", map: nonzero}
          last: {columns: [4]}
        labels: {column: 0}
        """;
    try (Dataset data = csv(text, descriptor)) {
      Dataset bound =
          data.bind(
              List.of(
                  InputSpec.of("attention_mask", ElementType.INT64, -1, -1),
                  InputSpec.of("input_ids", ElementType.INT64, -1, -1)));
      assertThat(values(bound, "input_ids", 2))
          .containsExactly(2, 15, 0, 0, 2, 0, 0, 0, 2, 4, 4, 9);
      assertThat(values(bound, "attention_mask", 2))
          .containsExactly(1, 1, 0, 0, 1, 0, 0, 0, 1, 1, 1, 1);
      assertThat(labels(bound)).containsExactly(12, 3, 7);
      assertThat(bound.inputs()).hasSize(2).allMatch(i -> i.type().equals(ElementType.INT64));
    }
  }

  @Test
  void columnsByNameForModelsWithAnInputAColumn() {
    try (Dataset data = csv("age,label,hours\n30,0,40\n50,1,20\n", "")) {
      Dataset bound =
          data.bind(
              List.of(
                  InputSpec.of("hours", ElementType.FLOAT, -1, 1),
                  InputSpec.of("age", ElementType.INT64, -1, 1)));
      assertThat(values(bound, "hours", 5)).containsExactly(40, 20);
      assertThat(values(bound, "age", 5)).containsExactly(30, 50);
    }
  }

  @Test
  void rangesAndListsOfColumns() {
    CsvTable table =
        CsvTable.open(write(folder.resolve("r.csv"), "a,b,c,d,e\n1,2,3,4,5\n"), CsvOptions.DETECT);
    assertThat(ColumnRange.of("1-").resolve(table, "")).containsExactly(1, 2, 3, 4);
    assertThat(ColumnRange.of("0,2-3").resolve(table, "")).containsExactly(0, 2, 3);
    assertThat(ColumnRange.of("d").resolve(table, "")).containsExactly(3);
    assertThat(new ColumnRange(List.of("e", "0")).resolve(table, "")).containsExactly(4, 0);
    for (String wrong : List.of("5", "3-9", "4-2", "f")) {
      assertThatThrownBy(() -> ColumnRange.of(wrong).resolve(table, "x.yaml"))
          .isInstanceOf(InvalidDataException.class)
          .hasMessageContaining("x.yaml")
          .hasMessageContaining(wrong);
    }
  }

  @Test
  void labelsWithFractionsAreTargets() {
    try (Dataset data = csv("x,label\n1,0.5\n2,7\n", "")) {
      assertThat(data.labelKind()).isEqualTo(LabelKind.VALUE);
      assertThat(data.metric()).contains(Metric.MSE);
      assertThat(data.batches(2).iterator().next().targets()).containsExactly(0.5f, 7);
    }
    assertThatThrownBy(() -> csv("x,label\n1,0.5\n2,7\n", "metric: top1"))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("top1")
        .hasMessageContaining("fractions");
    try (Dataset whole = csv("x,label\n1,5\n2,7\n", "metric: mae")) {
      assertThat(whole.batches(2).iterator().next().targets()).containsExactly(5, 7);
    }
  }

  @Test
  void gzippedAndManyRows() {
    StringBuilder text = new StringBuilder("a,b,label\n");
    for (int i = 0; i < 30_000; i++) {
      text.append(i).append(',').append(-i).append(',').append(i % 3).append('\n');
    }
    Path file =
        write(folder.resolve("big.csv.gz"), gzip(text.toString().getBytes(StandardCharsets.UTF_8)));
    try (Dataset data = Dataset.open(file)) {
      assertThat(data.sampleCount()).isEqualTo(30_000);
      assertThat(values(data.slice(29_998, 2))).containsExactly(29_998, -29_998, 29_999, -29_999);
      assertThat(labels(data.slice(29_998, 2))).containsExactly(1, 2);
    }
  }

  @ParameterizedTest(name = "{1}")
  @CsvSource(
      delimiter = '|',
      value = {
        "a,label#1,0#2 | row 2 has 1 cells, the first row has 2",
        "a,label#1,0#nan,0 | row 2, column 'a' holds 'nan', not a finite number",
        "a,label#1,0#,0 | row 2, column 'a' holds nothing",
        "a,label#1,0#inf,0 | row 2, column 'a' holds 'inf'",
        "a,label#1,0#1e999,0 | row 2, column 'a' holds '1e999'",
        "a,label#1,0#Private,0 | row 2, column 'a' holds 'Private'",
        "a,label | a header and no rows",
        "a,a#1,2 | two columns of one name",
        "a,label#1,-1 | label -1 of sample 0 is out of range",
        "a,label#1,\"x | a quote is not closed",
      })
  void malformedRowsAreOneClearError(String text, String message) {
    assertThatThrownBy(
            () -> {
              try (Dataset data = csv(text.replace("#", "\n"), "")) {
                values(data);
              }
            })
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("d.csv")
        .hasMessageContaining(message);
  }

  @Test
  void labelsOutsideTheNamedClasses() {
    assertThatThrownBy(() -> csv("x,label\n1,a\n2,c\n", "labels: {classes: [a, b]}"))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("'c'")
        .hasMessageContaining("[a, b]");
    assertThatThrownBy(() -> csv("x,label\n1,0\n2,2\n", "labels: {classes: [a, b]}"))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("label 2 of sample 1")
        .hasMessageContaining("2 classes");
    assertThatThrownBy(() -> csv("x,y\n1,0\n", "labels: {column: z}"))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("no column 'z'")
        .hasMessageContaining("[x, y]");
  }

  private Dataset jsonl(String text) {
    return Dataset.open(write(folder.resolve("d.jsonl"), text));
  }

  @Test
  void jsonLinesWithSeveralInputs() {
    String text =
        """
        {"ids": [1, 2, 3], "img": [[1, 2], [3, 4]], "flag": true, "label": 1, "text": "hello"}

        {"label": 0, "flag": false, "img": [[5, 6], [7, 8.5]], "ids": [4, 5, 6]}
        """;
    try (Dataset data = jsonl(text)) {
      assertThat(values(data, "ids", 2)).containsExactly(1, 2, 3, 4, 5, 6);
      assertThat(values(data, "img", 2)).containsExactly(1, 2, 3, 4, 5, 6, 7, 8.5);
      assertThat(values(data, "flag", 2)).containsExactly(1, 0);
      assertThat(labels(data)).containsExactly(1, 0);
      Dataset bound = data.bind(List.of(InputSpec.of("ids", ElementType.INT32, -1, -1)));
      assertThat(bound.inputs().get(0))
          .isEqualTo(new DataInput("ids", ElementType.INT32, List.of(3L), false));
    }
  }

  @Test
  void raggedTokensAreFilledToTheShapeOfTheDescriptor() {
    Path file =
        write(
            folder.resolve("t.jsonl"),
            "{\"ids\": [1, 2, 3], \"label\": \"b\"}\n{\"ids\": [4], \"label\": \"a\"}\n");
    DataDescriptor descriptor = DataDescriptor.parse("inputs: {ids: {dtype: int64, shape: [2]}}");
    try (Dataset data = Dataset.open(file, descriptor)) {
      assertThat(values(data)).containsExactly(1, 2, 4, 0);
      assertThat(labels(data)).containsExactly(1, 0);
    }
    // Without a shape every length makes a batch of its own.
    try (Dataset data = Dataset.open(file)) {
      assertThat(data.inputs().get(0).dims()).containsExactly(-1L);
      assertThat(values(data, "ids", 8)).containsExactly(1, 2, 3, 4);
      assertThat(data.batches(8).iterator().next().count()).isEqualTo(1);
    }
  }

  @ParameterizedTest(name = "{1}")
  @CsvSource(
      delimiter = '|',
      value = {
        "[1, 2] | line 1 is no JSON object",
        "{'x': [1]} {'x': [2]} | line 1 goes on after its object",
        "{'x': [1]}#{'x': [1 | line 2 is no JSON",
        "{'x': [1]}#{'y': [1]} | line 2 has the keys [y], the first line [x]",
        "{'x': [[1], 2]} | ragged",
        "{'x': [[1, 2], [3]]} | ragged",
        "{'x': []} | empty, ragged",
        "{'x': [null]} | line 1 holds null in 'x'",
        "{'x': ['a']} | line 1 holds a in 'x'",
        "{'x': {'y': 1}} | in 'x', not a finite number",
        "{'x': [1e999]} | not a finite number",
        "{'x': [9007199254740993]} | holds 9007199254740993",
        "{'x': [1], 'label': 1}#{'x': [1]} | 1 of 2 lines have a 'label'",
        "{'label': 1} | no array of numbers",
        "{'x': [1]}#{'x': [[1]]} | 1 dims in one line and 2 in another",
      })
  void malformedLinesAreOneClearError(String text, String message) {
    assertThatThrownBy(() -> jsonl(text.replace("'", "\"").replace("#", "\n")))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("d.jsonl")
        .hasMessageContaining(message);
  }
}
