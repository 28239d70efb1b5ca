/**
 * What this machine offers: processor, runtime, devices and energy sensors, and the commands that
 * enable what is missing. Imports {@code runtime} and {@code energy} of the core, {@code
 * evaluation.energy} and {@code cli.console}.
 */
@NullMarked
package dev.compress.cli.doctor;

import org.jspecify.annotations.NullMarked;
