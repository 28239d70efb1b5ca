/** Tests of accuracy against another way to compute it. */
@NullMarked
package dev.compress.evaluation.accuracy;

import org.jspecify.annotations.NullMarked;
