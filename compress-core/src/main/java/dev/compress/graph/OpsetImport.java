package dev.compress.graph;

/**
 * An operator set that the model uses.
 *
 * @param domain "" is the ONNX one
 * @param version its version
 */
public record OpsetImport(String domain, long version) {}
