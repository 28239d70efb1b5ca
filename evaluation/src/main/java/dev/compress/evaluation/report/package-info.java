/**
 * Reports for people: web pages, and numbers with units. Imports the reports of the core. What is
 * printed on a terminal is made in {@code cli}.
 */
@NullMarked
package dev.compress.evaluation.report;

import org.jspecify.annotations.NullMarked;
