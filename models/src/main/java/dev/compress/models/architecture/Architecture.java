package dev.compress.models.architecture;

import dev.compress.graph.OnnxModel;
import dev.compress.models.architecture.BuildSettings.Setting;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** The architectures that can be built by name, with random weights by seed. */
public enum Architecture {
  /** {@link LeNet}, fully connected. */
  LENET_300_100(
      "lenet-300-100",
      "LeNet-300-100 for 28 x 28 digits, 266,610 parameters",
      Setting.CLASSES,
      Setting.IMAGE),
  /** {@link LeNet}, convolutional. */
  LENET_5(
      "lenet-5", "LeNet-5 for 28 x 28 digits, 431,080 parameters", Setting.CLASSES, Setting.IMAGE),
  /** {@link BasicResNet} of three blocks. */
  RESNET8(
      "resnet8",
      "ResNet-8 for 32 x 32 images, 78 thousand parameters",
      Setting.CLASSES,
      Setting.WIDTH,
      Setting.IMAGE),
  /** {@link BasicResNet} of nine blocks. */
  RESNET20(
      "resnet20",
      "ResNet-20 for 32 x 32 images, 272,474 parameters",
      Setting.CLASSES,
      Setting.WIDTH,
      Setting.IMAGE),
  /** {@link BasicResNet} for large images. */
  RESNET18(
      "resnet18",
      "ResNet-18, 11.7 million parameters, 47 MB",
      Setting.CLASSES,
      Setting.WIDTH,
      Setting.IMAGE),
  /** {@link MobileNetV2}. */
  MOBILENETV2(
      "mobilenetv2",
      "MobileNetV2, 3.5 million parameters, 14 MB",
      Setting.CLASSES,
      Setting.WIDTH,
      Setting.IMAGE),
  /** {@link DsCnn}. */
  DS_CNN(
      "ds-cnn",
      "DS-CNN that spots keywords in 49 x 10 features, 23 thousand parameters",
      Setting.CLASSES,
      Setting.WIDTH),
  /** {@link BertEncoder#classifier}. */
  TRANSFORMER(
      "transformer",
      "small transformer encoder that classifies sentences",
      Setting.CLASSES,
      Setting.VOCABULARY),
  /** {@link LstmClassifier}. */
  LSTM("lstm", "LSTM that classifies sentences", Setting.CLASSES, Setting.VOCABULARY),
  /** {@link Resnet50#standard()}. */
  RESNET50("resnet50", "ResNet-50, 25.6 million parameters, 102 MB"),
  /** {@link BertEncoder#base()}. */
  BERT("bert", "BERT-base encoder, 108.9 million parameters, 436 MB"),
  /** {@link MatMulStack#ofBytes} of 8 GiB. */
  MATMUL_STACK("matmul-stack", "64 MatMuls of 128 MiB each with external data, 8 GiB");

  private static final int DIGITS = 10;
  private static final int IMAGENET = 1000;
  private static final int KEYWORDS = 12;
  private static final int TOKENS = 2000;
  private static final ImageSize DIGIT = new ImageSize(1, 28, 28);
  private static final ImageSize THUMBNAIL = new ImageSize(3, 32, 32);
  private static final ImageSize PHOTO = new ImageSize(3, 224, 224);

  private final String id;
  private final String description;

  @SuppressWarnings("ImmutableEnumChecker") // filled by the constructor alone, handed to nobody
  private final Set<Setting> settings;

  Architecture(String id, String description, Setting... settings) {
    this.id = id;
    this.description = description;
    this.settings = EnumSet.noneOf(Setting.class);
    this.settings.addAll(List.of(settings));
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

  /** Builds the standard form. */
  public OnnxModel build(long seed) {
    return build(seed, BuildSettings.STANDARD);
  }

  /**
   * Builds the model; weights are generated when they are read, so this takes little time and
   * memory whatever the size.
   *
   * @throws IllegalArgumentException if the architecture does not know a setting, or the sizes make
   *     no network
   */
  public OnnxModel build(long seed, BuildSettings s) {
    Set<Setting> unknown = s.present();
    unknown.removeAll(settings);
    if (!unknown.isEmpty()) {
      throw new IllegalArgumentException(
          id
              + " has no setting "
              + names(unknown)
              + (settings.isEmpty() ? "; it has none" : "; it has " + names(settings)));
    }
    int ten = s.classes().orElse(DIGITS);
    return switch (this) {
      case LENET_300_100 -> new LeNet(false, s.image().orElse(DIGIT), ten).build(seed);
      case LENET_5 -> new LeNet(true, s.image().orElse(DIGIT), ten).build(seed);
      case RESNET8 -> small(List.of(1, 1, 1), s).build(seed);
      case RESNET20 -> small(List.of(3, 3, 3), s).build(seed);
      case RESNET18 ->
          new BasicResNet(
                  List.of(2, 2, 2, 2),
                  s.channels(64),
                  true,
                  s.image().orElse(PHOTO),
                  s.classes().orElse(IMAGENET))
              .build(seed);
      case MOBILENETV2 ->
          new MobileNetV2(
                  s.width().orElse(1), s.image().orElse(PHOTO), s.classes().orElse(IMAGENET))
              .build(seed);
      case DS_CNN -> new DsCnn(s.channels(64), 4, s.classes().orElse(KEYWORDS)).build(seed);
      case TRANSFORMER ->
          BertEncoder.classifier(s.vocabulary().orElse(TOKENS), s.classes().orElse(2)).build(seed);
      case LSTM ->
          new LstmClassifier(s.vocabulary().orElse(TOKENS), 64, 64, s.classes().orElse(2))
              .build(seed);
      case RESNET50 -> Resnet50.standard().build(seed);
      case BERT -> BertEncoder.base().build(seed);
      case MATMUL_STACK -> MatMulStack.ofBytes(8L << 30).build(seed);
    };
  }

  private static BasicResNet small(List<Integer> blocks, BuildSettings s) {
    return new BasicResNet(
        blocks, s.channels(16), false, s.image().orElse(THUMBNAIL), s.classes().orElse(DIGITS));
  }

  private static String names(Set<Setting> settings) {
    return settings.stream().map(Setting::id).collect(Collectors.joining(", "));
  }
}
