package dev.compress.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.compress.error.InvalidDataException;
import dev.compress.metric.Metric;
import dev.compress.tensor.ElementType;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DescriptorTest {
  @Test
  void everyKeyOfTheContractIsRead() {
    DataDescriptor d =
        DataDescriptor.parse(
            """
            format: raw
            inputs:
              x: {dtype: float32, shape: [1, 28, 28], layout: NCHW, scale: 0.00392156862,
                  mean: [0.286], std: [0.353], resize: 256, crop: 224, channels: RGB}
            record: {label: uint8, x: {dtype: uint8, shape: [3, 32, 32]}}
            labels: {column: label, file: labels.csv, classes: [a, b]}
            metric: top5
            split: {offset: 10, count: 1000}
            """);
    assertThat(d.source().format()).contains(DataFormat.RAW);
    assertThat(d.source().record())
        .containsExactly(
            new SourceSpec.RecordField("label", ElementType.UINT8, List.of()),
            new SourceSpec.RecordField("x", ElementType.UINT8, List.of(3L, 32L, 32L)));
    InputDescriptor x = Objects.requireNonNull(d.inputs().get("x"));
    assertThat(x.dtype()).contains(ElementType.FLOAT);
    assertThat(x.shape()).contains(List.of(1L, 28L, 28L));
    assertThat(x.image().layout()).contains(InputDescriptor.Layout.NCHW);
    assertThat(x.image().resize()).containsExactly(256);
    assertThat(x.image().crop()).containsExactly(224);
    assertThat(x.image().channels()).contains(InputDescriptor.Channels.RGB);
    assertThat(x.values().scale()).containsExactly(0.00392156862);
    assertThat(x.values().mean()).containsExactly(0.286);
    assertThat(x.values().std()).containsExactly(0.353);
    assertThat(d.labels().column()).contains("label");
    assertThat(d.labels().file()).contains("labels.csv");
    assertThat(d.labels().classes()).containsExactly("a", "b");
    assertThat(d.metric()).contains(Metric.TOP5);
    assertThat(d.split()).contains(new DataDescriptor.Split(10, Optional.of(1000L)));
  }

  @Test
  void quotientsAndWordsThatYamlLikesToTurnIntoBooleans() {
    DataDescriptor d =
        DataDescriptor.parse("inputs: {x: {scale: 1/255}}\nlabels: {classes: [yes, no, on, off]}");
    assertThat(Objects.requireNonNull(d.inputs().get("x")).values().scale().get(0))
        .isCloseTo(1 / 255.0, within(1e-18));
    assertThat(d.labels().classes()).containsExactly("yes", "no", "on", "off");
  }

  @Test
  void jsonIsADescriptorToo() {
    assertThat(DataDescriptor.parse("{\"metric\": \"mse\"}").metric()).contains(Metric.MSE);
  }

  @ParameterizedTest(name = "[{index}] {1}")
  @CsvSource(
      delimiter = '|',
      value = {
        "fromat: idx | unknown key 'fromat'. Known: csv, file, format, inputs, labels, metric",
        "inputs: {x: {shap: [1]}} | inputs: x: unknown key 'shap'. Known: channels, columns, crop",
        "labels: {col: 1} | labels: unknown key 'col'. Known: classes, column, file",
        "split: {from: 1} | unknown key 'from'. Known: count, offset",
        "record: {x: {dtype: uint8, dims: [1]}} | unknown key 'dims'. Known: dtype, shape",
        "csv: {sep: x} | unknown key 'sep'. Known: delimiter, header",
        "format: parquet | unknown format 'parquet'. Known: idx, npz, npy",
        "metric: bleu | Unknown metric 'bleu'",
        "inputs: {x: {dtype: complex64}} | unknown dtype 'complex64'. Known: bool, float16",
        "inputs: {x: {shape: [1, -2]}} | 'shape' should be a list of dims",
        "inputs: {x: {shape: [1, batch]}} | 'shape' should be a list of dims",
        "inputs: {x: {shape: 28}} | 'shape' should be a list of dims",
        "inputs: {x: {layout: NCWH}} | 'layout' should be one of NCHW, NHWC",
        "inputs: {x: {channels: CMYK}} | 'channels' should be one of RGB, BGR, GRAY",
        "inputs: {x: {scale: fast}} | 'scale' should be a number",
        "inputs: {x: {scale: .nan}} | no readable YAML",
        "inputs: {x: {scale: [1, two]}} | 'scale' should be a number",
        "inputs: {x: {scale: 1/0}} | 'scale' should be finite",
        "inputs: {x: {std: [0.2, 0]}} | 'std' should be numbers other than 0",
        "inputs: {x: {resize: [1, 2, 3]}} | 'resize' should be a side",
        "inputs: {x: {shape: [2147483647, 2147483647]}} | 'shape' should be dims of at most",
        "inputs: {x: {resize: 100000}} | 'resize' should be a side of at most 8192",
        "inputs: {x: {map: relu}} | 'map' should be nonzero",
        "inputs: {x: {columns: {a: 1}}} | 'columns' should be numbers",
        "inputs: [x] | inputs should map the model's input names",
        "split: {count: 0} | 'count' should be a whole number of at least 1",
        "split: {offset: -1} | 'offset' should be a whole number of at least 0",
        "labels: [a] | labels should be a mapping",
        "record: {} | record should list the fields",
        "metric: top1 #\\nmetric: top5 | no readable YAML",
        "{ | no readable YAML",
        "'' | is empty",
        "idx | should be a mapping",
      })
  void mistakesAreOneClearErrorThatNamesWhere(String yaml, String message) {
    assertThatThrownBy(() -> DataDescriptor.parse(yaml.replace("#\\n", "\n")))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining(message)
        .satisfies(e -> assertThat(String.valueOf(e.getMessage()).lines()).hasSize(1));
  }
}
