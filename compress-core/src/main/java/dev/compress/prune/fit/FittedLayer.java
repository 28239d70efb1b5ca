package dev.compress.prune.fit;

import dev.compress.graph.GraphEditor;
import dev.compress.graph.Node;
import dev.compress.linalg.GramMatrix;
import dev.compress.linalg.LeastSquares;
import dev.compress.pass.PassContext;
import dev.compress.quantize.InputRows;
import dev.compress.quantize.NodePattern;
import dev.compress.quantize.WeightLayout;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.FloatCodec;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import dev.compress.tensor.TensorBuffer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** One layer that is fitted: the moments of what it reads and of what it should put out. */
public final class FittedLayer {
  private static final double BUDGET_PRODUCTS = 1.5e10;
  private static final int MIN_ROWS = 1024;
  private static final int MAX_ROWS = 16384;

  /** The most numbers of targets that are kept at a time. */
  private static final long MAX_TARGETS = 1L << 24;

  /** Of longer rows the number decides whether outputs are fitted, not a trial. */
  private static final int LONGEST_TRIAL = 1024;

  private static final int ROWS_PER_INPUT = 8;

  private final NodePattern pattern;
  private final NodePattern whole;
  private final BitSet outputsLeft;
  private final Optional<Node> add;
  private final Optional<String> skip;
  private final SequentialFit.Zeros zeros;
  private final PassContext context;
  private final WeightLayout layout;
  private final int perSample;
  private final long samples;
  private @Nullable Gathered gathered;

  /**
   * What zeros cost, as shares of the energy of the layer's outputs.
   *
   * @param alone the error where only they are set
   * @param compensated the error now
   */
  public record Errors(double alone, double compensated) {}

  /** What is in memory while samples run. */
  private static final class Gathered {
    private final Rows outputs;
    private final Rows skips;
    private final Rows skipsLeft;
    private final LayerRows given;
    private final List<float[]> targets = new ArrayList<>();
    private final GramMatrix[][] moments;
    private final float[] row;
    private int next;

    Gathered(FittedLayer layer) {
      int inputs = layer.layout.rowLength();
      this.outputs = new Rows(new LayerRows(layer.whole, layer.perSample));
      this.skips = new Rows(new LayerRows(layer.whole, layer.perSample));
      this.skipsLeft = new Rows(new LayerRows(layer.pattern, layer.perSample));
      this.given = new LayerRows(layer.pattern, layer.perSample);
      this.row = new float[inputs + 1 + layer.layout.outPerGroup()];
      int halves = layer.inHalves() ? 2 : 1;
      this.moments = new GramMatrix[layer.layout.groups()][halves];
      for (int g = 0; g < moments.length; g++) {
        int threads = moments.length > 1 ? 1 : layer.context.threads();
        for (int half = 0; half < halves; half++) {
          moments[g][half] = new GramMatrix(row.length, inputs + 1, threads);
        }
      }
    }
  }

  /** Rows of one value, in order. */
  private static final class Rows {
    private final LayerRows rows;
    private int next;

    Rows(LayerRows rows) {
      this.rows = rows;
    }
  }

  FittedLayer(
      NodePattern pattern,
      NodePattern whole,
      BitSet outputsLeft,
      Optional<Node> add,
      Optional<String> skip,
      SequentialFit.Zeros zeros,
      long samples,
      PassContext context) {
    this.pattern = pattern;
    this.whole = whole;
    this.outputsLeft = outputsLeft;
    this.add = add;
    this.skip = skip;
    this.zeros = zeros;
    this.context = context;
    this.samples = Math.max(1, samples);
    this.layout = InputRows.layoutOf(pattern);
    this.perSample = rowsPerSample();
  }

  private int rowsPerSample() {
    double inputs = layout.rowLength();
    double affordable = BUDGET_PRODUCTS / (inputs * (inputs + layout.outPerGroup()));
    double rows = Math.max(Math.max(MIN_ROWS, 2 * inputs), Math.min(MAX_ROWS, affordable));
    double kept = Math.max(MIN_ROWS, (double) MAX_TARGETS / layout.outChannels());
    return (int) Math.max(1, Math.ceil(Math.min(rows, kept) / samples));
  }

