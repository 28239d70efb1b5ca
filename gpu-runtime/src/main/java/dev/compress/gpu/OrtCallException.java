package dev.compress.gpu;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A call into ONNX Runtime's C API that did not work; never leaves this package. */
final class OrtCallException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** What a GPU's library or the loader says, amid positions in sources and C++ signatures. */
  private static final Pattern ESSENCE =
      Pattern.compile(
          "(?:(?:CUDA|CUDNN|CUBLAS|CURAND|CUFFT)\\w* failure \\d+: [^;]+?(?= *;)|Failed to load library"
              + " .*|Failed to parse provider option .*)");

  OrtCallException(OrtApi.Call call, String message) {
    super(essence(call + ": " + message.replaceAll("\\s+", " ").strip()));
  }

  private static String essence(String line) {
    Matcher matcher = ESSENCE.matcher(line);
    return matcher.find() ? matcher.group() : line;
  }
}
