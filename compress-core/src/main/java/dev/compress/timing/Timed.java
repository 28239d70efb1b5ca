package dev.compress.timing;

/**
 * Something that is timed.
 *
 * @param name what reports call it
 * @param run does the work once; what it throws ends the measurement
 */
public record Timed(String name, Runnable run) {}
