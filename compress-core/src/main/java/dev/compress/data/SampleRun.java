package dev.compress.data;

import dev.compress.error.InvalidDataException;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.TensorBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * How a model runs on the samples of a dataset. Usually a sample is one run. Where the descriptor
 * says {@code sequence}, a sample is a sequence for a recurrent model: its windows are run one
 * after the other, and what the model gave as its state goes in again with the next one. Every
 * sequence begins with the same state, so its outputs do not depend on the others.
 */
public final class SampleRun {
  private final Dataset dataset;
  private final Optional<Windows> windows;
  private final Map<String, String> state;
  private final SequenceSpec.Score score;
  private final boolean oneByOne;

  private SampleRun(
      Dataset dataset,
      Optional<Windows> windows,
      Map<String, String> state,
      SequenceSpec.Score score,
      boolean oneByOne) {
    this.dataset = dataset;
    this.windows = windows;
    this.state = state;
    this.score = score;
    this.oneByOne = oneByOne;
  }

  static SampleRun plain(Dataset bound) {
    return new SampleRun(bound, Optional.empty(), Map.of(), SequenceSpec.Score.LAST, false);
  }

  /** A model that can be run. */
  @FunctionalInterface
  public interface Model {
    /**
     * Runs it once.
     *
     * @param inputs by name
     * @param outputs which are wanted at least
     * @return numeric outputs by name
     */
    Map<String, TensorBuffer> run(Map<String, TensorBuffer> inputs, List<String> outputs);
  }

  /** Sees the steps of a batch. */
  @FunctionalInterface
  public interface StepReader {
    /**
     * One step.
     *
     * @param step from 0
     * @param inputs of this step
     * @param outputs of this step
     * @return whether to go on with the next
     */
    boolean read(int step, Map<String, TensorBuffer> inputs, Map<String, TensorBuffer> outputs);
  }

  /** Binds sequences to a recurrent model. */
  static SampleRun of(
      Dataset unbound,
      SequenceSpec spec,
      Set<String> constants,
      Collection<InputSpec> inputs,
      Collection<InputSpec> outputs) {
    List<String> notes = new ArrayList<>();
    Set<String> names = inputs.stream().map(InputSpec::name).collect(Collectors.toSet());
    Set<String> outputNames = outputs.stream().map(InputSpec::name).collect(Collectors.toSet());
    StatePairs.check(spec.state(), names, outputNames);
    String cut = windowed(unbound, spec, constants, inputs);
    Set<String> known = new HashSet<>(constants);
    unbound.inputs().forEach(i -> known.add(i.name()));
    known.add(cut);
    known.removeAll(spec.state().keySet());
    Map<String, String> pairs = new LinkedHashMap<>(spec.state());
    List<InputSpec> without =
        inputs.stream()
            .filter(i -> !known.contains(i.name()) && !spec.state().containsKey(i.name()))
            .toList();
    List<InputSpec> free =
        outputs.stream().filter(o -> !spec.state().containsValue(o.name())).toList();
    pairs.putAll(StatePairs.find(without, free, notes));
    List<ConstantInput> beginnings = new ArrayList<>();
    boolean oneByOne = false;
    List<InputSpec> wanted = new ArrayList<>();
    Windows windows = null;
    for (InputSpec input : inputs) {
      if (input.name().equals(cut)) {
        windows = windows(spec, input);
        wanted.add(open(input, windows.dim()));
      } else {
        wanted.add(input);
      }
      if (pairs.containsKey(input.name())) {
        oneByOne |= !input.anyRank() && input.dims().stream().allMatch(d -> d >= 0);
        if (!constants.contains(input.name())) {
          beginnings.add(beginning(input));
        }
      }
    }
    Dataset bound = unbound.bind(wanted, beginnings, notes);
    return new SampleRun(
        bound, Optional.ofNullable(windows), Map.copyOf(pairs), spec.score(), oneByOne);
  }

  private static String windowed(
      Dataset unbound, SequenceSpec spec, Set<String> constants, Collection<InputSpec> inputs) {
    List<String> candidates =
        spec.input().isPresent()
            ? List.of(spec.input().get())
            : inputs.stream()
                .map(InputSpec::name)
                .filter(n -> !constants.contains(n) && !spec.state().containsKey(n))
                .toList();
    if (candidates.size() > 1) {
      Set<String> described =
          unbound.inputs().stream().map(DataInput::name).collect(Collectors.toSet());
      candidates = candidates.stream().filter(described::contains).toList();
    }
    String only = candidates.size() == 1 ? candidates.get(0) : "";
    if (inputs.stream().noneMatch(i -> i.name().equals(only))) {
      throw new InvalidDataException(
          "It is not plain which of the model's inputs takes the windows of a sequence: "
              + inputs
              + ". Say sequence: {input: NAME} in the data descriptor.");
    }
    return only;
  }

  private static Windows windows(SequenceSpec spec, InputSpec input) {
    int dim = spec.axis() + 1;
    if (input.anyRank() || dim >= input.dims().size()) {
      throw new InvalidDataException(
          "The model's input "
              + input
              + " has no dim "
              + dim
              + " to be a window. Say sequence: {axis: N} in the data descriptor, counted from 0"
              + " behind the batch.");
    }
    long size = input.dims().get(dim);
    long window = spec.window().orElse((int) Math.max(-1, size - spec.context()));
    if (window < 1 || (size >= 0 && size != window + spec.context())) {
      throw new InvalidDataException(
          "The model's input "
              + input
              + (size < 0 ? " takes windows of any size" : " takes " + size + " values at a time")
              + ", the data descriptor gives "
              + (spec.window().isPresent()
                  ? "a window of " + window + " and a context of " + spec.context()
                  : "no window")
              + ". Say sequence: {window: N, context: M} so that both together are what it takes.");
    }
    return new Windows(
        input.name(),
        dim,
        Math.toIntExact(window),
        spec.stride().orElse(Math.toIntExact(window)),
        spec.context());
  }

