package dev.compress.gradient;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.compress.error.DeviceUnavailableException;
import dev.compress.quantize.Target;
import dev.compress.recipe.Passes;
import dev.compress.recipe.Recipe;
import dev.compress.recipe.RecipeBuilder;
import dev.compress.recipe.RecipeFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is said where gradients are wanted and cannot be had: the core alone has no engine. */
class GradientEngineTest {
  @TempDir Path folder;

  @Test
  void samplesAreAskedForBeforeAnEngine() {
    assertThatThrownBy(() -> GradientEngine.ready(Optional.empty()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("--prune-criterion taylor")
        .hasMessageContaining("--calibration-data");
    assertThatThrownBy(() -> GradientEngine.ready(Optional.of("samples")))
        .isInstanceOf(DeviceUnavailableException.class)
        .hasMessageContaining("compress-models");
  }

  @ParameterizedTest
  @ValueSource(strings = {"unstructured", "2:4", "channels"})
  void everyKindTakesTheCriterionAndTheRecipeKeepsIt(String kind) throws IOException {
    Path file = folder.resolve("r.yaml");
    Recipe recipe = new RecipeBuilder().prune(0.5).pruneKind(kind).pruneCriterion("taylor").build();
    Files.writeString(file, RecipeFile.print(recipe, file));
    Recipe read = RecipeFile.read(file);
    assertThat(read).isEqualTo(recipe);
    assertThat(Passes.of(read, Target.CPU_VNNI).takesGradients()).isTrue();
    Recipe other = recipe.toBuilder().pruneCriterion("magnitude").build();
    assertThat(Passes.of(other, Target.CPU_VNNI).takesGradients()).isFalse();
  }

  @Test
  void whatIsPrunedLittleByLittleTakesNone() {
    Recipe recipe =
        new RecipeBuilder()
            .prune(0.5)
            .pruneCriterion("taylor")
            .pruneSchedule("agp")
            .fineTune(1)
            .build();
    assertThatThrownBy(() -> Passes.of(recipe, Target.CPU_VNNI))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("agp")
        .hasMessageContaining("taylor");
  }
}
