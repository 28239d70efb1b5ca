package dev.compress.proof;

import java.io.Serializable;
import java.util.Map;

/**
 * What to prove, as it is handed to the child process.
 *
 * @param input the float model's file
 * @param output the written model's file
 * @param samples a file of inputs, or "" to make random ones
 * @param sampleSource what the samples are, for the report
 * @param plannedInteger nodes that are meant to run in integers: how the report calls them, and
 *     their labels in the output
 * @param kernelsOnly whether to leave out fidelity and speed
 * @param seconds how long to time, or 0 not to: another device than this one will run the model
 * @param seed for random inputs and the order of timing
 */
public record ProofJob(
    String input,
    String output,
    String samples,
    String sampleSource,
    Map<String, String> plannedInteger,
    boolean kernelsOnly,
    double seconds,
    long seed)
    implements Serializable {}
