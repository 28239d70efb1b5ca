package dev.compress.models.architecture;

import dev.compress.graph.OnnxModel;
import java.util.Arrays;
import java.util.Optional;

/** The architectures that can be built by name, in their full size, with random weights by seed. */
public enum Architecture {
  /** {@link Resnet50#standard()}. */
  RESNET50("resnet50", "ResNet-50, 25.6 million parameters, 102 MB"),
  /** {@link BertEncoder#base()}. */
  BERT("bert", "BERT-base encoder, 108.9 million parameters, 436 MB"),
  /** {@link MatMulStack#ofBytes} of 8 GiB. */
  MATMUL_STACK("matmul-stack", "64 MatMuls of 128 MiB each with external data, 8 GiB");

  private final String id;
  private final String description;

  Architecture(String id, String description) {
    this.id = id;
    this.description = description;
  }

  /** The name that users give. */
  public String id() {
    return id;
  }

  /** One line for people. */
  public String description() {
    return description;
  }

  /** The architecture of a name, or empty. */
  public static Optional<Architecture> of(String id) {
    return Arrays.stream(values()).filter(one -> one.id.equals(id)).findFirst();
  }

  /**
   * Builds the model; weights are generated when they are read, so this takes little time and
   * memory whatever the size.
   */
  public OnnxModel build(long seed) {
    return switch (this) {
      case RESNET50 -> Resnet50.standard().build(seed);
      case BERT -> BertEncoder.base().build(seed);
      case MATMUL_STACK -> MatMulStack.ofBytes(8L << 30).build(seed);
    };
  }
}
