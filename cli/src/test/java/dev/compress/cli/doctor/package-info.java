/** Tests of the package of the same name. */
@NullMarked
package dev.compress.cli.doctor;

import org.jspecify.annotations.NullMarked;
