package dev.compress.pass;

/**
 * Why a pass has nothing to do.
 *
 * @param reason for people
 */
public record NotApplicable(String reason) {}
