/** Tests of a variant's own process. */
@NullMarked
package dev.compress.evaluation.worker;

import org.jspecify.annotations.NullMarked;
