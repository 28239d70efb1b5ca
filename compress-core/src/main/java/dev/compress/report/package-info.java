/**
 * What a transformation did, as records that JSON is made of. Imports {@code pass} and what lies
 * below it.
 */
@NullMarked
package dev.compress.report;

import org.jspecify.annotations.NullMarked;