  private boolean keepsZeros() {
    return zeros != SequentialFit.Zeros.NONE;
  }

  private boolean inHalves() {
    return keepsZeros() && layout.rowLength() <= LONGEST_TRIAL;
  }

  /** What it takes while samples run. */
  long bytes() {
    long inputs = layout.rowLength();
    long columns = inputs + layout.outPerGroup();
    return 12 * inputs * columns * layout.groups()
        + 4L * perSample * samples * layout.outChannels();
  }

  String input() {
    return pattern.node().input(0);
  }

  String output() {
    return pattern.node().output(0);
  }

  String weight() {
    return pattern.weight();
  }

  Optional<String> skip() {
    return skip;
  }

  private boolean hasOffset() {
    return !pattern.node().is("MatMul") || add.isPresent();
  }

  void begin() {
    gathered = new Gathered(this);
  }

  private Gathered gathered() {
    return Objects.requireNonNull(gathered, "begin() comes first");
  }

  /** Takes what the original puts out, and what is added to it. */
  void wants(Map<String, TensorBuffer> batch, int count) {
    Gathered now = gathered();
    take(batch.get(output()), count, now.outputs, outputsLeft, 1);
    skip.ifPresent(s -> take(batch.get(s), count, now.skips, outputsLeft, 1));
  }

  /** Takes off what is added to it by now. */
  void has(Map<String, TensorBuffer> batch, int count) {
    BitSet all = new BitSet();
    all.set(0, layout.outChannels());
    skip.ifPresent(s -> take(batch.get(s), count, gathered().skipsLeft, all, -1));
  }

  private void take(@Nullable TensorBuffer tensor, int count, Rows rows, BitSet left, float sign) {
    if (tensor == null) {
      return;
    }
    List<float[]> targets = gathered().targets;
    rows.rows.outputs(
        tensor,
        count,
        (group, values, from) -> {
          if (rows.next == targets.size()) {
            targets.add(new float[layout.outChannels()]);
          }
          float[] target = targets.get(rows.next++);
          int at = 0;
          for (int c = left.nextSetBit(0); c >= 0; c = left.nextSetBit(c + 1)) {
            target[at++] += sign * values[from + c];
          }
        });
  }

  /** Takes what it reads, at the places of the outputs. */
  void gets(TensorBuffer input, int count) {
    int inputs = layout.rowLength();
    Gathered now = gathered();
    float[] row = now.row;
    now.given.inputs(
        input,
        count,
        (group, values, from) -> {
          System.arraycopy(values, from, row, 0, inputs);
          row[inputs] = 1;
          float[] target = now.targets.get(now.next / now.moments.length);
          System.arraycopy(
              target, group * layout.outPerGroup(), row, inputs + 1, layout.outPerGroup());
          GramMatrix[] halves = now.moments[group];
          halves[(int) (now.given.sample() % halves.length)].observe(row, 0, 1);
          now.next++;
        });
  }

