package dev.compress.metric;

import java.util.Optional;

/**
 * The value of a metric over a dataset.
 *
 * @param metric which
 * @param value a fraction from 0 to 1 for rates, else in the metric's own unit; NaN where no sample
 *     was scored
 * @param samples how many samples it was computed from
 * @param ci95 its 95% confidence interval; empty where none is known
 */
public record MetricResult(Metric metric, double value, long samples, Optional<Interval> ci95) {}
