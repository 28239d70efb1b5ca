package dev.compress.cli;

import java.util.Iterator;
import java.util.List;

/** The words that an option takes, for shell completion. What is wrong is said by the library. */
abstract class Choices implements Iterable<String> {
  private final List<String> words;

  private Choices(String... words) {
    this.words = List.of(words);
  }

  @Override
  public Iterator<String> iterator() {
    return words.iterator();
  }

  /** Of {@code --quantize}. */
  static final class Quantize extends Choices {
    Quantize() {
      super("int8", "fp16", "int4");
    }
  }

  /** Of {@code --quantize-mode}. */
  static final class Mode extends Choices {
    Mode() {
      super("auto", "static", "dynamic", "weights");
    }
  }

  /** Of {@code --target}. */
  static final class Target extends Choices {
    Target() {
      super("cpu-vnni", "cpu-avx2", "arm", "cuda", "tensorrt");
    }
  }

  /** Of {@code --rounding}. */
  static final class Rounding extends Choices {
    Rounding() {
      super("nearest", "adaptive");
    }
  }

  /** Of {@code --prune-kind}. */
  static final class PruneKind extends Choices {
    PruneKind() {
      super("unstructured", "2:4", "channels");
    }
  }

  /** Of {@code --prune-criterion}. */
  static final class PruneCriterion extends Choices {
    PruneCriterion() {
      super("magnitude", "activation", "bn", "taylor");
    }
  }

  /** Of {@code --prune-target}. */
  static final class PruneTarget extends Choices {
    PruneTarget() {
      super("channels", "params", "macs", "latency");
    }
  }

  /** Of {@code --prune-allocation}. */
  static final class PruneAllocation extends Choices {
    PruneAllocation() {
      super("global", "layer");
    }
  }

  /** Of {@code --prune-schedule}. */
  static final class PruneSchedule extends Choices {
    PruneSchedule() {
      super("once", "agp");
    }
  }

  /** Of {@code --pack}. */
  static final class Pack extends Choices {
    Pack() {
      super("auto", "always", "none");
    }
  }

  /** Of {@code --calibration-method}. */
  static final class Method extends Choices {
    Method() {
      super("auto", "minmax", "percentile", "kl", "mse");
    }
  }

  /** Of {@code --proof}. */
  static final class Proof extends Choices {
    Proof() {
      super("auto", "full", "kernels", "none");
    }
  }

  /** Of {@code completion}. */
  static final class Shell extends Choices {
    Shell() {
      super("bash", "zsh", "fish");
    }
  }

  /** Of {@code models build}. */
  static final class Architectures extends Choices {
    Architectures() {
      super(
          "lenet-300-100",
          "lenet-5",
          "resnet8",
          "resnet20",
          "resnet18",
          "mobilenetv2",
          "ds-cnn",
          "transformer",
          "lstm",
          "resnet50",
          "bert",
          "matmul-stack");
    }
  }

  /** Of {@code models get}. */
  static final class CatalogNames extends Choices {
    CatalogNames() {
      super(
          "mnist-cntk-opset8",
          "mnist-mlp-onnx-mlir",
          "mnist-self-attention",
          "mnist-external-data",
          "cifar10-cnn-winml",
          "cifar10-wide-marabou",
          "gesture-keypoint-mlp",
          "basic-pitch",
          "byte-bilstm-tract",
          "nnsplit-en-bilstm",
          "dtln-lstm",
          "silero-vad-if",
          "silero-vad-half",
          "superresolution-opset15",
          "squeezenet-fp16",
          "style-transfer-candy",
          "yolox-nano-coco",
          "yunet-dynamic",
          "ultraface-rfb-320",
          "st-mobilenetv2-035-flowers",
          "st-yamnet256-audio",
          "tinybert-structure",
          "banking77",
          "gesture-keypoint",
          "sms-spam",
          "mnist",
          "fashion-mnist");
    }
  }
}
