package dev.compress.evaluation.report;

import dev.compress.metric.Metric;
import dev.compress.train.TrainingSummary;
import dev.compress.train.TrainingSummary.Epoch;
import java.util.ArrayList;
import java.util.List;
import java.util.function.DoubleFunction;

/**
 * How a training went: loss and metric over its epochs, and the same numbers as a table.
 *
 * @param page to add to
 * @param summary of the training
 * @param id unique on the page
 */
record TrainingSection(HtmlPage page, TrainingSummary summary, String id) {
  /** Adds it. */
  void add(String title) {
    page.section(title);
    page.element("p", "soft", outcome());
    List<Epoch> epochs = summary.epochs();
    if (!epochs.isEmpty()) {
      DoubleFunction<String> metric = v -> value(summary, v);
      page.raw("<div class=\"charts\"><figure>");
      chart("loss", "mean loss of the training data", TrainingSection::loss, losses(epochs));
      page.raw("</figure><figure>");
      String name = summary.metric() + " on the selection data";
      chart("metric", name, metric, epochs.stream().map(Epoch::value).toList());
      page.raw("</figure></div>");
      table(epochs);
    }
    page.end();
  }

  private static List<Double> losses(List<Epoch> epochs) {
    return epochs.stream().map(Epoch::loss).toList();
  }

  private void chart(String part, String title, DoubleFunction<String> text, List<Double> values) {
    page.raw(new CourseChart(id + "-" + part, title, text, values, summary.bestEpoch()).print());
  }

  private void table(List<Epoch> epochs) {
    List<List<String>> rows = new ArrayList<>();
    for (Epoch epoch : epochs) {
      rows.add(
          List.of(
              Integer.toString(epoch.epoch()),
              loss(epoch.loss()),
              value(summary, epoch.value()),
              EvaluationCells.number(epoch.learningRate()),
              Quantity.seconds(epoch.seconds()),
              epoch.epoch() == summary.bestEpoch() ? "kept" : ""));
    }
    page.raw("<details><summary>")
        .text(rows.size() == 1 ? "The epoch" : "All " + rows.size() + " epochs")
        .raw("</summary>");
    page.table(List.of("epoch", ">loss", ">" + summary.metric(), ">rate", ">time", ""), rows);
    page.raw("</details>");
  }

  /** In words: what was kept, and why it ended. */
  String outcome() {
    StringBuilder text = new StringBuilder();
    Double before = summary.before();
    Double best = summary.best();
    if (best != null) {
      text.append(summary.metric()).append(' ');
      if (before != null) {
        text.append(value(summary, before)).append(" before, ");
      }
      text.append(value(summary, best));
      text.append(
          summary.bestEpoch() == 0
              ? " as it came, which no epoch bettered. "
              : " after epoch " + summary.bestEpoch() + ", which was kept. ");
    }
    Long step = summary.stopped().step();
    text.append(
        switch (summary.stopped().reason()) {
          case FINISHED -> "All " + summary.epochs().size() + " epochs were done";
          case EARLY_STOP -> "It ended early, because no epoch was better any more";
          case DIVERGED -> "It ended at step " + step + ", where the loss was no number";
          case INTERRUPTED -> "It was interrupted";
        });
    TrainingSummary.Speed speed = summary.speed();
    Double rate = speed.samplesPerSecond();
    return text.append(", ")
        .append(Quantity.seconds(speed.seconds()))
        .append(rate == null ? "" : ", " + Quantity.count(Math.round(rate)) + " samples/s")
        .append('.')
        .toString();
  }

  private static String loss(double loss) {
    return EvaluationCells.number(loss);
  }

  private static String value(TrainingSummary summary, double value) {
    return Metric.of(summary.metric()).isRate()
        ? Quantity.percent(value, 2)
        : EvaluationCells.number(value);
  }
}
