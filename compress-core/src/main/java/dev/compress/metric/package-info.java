/**
 * How good a model's outputs are: against labels, against target values and against another model's
 * outputs, with confidence intervals and paired tests. Passes with an accuracy limit need these as
 * much as the evaluation does, so they live in the core. Imports only {@code error} and {@code
 * tensor}.
 */
@NullMarked
package dev.compress.metric;

import org.jspecify.annotations.NullMarked;
