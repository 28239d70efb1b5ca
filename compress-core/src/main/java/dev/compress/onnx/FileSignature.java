package dev.compress.onnx;

import dev.compress.error.InvalidModelException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;

/** Recognises what people hand over instead of an ONNX file, to tell them what it is. */
final class FileSignature {
  /** How much of a file is looked at. */
  static final int BYTES = 512;

  private static final String LFS = "version https://git-lfs";

  private FileSignature() {}

  /**
   * Passes files that may be ONNX.
   *
   * @param name the file, for the message
   * @param head its first {@link #BYTES} bytes, or all if it has fewer
   * @param size its size
   * @throws InvalidModelException if it is certainly something else
   */
  static void check(String name, byte[] head, long size) {
    if (size == 0) {
      throw new InvalidModelException(name + " is empty (0 bytes). Fetch or export it again.");
    }
    String what = recognise(head);
    if (!what.isEmpty()) {
      throw new InvalidModelException(name + " is no ONNX model but " + what);
    }
  }

  /** Whether this is what Git leaves in place of a file that it did not fetch. */
  static boolean isLfsPointer(byte[] head) {
    byte[] start = Arrays.copyOf(head, LFS.length());
    return new String(start, StandardCharsets.ISO_8859_1).equals(LFS);
  }

  private static String recognise(byte[] head) {
    String raw = new String(head, 0, Math.min(head.length, BYTES), StandardCharsets.ISO_8859_1);
    String text = raw.strip().toLowerCase(Locale.ROOT);
    if (text.startsWith("<!doctype") || text.startsWith("<html") || text.startsWith("<?xml")) {
      return "a web page: the download went wrong. Fetch the file itself (often the link 'raw').";
    }
    if (isLfsPointer(head)) {
      return "a Git LFS pointer: the model itself was not fetched. Run 'git lfs pull'.";
    }
    if (raw.startsWith("PK\3\4")) {
      return "a zip archive, perhaps a PyTorch checkpoint or a packed download. Unpack it, or export"
          + " the model to ONNX.";
    }
    if (raw.length() >= 8 && raw.startsWith("TFL3", 4)) {
      return "a TensorFlow Lite model. Convert it with tf2onnx.";
    }
    if (raw.length() >= 8 && raw.startsWith("ORTM", 4)) {
      return "a model in ONNX Runtime's own format. Use the .onnx file it was made from.";
    }
    if (raw.length() > 9 && raw.startsWith("\0\0", 6) && raw.charAt(8) == '{') {
      return "a safetensors file, which holds weights only. Export the model to ONNX.";
    }
    if (raw.startsWith("\u0089HDF")) {
      return "an HDF5 file, perhaps a Keras model. Convert it with tf2onnx.";
    }
    if (raw.startsWith("GGUF")) {
      return "a GGUF file. Export the original model to ONNX.";
    }
    if (raw.startsWith("\u001f\u008b")) {
      return "a gzip archive. Unpack it first.";
    }
    if (raw.startsWith("\u0093NUMPY")) {
      return "a NumPy array.";
    }
    if (raw.startsWith("\u0080\2") || raw.startsWith("\u0080\4")) {
      return "a Python pickle, perhaps an old PyTorch checkpoint. Export the model to ONNX.";
    }
    if (text.startsWith("{") || text.startsWith("ir_version:")) {
      return "text. If it is ONNX in text or JSON form, save it in the binary form with onnx.save.";
    }
    return "";
  }
}