  private static InputSpec open(InputSpec input, int dim) {
    List<Long> dims = new ArrayList<>(input.dims());
    dims.set(dim, InputSpec.ANY);
    return new InputSpec(input.name(), input.type(), dims);
  }

  private static ConstantInput beginning(InputSpec input) {
    if (input.anyRank()) {
      throw new InvalidDataException(
          "The model does not say the shape of its state "
              + input
              + ". Give it: inputs: {"
              + input.name()
              + ": {shape: [..., batch, ...], value: 0}} in the data descriptor.");
    }
    return new ConstantInput(input.name(), input.type(), input.dims(), 0);
  }

  /** The data, bound to the model: a sample of a recurrent one is a whole sequence. */
  public Dataset dataset() {
    return dataset;
  }

  /** The same on other samples of the same data. */
  public SampleRun on(Dataset view) {
    return new SampleRun(view, windows, state, score, oneByOne);
  }

  /** Whether a sample is a sequence of several runs. */
  public boolean recurrent() {
    return windows.isPresent();
  }

  /** The outputs that are fed back: the model's memory and no result. */
  public Set<String> feedback() {
    return new LinkedHashSet<>(state.values());
  }

  /**
   * How many samples to run at once.
   *
   * @param most wanted
   * @return what the model fixes, or one where its state has no batch
   */
  public int batch(int most) {
    return dataset.fixedBatch() > 0 ? dataset.fixedBatch() : oneByOne ? 1 : most;
  }

  /** How many runs a batch of the bound data takes. */
  public int steps(Batch batch) {
    return windows.map(w -> w.steps(batch.input(w.input()))).orElse(1);
  }

  /** The inputs of a batch's first step. */
  public Map<String, TensorBuffer> first(Batch batch) {
    return inputs(batch, 0, Map.of());
  }

  private Map<String, TensorBuffer> inputs(
      Batch batch, int step, Map<String, TensorBuffer> memory) {
    if (windows.isEmpty()) {
      return batch.inputs();
    }
    Map<String, TensorBuffer> inputs = new LinkedHashMap<>(batch.inputs());
    String cut = windows.get().input();
    inputs.put(cut, windows.get().at(batch.input(cut), step));
    inputs.putAll(memory);
    return inputs;
  }

  /**
   * Runs a batch, step by step.
   *
   * @param batch of the bound data
   * @param model to run
   * @param outputs that are wanted besides those fed back
   * @param reader sees every step
   * @throws InvalidDataException if an output cannot be fed back
   */
  public void run(Batch batch, Model model, List<String> outputs, StepReader reader) {
    Set<String> wanted = new LinkedHashSet<>(outputs);
    wanted.addAll(state.values());
    Map<String, TensorBuffer> memory = new LinkedHashMap<>();
    int steps = steps(batch);
    for (int step = 0; step < steps; step++) {
      Map<String, TensorBuffer> inputs = inputs(batch, step, memory);
      Map<String, TensorBuffer> found = model.run(inputs, List.copyOf(wanted));
      if (!reader.read(step, inputs, found)) {
        return;
      }
      state.forEach((input, output) -> memory.put(input, fedBack(inputs, input, found, output)));
    }
  }

  private static TensorBuffer fedBack(
      Map<String, TensorBuffer> inputs,
      String input,
      Map<String, TensorBuffer> outputs,
      String output) {
    TensorBuffer next = outputs.get(output);
    TensorBuffer before = Objects.requireNonNull(inputs.get(input));
    if (next == null || !next.shape().equals(before.shape())) {
      throw new InvalidDataException(
          "The model's output '"
              + output
              + "' "
              + (next == null ? "is missing" : "of " + next.shape())
              + " cannot be the next value of its input '"
              + input
              + "' of "
              + before.shape()
              + ". Correct sequence: {state: ...} or the shape in the data descriptor.");
    }
    return next;
  }

  /**
   * The outputs of all steps as one, by which a sample is scored: of the last step, or the largest
   * or mean of each element.
   *
   * @param steps one output of every step, of one shape
   */
  public TensorBuffer scored(List<TensorBuffer> steps) {
    TensorBuffer last = steps.get(steps.size() - 1);
    if (score == SequenceSpec.Score.LAST
        || steps.size() == 1
        || !last.type().equals(ElementType.FLOAT)) {
      return last;
    }
    double[] all = new double[Math.toIntExact(last.shape().elementCount())];
    boolean mean = score == SequenceSpec.Score.MEAN;
    for (int s = 0; s < steps.size(); s++) {
      float[] values = steps.get(s).toFloats();
      for (int i = 0; i < all.length; i++) {
        // a NaN stays one
        all[i] = s == 0 ? values[i] : mean ? all[i] + values[i] : Math.max(all[i], values[i]);
      }
    }
    float[] result = new float[all.length];
    for (int i = 0; i < all.length; i++) {
      result[i] = (float) (mean ? all[i] / steps.size() : all[i]);
    }
    return TensorBuffer.of(last.shape(), result);
  }
}
