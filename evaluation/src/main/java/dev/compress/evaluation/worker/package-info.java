/**
 * One variant in a process of its own: it loads the model, runs it on what it is sent, and times
 * itself. So its peak memory is its own, and a crash of the native runtime costs one row. Imports
 * the core only.
 */
@NullMarked
package dev.compress.evaluation.worker;

import org.jspecify.annotations.NullMarked;
