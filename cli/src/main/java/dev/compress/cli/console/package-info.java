/**
 * The terminal: streams, width, colours, tables, numbers with units and the progress line. Exists
 * so that commands say what to show and never how a terminal is asked. Imports only {@code
 * progress} and {@code error} of this project.
 */
@NullMarked
package dev.compress.cli.console;

import org.jspecify.annotations.NullMarked;
