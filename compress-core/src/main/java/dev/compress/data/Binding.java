package dev.compress.data;

import dev.compress.error.InvalidDataException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** Finds for every input of a model the data that it takes. */
final class Binding {
  private final SampleSource source;
  private final DataDescriptor descriptor;
  private final List<ConstantInput> constants;
  private final String dataset;

  Binding(
      SampleSource source,
      DataDescriptor descriptor,
      List<ConstantInput> constants,
      String dataset) {
    this.source = source;
    this.descriptor = descriptor;
    this.constants = constants;
    this.dataset = dataset;
  }

  /** What a dataset delivers to a model. */
  record Bound(
      List<InputTransform> inputs,
      List<ConstantInput> constants,
      BatchIterator.Frame frame,
      List<String> notes) {}

  /** A model's input with the field and the options for it. */
  private record Match(InputSpec target, SourceField field, InputDescriptor options) {}

  /** The field that a descriptor's entry is made from. */
  static SourceField field(SampleSource source, DataDescriptor descriptor, String name) {
    InputDescriptor options = descriptor.inputs().getOrDefault(name, InputDescriptor.NONE);
    String wanted = options.from().orElse(name);
    Optional<SourceField> named = source.field(wanted);
    if (named.isPresent()) {
      return named.get();
    }
    if (options.columns().isPresent()) {
      throw new InvalidDataException(
          descriptor.where() + ": inputs: " + name + ": columns are for CSV files.");
    }
    long data =
        descriptor.inputs().values().stream().filter(i -> i.values().constant().isEmpty()).count();
    if (options.from().isEmpty() && data == 1 && source.fields().size() == 1) {
      return source.fields().get(0);
    }
    throw new InvalidDataException(
        descriptor.where()
            + ": inputs: '"
            + wanted
            + "' is not in the data, which has "
            + shown(source.fields())
            + ". Name the one to take with from: in the descriptor.");
  }

  private static String shown(List<SourceField> fields) {
    return fields.stream().map(SourceField::toString).collect(Collectors.joining(", "));
  }

  /** Of several datasets in one run, errors name the one they are about. */
  Bound bind(Collection<InputSpec> modelInputs) {
    try {
      return bound(modelInputs);
    } catch (InvalidDataException e) {
      String message = String.valueOf(e.getMessage());
      throw message.contains(dataset) ? e : new InvalidDataException(dataset + ": " + message, e);
    }
  }

  private Bound bound(Collection<InputSpec> modelInputs) {
    List<String> notes = new ArrayList<>();
    List<ConstantInput> boundConstants = new ArrayList<>();
    List<InputSpec> open = new ArrayList<>();
    for (InputSpec input : modelInputs) {
      constants.stream()
          .filter(c -> c.name().equals(input.name()))
          .findFirst()
          .ifPresentOrElse(c -> boundConstants.add(c.bind(input)), () -> open.add(input));
    }
    List<Match> matches = new ArrayList<>();
    for (InputSpec input : open) {
      matches.add(match(input, open));
    }
    Optional<Bound> batched = tryBatched(matches, boundConstants, notes);
    return batched.orElseGet(() -> single(matches, boundConstants, notes));
  }

  private Match match(InputSpec input, List<InputSpec> open) {
    Map<String, InputDescriptor> described = descriptor.inputs();
    if (described.containsKey(input.name())) {
      return new Match(input, field(source, descriptor, input.name()), described.get(input.name()));
    }
    List<String> entries =
        described.entrySet().stream()
            .filter(e -> e.getValue().values().constant().isEmpty())
            .map(Map.Entry::getKey)
            .toList();
    if (open.size() == 1 && entries.size() == 1) {
      String only = entries.get(0);
      return new Match(
          input,
          field(source, descriptor, only),
          described.getOrDefault(only, InputDescriptor.NONE));
    }
    Optional<SourceField> named = source.field(input.name());
    if (named.isPresent()) {
      return new Match(input, named.get(), InputDescriptor.NONE);
    }
    if (open.size() == 1 && entries.isEmpty() && source.fields().size() == 1) {
      return new Match(input, source.fields().get(0), InputDescriptor.NONE);
    }
    throw new InvalidDataException(
        "The model's input "
            + input
            + " has no data: "
            + dataset
            + " has "
            + (entries.isEmpty() ? shown(source.fields()) : String.join(", ", entries))
            + ". Name the arrays as the model's inputs, or say inputs: {"
            + input.name()
            + ": {from: ...}} or {value: 0, shape: [...]} in a data descriptor; or, if it is a"
            + " state that the model gives out again, sequence: {window: N} there.");
  }

  /** With the first dim of every input as the batch; empty where a model may have no batch dim. */
  private Optional<Bound> tryBatched(
      List<Match> matches, List<ConstantInput> boundConstants, List<String> notes) {
    boolean mayBeSingle =
        matches.stream().allMatch(m -> m.target().dims().stream().allMatch(d -> d >= 0));
    List<String> found = new ArrayList<>();
    List<InputTransform> inputs = new ArrayList<>();
    long batch = InputSpec.ANY;
    String batchOf = "";
    try {
      for (Match match : matches) {
        List<Long> dims = match.target().dims();
        if (dims.isEmpty()) {
          throw new InvalidDataException(
              "The model's input "
                  + match.target()
                  + " is a single number, so it cannot take a "
                  + "sample of "
                  + match.field()
                  + ". Give it as a constant: inputs: {"
                  + match.target().name()
                  + ": {value: ...}} in a data descriptor.");
        }
        long rows = dims.get(0);
        if (rows >= 0 && batch >= 0 && rows != batch) {
          throw new InvalidDataException(
              "The model's inputs '"
                  + batchOf
                  + "' and '"
                  + match.target().name()
                  + "' fix different batches, "
                  + batch
                  + " and "
                  + rows
                  + ".");
        }
        if (rows >= 0) {
          batch = rows;
          batchOf = match.target().name();
        }
        inputs.add(
            InputPlanner.plan(
                match.field(),
                match.options(),
                match.target(),
                match.target().anyRank() ? null : dims.subList(1, dims.size()),
                found));
      }
    } catch (InvalidDataException e) {
      if (mayBeSingle && singleFits(matches)) {
        return Optional.empty();
      }
      throw e;
    }
    notes.addAll(found);
    int fixed = batch < 0 ? 0 : Math.toIntExact(batch);
    return Optional.of(
        new Bound(inputs, boundConstants, new BatchIterator.Frame(fixed, true), notes));
  }

  private boolean singleFits(List<Match> matches) {
    return !matches.isEmpty()
        && matches.stream().allMatch(m -> Dims.match(m.field().dims(), m.target().dims()) != null);
  }

  /** One sample at a time, for models whose inputs have no batch dim. */
  private Bound single(
      List<Match> matches, List<ConstantInput> boundConstants, List<String> notes) {
    List<InputTransform> inputs = new ArrayList<>();
    for (Match match : matches) {
      inputs.add(
          InputPlanner.plan(
              match.field(), match.options(), match.target(), match.target().dims(), notes));
    }
    notes.add("The model's inputs have no batch dim: samples are run one at a time.");
    return new Bound(inputs, boundConstants, new BatchIterator.Frame(1, false), notes);
  }
}
