/** Work on several threads whose results do not depend on how many. Imports nothing. */
@NullMarked
package dev.compress.parallel;

import org.jspecify.annotations.NullMarked;
