package dev.compress.gpu;

/** A call into ONNX Runtime's C API that did not work; never leaves this package. */
final class OrtCallException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  OrtCallException(String message) {
    super(message.replaceAll("\\s+", " ").strip());
  }
}
