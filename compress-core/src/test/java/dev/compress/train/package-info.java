@NullMarked
package dev.compress.train;

import org.jspecify.annotations.NullMarked;