  /**
   * Solves, and puts the new constants into the graph.
   *
   * @param constants those of the model before any layer was fitted
   * @return what zeros cost, where they were kept
   */
  Optional<Errors> solve(GraphEditor editor, Map<String, Tensor> constants) {
    Gathered now = gathered();
    gathered = null;
    now.targets.clear();
    float[] weights = pattern.tensor().toFloats();
    float[] before = keepsZeros() ? whole.tensor().toFloats() : weights.clone();
    double[] offsets = new double[layout.outChannels()];
    double[] sums = new double[3];
    for (int g = 0; g < now.moments.length; g++) {
      int first = g * layout.outPerGroup();
      GramMatrix[] halves = now.moments[g];
      double[][] old = rows(before, first);
      double trust = 0;
      double[][] mean = halves[0].mean();
      if (halves.length == 2) {
        double[][] second = halves[1].mean();
        trust =
            LeastSquares.trust(
                new double[][][] {mean, second}, old, hasOffset(), context.threads());
        mean = GramMatrix.mean(halves[0], mean, halves[1], second);
      } else if (halves[0].rows() >= (long) ROWS_PER_INPUT * layout.rowLength()) {
        trust = 1;
      }
      now.moments[g] = new GramMatrix[0]; // the memory may go
      LeastSquares.Fit fit;
      if (keepsZeros()) {
        LeastSquares.SparseFit sparse =
            LeastSquares.solveSparse(
                mean,
                old,
                kept(rows(weights, first)),
                zeros == SequentialFit.Zeros.MOVABLE,
                hasOffset(),
                trust,
                context.threads());
        fit = sparse.fit();
        sums[0] += sparse.compensation().energy();
        sums[1] += sparse.compensation().maskError();
        sums[2] += sparse.compensation().error();
      } else {
        fit = LeastSquares.solve(mean, layout.rowLength(), old, hasOffset(), context.threads());
      }
      write(fit, first, weights, offsets);
    }
    store(editor, weights, offsets, constants);
    return keepsZeros() && sums[0] > 0
        ? Optional.of(new Errors(sums[1] / sums[0], sums[2] / sums[0]))
        : Optional.empty();
  }

  private double[][] rows(float[] weights, int first) {
    float[] line = new float[layout.rowLength()];
    double[][] rows = new double[layout.outPerGroup()][line.length];
    for (int o = 0; o < rows.length; o++) {
      layout.readRow(weights, first + o, line, 0);
      for (int i = 0; i < line.length; i++) {
        rows[o][i] = line[i];
      }
    }
    return rows;
  }

  private static boolean[][] kept(double[][] rows) {
    boolean[][] kept = new boolean[rows.length][rows[0].length];
    for (int o = 0; o < rows.length; o++) {
      for (int i = 0; i < rows[o].length; i++) {
        kept[o][i] = rows[o][i] != 0;
      }
    }
    return kept;
  }

  private void write(LeastSquares.Fit fit, int first, float[] weights, double[] offsets) {
    float[] line = new float[layout.rowLength()];
    for (int o = 0; o < layout.outPerGroup(); o++) {
      for (int i = 0; i < line.length; i++) {
        line[i] = (float) fit.weights()[o][i];
      }
      layout.writeRow(line, 0, first + o, weights);
      offsets[first + o] = fit.offsets()[o];
    }
  }

  private void store(
      GraphEditor editor, float[] weights, double[] offsets, Map<String, Tensor> constants) {
    double[] wide = new double[weights.length];
    for (int i = 0; i < wide.length; i++) {
      wide[i] = weights[i];
    }
    ElementType type = pattern.tensor().type();
    editor.setInitializer(
        pattern.weight(),
        context.scratch().store(type, pattern.tensor().shape(), FloatCodec.encode(type, wide)));
    if (add.isPresent()) {
      String name = SequentialFit.otherInput(add.get(), output());
      Tensor constant = Objects.requireNonNull(constants.get(name));
      double[] sums = FloatCodec.decode(constant);
      for (int i = 0; i < sums.length; i++) {
        sums[i] += offsets[i];
      }
      editor.setInitializer(name, floats(constant.shape(), sums));
    } else if (!pattern.bias().isEmpty()) {
      // What the bias gave is part of what the layer put out.
      Shape shape = Objects.requireNonNull(constants.get(pattern.bias())).shape();
      editor.setInitializer(pattern.bias(), floats(shape, offsets));
    } else if (hasOffset()) {
      String name =
          editor.addInitializer(
              pattern.weight() + "_offset", floats(Shape.of(offsets.length), offsets));
      editor.replace(pattern.node(), pattern.node().withInput(2, name));
    }
  }

  private static Tensor floats(Shape shape, double[] values) {
    return Tensor.ofBytes(ElementType.FLOAT, shape, FloatCodec.encode(ElementType.FLOAT, values));
  }
}
