/** What a compression pass is and how passes are run in order. Knows no technique by name. */
@NullMarked
package dev.compress.pass;

import org.jspecify.annotations.NullMarked;
