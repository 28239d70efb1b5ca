package dev.compress.recipe;

import static org.assertj.core.api.Assertions.assertThat;

import dev.compress.pass.CompressionPass;
import dev.compress.quantize.Target;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PassesTest {
  @TempDir Path folder;

  private List<String> quantizing(String... lines) throws IOException {
    Path file = Files.write(folder.resolve("r.yaml"), List.of(lines));
    return Passes.of(RecipeFile.read(file), Target.CPU_VNNI).quantizing().stream()
        .map(CompressionPass::name)
        .toList();
  }

  @Test
  void excludedOperatorsBecomeNoOthers() throws IOException {
    assertThat(quantizing("quantize: int8")).contains("fuse-matmul-add", "point-convs-as-gemm");
    assertThat(quantizing("quantize: int8", "exclude-ops: MatMul,Conv"))
        .doesNotContain("fuse-matmul-add", "point-convs-as-gemm")
        .endsWith("quantize-int8");
  }

  @Test
  void recipesKeepWhatDescribesTheirData() throws IOException {
    Path file =
        Files.write(folder.resolve("r.yaml"), List.of("data: d.bin", "data-config: d.yaml"));
    Recipe recipe = RecipeFile.read(file);
    assertThat(recipe.dataConfig()).isEqualTo("d.yaml");
    assertThat(RecipeFile.print(recipe, file)).contains("data-config: d.yaml");
  }
}
