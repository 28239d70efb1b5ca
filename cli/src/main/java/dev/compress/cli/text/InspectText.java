package dev.compress.cli.text;

import dev.compress.cli.console.Style;
import dev.compress.cli.console.Table;
import dev.compress.cli.console.Text;
import dev.compress.evaluation.report.Quantity;
import dev.compress.inspect.ModelInspection;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * What was found in a model as text.
 *
 * @param style of the terminal
 * @param width columns that fit
 * @param verbose whether all is listed
 */
public record InspectText(Style style, int width, boolean verbose) {
  private static final int OPS = 12;
  private static final int WEIGHTS = 5;
  private static final int LONGEST_TEXT = 200;
  private static final String INDENT = "  ";

  /**
   * The lines.
   *
   * @param model what was found
   */
  public List<String> lines(ModelInspection model) {
    List<String> lines = new ArrayList<>();
    lines.add(style.bold(model.file().path()));
    lines.addAll(summary(model).lines(width));
    section(lines, "inputs and outputs", values(model));
    section(lines, "operators", ops(model));
    section(lines, "local functions", functions(model));
    section(lines, "constants by type", precision(model));
    section(lines, "largest constants", largest(model));
    section(lines, "runs in ONNX Runtime", kernels(model));
    section(lines, "metadata", metadata(model));
    if (!model.warnings().isEmpty()) {
      lines.add("");
      model
          .warnings()
          .forEach(w -> lines.addAll(Text.wrap(style.warning("warning:") + " " + w, width)));
    }
    return lines;
  }

  private void section(List<String> lines, String title, Table table) {
    if (!table.isEmpty()) {
      lines.add("");
      lines.add(style.bold(title));
      lines.addAll(table.lines(width));
    }
  }

  private Table summary(ModelInspection model) {
    Table table = new Table(INDENT, "ll");
    int external = model.file().external().size();
    table.row(
        "size",
        Quantity.bytes(model.file().bytes())
            + (external == 0
                ? ""
                : ", weights in " + external + (external == 1 ? " other file" : " other files")));
    table.row(
        "parameters",
        Quantity.count(model.parameters())
            + (model.sparsity() == null || model.sparsity() < 0.0005
                ? ""
                : ", " + Quantity.percent(model.sparsity(), 1) + " of the stored ones zero"));
    if (model.macs() != null) {
      table.row("operations", operations(model));
    }
    if (model.kernels() != null) {
      table.row(
          "in integers",
          Quantity.percent(model.kernels().integerMacShare(), 1) + " of the multiplications");
    }
    ModelInspection.Format format = model.format();
    String opsets =
        format.opsets().entrySet().stream()
            .map(e -> e.getKey() + " " + e.getValue())
            .collect(Collectors.joining(", "));
    table.row("format", "IR " + format.irVersion() + ", operator sets " + opsets);
    if (!format.producer().isEmpty()) {
      table.row("producer", format.producer());
    }
    table.row("sha256", model.file().sha256());
    return table;
  }

  private String operations(ModelInspection model) {
    String shapes =
        model.macsFor().entrySet().stream()
            .map(
                e ->
                    e.getKey()
                        + e.getValue().stream()
                            .map(String::valueOf)
                            .collect(Collectors.joining(style.times(), " ", "")))
            .collect(Collectors.joining(", "));
    long macs = model.macs() == null ? 0 : model.macs();
    return Quantity.shortCount(macs) + " multiply-accumulates for " + shapes;
  }

  private Table values(ModelInspection model) {
    Table table = new Table(INDENT, "llll");
    model.inputs().forEach(v -> table.row("in", v.name(), v.type(), dims(v)));
    model.outputs().forEach(v -> table.row("out", v.name(), v.type(), dims(v)));
    return table;
  }

  private static String dims(ModelInspection.Value value) {
    List<Object> dims = value.dims();
    return dims == null
        ? "(of unknown shape)"
        : dims.stream().map(String::valueOf).collect(Collectors.joining(", ", "[", "]"));
  }

  private Table ops(ModelInspection model) {
    Table table = new Table(INDENT, "rlrr");
    List<ModelInspection.Op> ops = model.ops();
    boolean all = verbose || ops.size() <= OPS + 1;
    for (ModelInspection.Op op : all ? ops : ops.subList(0, OPS)) {
      String domain = op.domain().equals("ai.onnx") ? "" : " (" + op.domain() + ")";
      table.row(
          Integer.toString(op.count()),
          op.op() + domain,
          op.parameters() == 0 ? "" : Quantity.shortCount(op.parameters()) + " parameters",
          op.macs() == null ? "" : Quantity.shortCount(op.macs()) + " MACs");
    }
    if (!all) {
      List<ModelInspection.Op> rest = ops.subList(OPS, ops.size());
      int nodes = rest.stream().mapToInt(ModelInspection.Op::count).sum();
      table.row(Integer.toString(nodes), "of " + rest.size() + " other types (all: -v)", "", "");
    }
    return table;
  }

  private Table functions(ModelInspection model) {
    Table table = new Table(INDENT, "llrl");
    for (ModelInspection.LocalFunction f : model.functions()) {
      table.row(f.name(), f.domain(), f.nodes() + " nodes", "called " + f.calls() + " times");
    }
    return table;
  }

  private Table precision(ModelInspection model) {
    Table table = new Table(INDENT, "lrrr");
    for (ModelInspection.Precision p : model.precision()) {
      table.row(
          p.type(),
          p.tensors() + (p.tensors() == 1 ? " tensor" : " tensors"),
          Quantity.shortCount(p.elements()) + " elements",
          Quantity.bytes(p.bytes()));
    }
    return table;
  }

  private Table largest(ModelInspection model) {
    Table table = new Table(INDENT, "rlll");
    List<ModelInspection.Weight> all = model.largest();
    for (ModelInspection.Weight w : verbose ? all : all.subList(0, Math.min(WEIGHTS, all.size()))) {
      String zeros =
          w.sparsity() == null || w.sparsity() < 0.01
              ? ""
              : " " + Quantity.percent(w.sparsity(), 0) + " zero";
      table.row(
          Quantity.bytes(w.bytes()),
          Text.shorten(w.name(), Math.max(24, width / 3), style),
          w.type() + w.dims() + zeros,
          w.usedBy().isEmpty() ? "unused" : "in " + readers(w.usedBy()));
    }
    return table;
  }

  private String readers(List<String> labels) {
    String first = Text.shorten(labels.get(0), Math.max(24, width / 4), style);
    return labels.size() == 1 ? first : first + " and " + (labels.size() - 1) + " more";
  }

  private Table kernels(ModelInspection model) {
    Table table = new Table(INDENT, "ll");
    ModelInspection.Kernels kernels = model.kernels();
    if (kernels != null) {
      table.row("integer", KernelCounts.text(kernels.integer(), style));
      table.row("float", KernelCounts.text(kernels.floating(), style));
      if (kernels.conversions() > 0) {
        table.row("between", kernels.conversions() + " conversions");
      }
    }
    return table;
  }

  private Table metadata(ModelInspection model) {
    Table table = new Table(INDENT, "ll");
    for (Map.Entry<String, String> pair : model.format().metadata().entrySet()) {
      String value = pair.getValue().strip().replaceAll("\\s+", " ");
      table.row(pair.getKey(), verbose ? value : Text.shorten(value, LONGEST_TEXT, style));
    }
    return table;
  }
}
