/**
 * Training on Deep Java Library with its PyTorch engine. Nobody imports it, and only it and {@code
 * dev.compress.models.autograd} import {@code ai.djl}: what it can do is found through ports by
 * {@link java.util.ServiceLoader}, so that everything else works where the training libraries are
 * absent. Imports {@code dev.compress.models.sample}, {@code architecture}, {@code autograd} and
 * {@code random} and the core.
 */
@NullMarked
package dev.compress.models.training;

import org.jspecify.annotations.NullMarked;
