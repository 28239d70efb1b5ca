package dev.compress.models;

import java.nio.file.Path;

/**
 * A sample that was extracted. A dataset's path names a pair of IDX files by what their names begin
 * with, beside a descriptor of that name; dataset readers take it as it is.
 *
 * @param model the float model
 * @param calibrationData labelled data for calibration
 * @param testData labelled data for scores, disjoint from calibration and training
 */
public record SampleFiles(Path model, Path calibrationData, Path testData) {}
