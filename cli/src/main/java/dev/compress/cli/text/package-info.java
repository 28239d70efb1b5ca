/**
 * Reports as text for a terminal. Exists so that commands do not mix what to do with how it looks.
 * Imports the reports of the other modules and {@code cli.console}.
 */
@NullMarked
package dev.compress.cli.text;

import org.jspecify.annotations.NullMarked;
