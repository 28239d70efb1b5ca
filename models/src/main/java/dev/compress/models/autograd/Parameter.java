package dev.compress.models.autograd;

import ai.djl.ndarray.NDArray;

/**
 * A floating-point tensor that is stored in the model.
 *
 * @param name of the initializer, or of the output of the Constant node that holds it
 * @param array its values; owned by the graph; requires a gradient when it is trainable
 * @param trainable whether gradients change it: weights and biases, but no bounds, scales of a
 *     resize, scalar factors, masks or means that are subtracted from an input
 * @param isStatistic whether it is a running mean or variance, moved by forward passes in training
 * @param consumerOpType the operator that reads it first, such as "Conv"
 */
public record Parameter(
    String name, NDArray array, boolean trainable, boolean isStatistic, String consumerOpType) {}
