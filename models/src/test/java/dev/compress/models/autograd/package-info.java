/** Tests of {@code dev.compress.models.autograd}. */
@NullMarked
package dev.compress.models.autograd;

import org.jspecify.annotations.NullMarked;
