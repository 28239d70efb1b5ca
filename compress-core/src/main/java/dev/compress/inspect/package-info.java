/**
 * What a model is, without changing it: its operators, weights, cost and what of it runs in integer
 * arithmetic. Imports {@code runtime} and what lies below it.
 */
@NullMarked
package dev.compress.inspect;

import org.jspecify.annotations.NullMarked;
