package dev.compress.pack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ChannelTablesTest {
  /** A filter of one weight, or of nine, has few values whatever they are: that is no table. */
  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void smallFiltersAreNoRuns(int side) {
    byte[] codes = new byte[1024 * 512 * side * side];
    new Random(1).nextBytes(codes);
    Tensor weight = Tensor.ofBytes(ElementType.INT8, Shape.of(1024, 512, side, side), codes);
    assertThat(ChannelTables.find(weight, List.of(new ChannelTables.Size(4, false)))).isEmpty();
    assertThat(ChannelTables.find(weight, List.of(new ChannelTables.Size(5, true)))).isEmpty();
  }
}
