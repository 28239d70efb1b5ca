/**
 * Training, as far as it needs no engine of gradients: what is asked of one ({@link
 * dev.compress.train.TrainingEngine}, filled by the module {@code models}), the settings, the
 * teacher of a distillation with its outputs kept on disk, and the structure that training must not
 * undo. May import everything below {@code recipe}.
 */
@NullMarked
package dev.compress.train;

import org.jspecify.annotations.NullMarked;
