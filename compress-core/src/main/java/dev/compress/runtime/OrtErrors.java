package dev.compress.runtime;

import ai.onnxruntime.OrtException;
import dev.compress.error.CompressionException;
import dev.compress.error.DeviceUnavailableException;
import dev.compress.error.InvalidDataException;
import dev.compress.error.InvalidModelException;
import dev.compress.error.UnsupportedModelException;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Turns the runtime's exceptions into ours, each in one line without its source file names. */
final class OrtErrors {
  private static final Pattern CODE_PREFIX =
      Pattern.compile("^Error code - \\w+ - message: (?:Exception during \\w+: )?");

  /** "/onnxruntime_src/onnxruntime/core/graph/model.cc:187 onnxruntime::Model::Model(...) ". */
  private static final Pattern SOURCE =
      Pattern.compile(
          "\\S*\\.(?:cc|h|cpp):\\d+ (?:(?:(?:virtual |static )?[\\w:<>*& ]+ )?"
              + "onnxruntime::[^)]*\\)(?: const)?(?: \\[[^]]*\\])? ?|[\\w:~]+ (?=[A-Z]))?");

  /** The caller names the model anyway. */
  private static final Pattern LOADING =
      Pattern.compile("Load model from \\S* (?:failed: ?(?:This is an invalid model\\. )?)?");

  private static final List<Pattern> UNKNOWN_OP =
      List.of(
          Pattern.compile("No Op registered for (\\S+) with domain_version"),
          Pattern.compile("(\\S+?)\\(-?\\d+\\) is not a registered function/op"),
          Pattern.compile("No opset import for domain '([^']*)'"),
          Pattern.compile("Could not find an implementation for ([^\\s(]+)"));

  private static final List<String> UNSUPPORTED =
      List.of(
          "Unsupported model IR version",
          "is under development and support for this is limited",
          "only *guarantees* support",
          "NOT_IMPLEMENTED",
          "not implemented",
          "unsupported data type");

  /** "CUDA failure 2: out of memory ; GPU=0 ; hostname=..." and the like, amid C++ of all kinds. */
  private static final Pattern GPU_FAILURE =
      Pattern.compile("\\b((?:CUDA|CUDNN|CUBLAS|CURAND|CUFFT)\\w* failure \\d+: [^;]+?) *;");

  private OrtErrors() {}

  /** What a GPU's library says of its failure, if that is what a message is about. */
  static Optional<String> gpuFailure(String message) {
    Matcher matcher = GPU_FAILURE.matcher(message);
    return matcher.find() ? Optional.of(matcher.group(1)) : Optional.empty();
  }

  private static DeviceUnavailableException gpu(String model, String failure, OrtException e) {
    return new DeviceUnavailableException(
        "The GPU cannot run " + model + ": " + failure + ". See `compress doctor`.", e);
  }

  /** A failure to load. */
  static CompressionException loading(String model, OrtException e) {
    String message = oneLine(String.valueOf(e.getMessage()));
    Optional<String> failure = gpuFailure(String.valueOf(e.getMessage()));
    if (failure.isPresent()) {
      return gpu(model, failure.get(), e);
    }
    Optional<String> unknown = unknownOperator(message);
    if (unknown.isPresent()) {
      return new UnsupportedModelException(
          "ONNX Runtime cannot run "
              + model
              + ": it does not know the operator or has no kernel for it: "
              + unknown.get()
              + " ("
              + withoutFullStop(message)
              + "). Replace it by standard operators when exporting the model.",
          e);
    }
    if (e.getCode() == OrtException.OrtErrorCode.ORT_NOT_IMPLEMENTED
        || UNSUPPORTED.stream().anyMatch(message::contains)) {
      return new UnsupportedModelException(
          "ONNX Runtime cannot run " + model + ": " + withoutFullStop(message) + ".", e);
    }
    if (outOfMemory(message)) {
      return tooBig(model, message, e);
    }
    return new InvalidModelException(
        "ONNX Runtime refuses " + model + ": " + withoutFullStop(message) + ".", e);
  }

  /** A provider that cannot be used: its library, or one that it needs, does not load. */
  static DeviceUnavailableException provider(ExecutionProvider.Kind kind, OrtException e) {
    return new DeviceUnavailableException(
        "ONNX Runtime cannot use its "
            + kind.title()
            + ": "
            + gpuFailure(String.valueOf(e.getMessage()))
                .orElseGet(() -> plain(String.valueOf(e.getMessage())))
            + ". See `compress doctor`.",
        e);
  }

  /** The operator that the runtime says it does not know or has no kernel for. */
  static Optional<String> unknownOperator(String message) {
    for (Pattern pattern : UNKNOWN_OP) {
      Matcher matcher = pattern.matcher(message);
      if (matcher.find()) {
        return Optional.of(matcher.group(1));
      }
    }
    return Optional.empty();
  }

  /** A failure to run. */
  static CompressionException running(String model, OrtException e) {
    String message = oneLine(String.valueOf(e.getMessage()));
    Optional<String> failure = gpuFailure(String.valueOf(e.getMessage()));
    if (failure.isPresent()) {
      return gpu(model, failure.get(), e);
    }
    if (outOfMemory(message)) {
      return tooBig(model, message, e);
    }
    return e.getCode() == OrtException.OrtErrorCode.ORT_NOT_IMPLEMENTED
        ? new UnsupportedModelException(
            "ONNX Runtime cannot run " + model + ": " + withoutFullStop(message) + ".", e)
        : new InvalidDataException(
            "ONNX Runtime cannot run "
                + model
                + " on these inputs: "
                + withoutFullStop(message)
                + ".",
            e);
  }

  /** Without the codes that providers' messages have a second time. */
  private static String plain(String message) {
    return withoutFullStop(oneLine(message).replaceFirst("^(?:: )?\\d+ : \\w+ : ", ""));
  }

  private static boolean outOfMemory(String message) {
    return message.contains("Failed to allocate memory") || message.contains("bad_alloc");
  }

  private static CompressionException tooBig(String model, String message, OrtException e) {
    return new UnsupportedModelException(
        "There is not enough memory to run "
            + model
            + ": "
            + withoutFullStop(message)
            + ". Use a smaller batch or a machine with more memory.",
        e);
  }

  private static String withoutFullStop(String message) {
    return message.replaceAll("[\\s.]+$", "");
  }

  /** The message without prefixes, source positions and line breaks. */
  static String oneLine(String message) {
    String line = message.replaceAll("\\s+", " ").trim();
    line = CODE_PREFIX.matcher(line).replaceFirst("");
    line = SOURCE.matcher(line).replaceAll("");
    line = LOADING.matcher(line).replaceFirst("");
    return line.replaceAll(" {2,}", " ").trim();
  }
}
