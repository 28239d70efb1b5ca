package dev.compress.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class VariantNamesTest {
  @Test
  void filesAreCalledByTheirNames() {
    assertThat(VariantNames.of(List.of("sample:glyphs", "/far/away/glyphs.int8.onnx", "x.bin")))
        .containsExactly("sample:glyphs", "glyphs.int8", "x.bin");
  }

  @Test
  void asManyFoldersAsItTakesTellThemApart() {
    assertThat(VariantNames.of(List.of("/m/kws/model.onnx", "/m/kws-int8/model.onnx")))
        .containsExactly("kws/model", "kws-int8/model");
    assertThat(VariantNames.of(List.of("a/x/m.onnx", "b/x/m.onnx", "m.onnx")))
        .containsExactly("a/x/m", "b/x/m", "m");
  }

  @Test
  void whatDiffersInItsSuffixOnlyIsCalledAsItIsGiven() {
    assertThat(VariantNames.of(List.of("a/m", "a/m.onnx"))).containsExactly("a/m", "a/m.onnx");
  }
}
