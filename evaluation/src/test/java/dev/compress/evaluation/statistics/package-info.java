/** Tests of intervals. */
@NullMarked
package dev.compress.evaluation.statistics;

import org.jspecify.annotations.NullMarked;
