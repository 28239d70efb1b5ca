/** Tests of the package of the same name, and time that passes when it is told to. */
@NullMarked
package dev.compress.energy;

import org.jspecify.annotations.NullMarked;
