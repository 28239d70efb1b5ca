@NullMarked
package dev.compress.models.training.loss;

import org.jspecify.annotations.NullMarked;
