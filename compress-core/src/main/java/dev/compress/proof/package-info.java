/**
 * Proof of what a written model does: which kernels run, how close its outputs are, how fast it is.
 * Measured in a child process, so that a crash of the native runtime costs the proof and not the
 * tool. Imports {@code runtime}, {@code timing}, {@code metric} and what lies below them.
 */
@NullMarked
package dev.compress.proof;

import org.jspecify.annotations.NullMarked;
