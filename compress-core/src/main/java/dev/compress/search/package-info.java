/**
 * Searches over settings by what they do to a model: accuracy within a limit. Imports {@code
 * quantize}, {@code data}, {@code metric} and what lies below them.
 */
@NullMarked
package dev.compress.search;

import org.jspecify.annotations.NullMarked;
