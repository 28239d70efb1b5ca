package dev.compress.models.autograd;

import static org.assertj.core.api.Assertions.assertThat;

import dev.compress.models.autograd.op.OperatorRegistry;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class OperatorRegistryTest {
  /** An operator that is not compared with ONNX Runtime does not get in. */
  @Test
  void everyOperatorIsCompared() {
    Set<String> compared =
        Stream.of(
                BasicOperatorsTest.arithmetic(),
                BasicOperatorsTest.activations(),
                BasicOperatorsTest.matrices(),
                BasicOperatorsTest.normalizations(),
                BasicOperatorsTest.shapes(),
                ConvolutionOperatorsTest.convolution(),
                ConvolutionOperatorsTest.transposed(),
                PoolingOperatorsTest.pools(),
                SelectionOperatorsTest.slices(),
                SelectionOperatorsTest.gathers(),
                SelectionOperatorsTest.pads(),
                SelectionOperatorsTest.reductions(),
                SelectionOperatorsTest.resizes(),
                SelectionOperatorsTest.constants(),
                RecurrentOperatorsTest.layers(),
                QuantizationOperatorsTest.codes())
            .flatMap(cases -> cases)
            .map(OpCase::opType)
            .collect(Collectors.toCollection(TreeSet::new));
    assertThat(compared).isEqualTo(new TreeSet<>(OperatorRegistry.standard().opTypes()));
  }
}
