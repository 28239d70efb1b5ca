package dev.compress.onnx;

/**
 * How a model is written.
 *
 * @param force whether an existing output is replaced
 * @param external which weights go into a file of their own
 * @param inlineLimitBytes from which size of the model's file on weights are moved out of it; ONNX
 *     files can have up to 2^31-1 bytes
 * @param sync whether to wait until the disk has it: then also a power failure leaves the old file
 *     or the new one
 */
public record WriteSettings(
    boolean force, ExternalData external, long inlineLimitBytes, boolean sync) {
  private static final long PROTOBUF_LIMIT = Integer.MAX_VALUE;

  /** Where weights go. */
  public enum ExternalData {
    /** Into the model's file, unless that would be too large. */
    WHEN_NEEDED,
    /** Into a file beside the model. */
    ALWAYS
  }

  /** Refuses to overwrite; weights inside the file where possible. */
  public static final WriteSettings DEFAULT =
      new WriteSettings(false, ExternalData.WHEN_NEEDED, PROTOBUF_LIMIT, false);

  public WriteSettings {
    if (inlineLimitBytes < 0 || inlineLimitBytes > PROTOBUF_LIMIT) {
      throw new IllegalArgumentException("An ONNX file has up to 2^31-1 bytes");
    }
  }

  /** The same, replacing an existing output or not. */
  public WriteSettings withForce(boolean newForce) {
    return new WriteSettings(newForce, external, inlineLimitBytes, sync);
  }

  /** The same with weights elsewhere. */
  public WriteSettings withExternal(ExternalData newExternal) {
    return new WriteSettings(force, newExternal, inlineLimitBytes, sync);
  }
}
