/**
 * What a training makes smaller: functions of a student's values, its teacher's and the labels.
 * Imports Deep Java Library's arrays and the core's {@code train}.
 */
@NullMarked
package dev.compress.models.training.loss;

import org.jspecify.annotations.NullMarked;
