/**
 * The command line: one class a command, exit codes and progress bars. The only package that sees
 * all modules, prints, or ends the process.
 */
@NullMarked
package dev.compress.cli;

import org.jspecify.annotations.NullMarked;
