package dev.compress.runtime;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.compress.error.CompressionException;
import dev.compress.error.DeviceUnavailableException;
import dev.compress.error.InvalidDataException;
import dev.compress.error.InvalidModelException;
import dev.compress.error.ReadWriteException;
import dev.compress.error.UnsupportedModelException;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.onnx.OnnxWriter;
import dev.compress.tensor.TensorBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * A model loaded in ONNX Runtime. Thread-safe: any number of threads may run it at the same time.
 * The runtime's own exceptions never pass this class.
 *
 * <p>Outputs that are no numeric tensors (the sequences of maps and the strings of classical
 * models) are listed by {@link #outputs()} and left out of the results.
 */
public final class InferenceSession implements AutoCloseable {
  private final OrtSession session;
  private final String label;
  private final List<ValueInfo> inputs;
  private final List<ValueInfo> outputs;
  private final Set<String> tensorOutputs;
  private final ReadWriteLock lock = new ReentrantReadWriteLock();
  private boolean closed;

  private InferenceSession(OrtSession session, String label) throws OrtException {
    this.session = session;
    this.label = label;
    this.inputs = session.getInputInfo().values().stream().map(OrtTypes::toValueInfo).toList();
    this.outputs = session.getOutputInfo().values().stream().map(OrtTypes::toValueInfo).toList();
    this.tensorOutputs = new LinkedHashSet<>();
    for (ValueInfo output : outputs) {
      if (OrtTensors.isNumeric(output.type())) {
        tensorOutputs.add(output.name());
      }
    }
  }

  /**
   * Loads a model file; external data is mapped where it lies.
   *
   * @param model the file
   * @param options how
   * @throws ReadWriteException if there is no such file
   * @throws InvalidModelException if the runtime refuses the model
   * @throws UnsupportedModelException if it has operators or types that the runtime does not know
   * @throws DeviceUnavailableException if there is no runtime for this machine
   */
  public static InferenceSession open(Path model, SessionOptions options) {
    if (!Files.isRegularFile(model)) {
      throw new ReadWriteException(
          "Cannot load " + model + ": " + (Files.exists(model) ? "not a file." : "no such file."));
    }
    return open(
        model.toString(),
        options,
        native_ -> OrtLibrary.environment().createSession(model.toString(), native_));
  }

  /**
   * Loads a model from memory. The bytes are copied; external data cannot be found.
   *
   * @param model the model's bytes
   * @param options how
   * @param label what to call it in messages
   * @throws InvalidModelException if the runtime refuses the model
   * @throws UnsupportedModelException if it has operators or types that the runtime does not know
   * @throws DeviceUnavailableException if there is no runtime for this machine
   */
  public static InferenceSession open(byte[] model, SessionOptions options, String label) {
    return open(label, options, native_ -> OrtLibrary.environment().createSession(model, native_));
  }

  /**
   * Loads a model as it is in memory and in its files: large weights are mapped by the runtime from
   * where they are and never pass through the Java heap.
   *
   * @param model any model
   * @param options how
   * @throws InvalidModelException if the runtime refuses the model
   * @throws UnsupportedModelException if it has operators or types that the runtime does not know
   * @throws DeviceUnavailableException if there is no runtime for this machine
   * @throws ReadWriteException if a weight cannot be read or the temporary folder not be written
   */
  public static InferenceSession open(OnnxModel model, SessionOptions options) {
    String label = model.graph().name().isEmpty() ? "the model" : model.graph().name();
    if (LinkedModel.isSmall(model)) {
      return open(OnnxWriter.toBytes(model), options, label);
    }
    try (LinkedModel linked = LinkedModel.of(model)) {
      return open(
          label,
          options,
          native_ -> OrtLibrary.environment().createSession(linked.file().toString(), native_));
    }
  }

  private interface Loader {
    OrtSession load(OrtSession.SessionOptions options) throws OrtException;
  }

  private static InferenceSession open(String label, SessionOptions options, Loader loader) {
    OrtLibrary.environment();
    try (OrtSession.SessionOptions nativeOptions = OrtOptions.of(options)) {
      OrtSession session = loader.load(nativeOptions);
      try {
        return new InferenceSession(session, label);
      } catch (OrtException | RuntimeException e) {
        session.close();
        throw e;
      }
    } catch (OrtException e) {
      throw OrtErrors.loading(label, e);
    }
  }

  /** Loads a model and lets it go: for what the runtime finds or writes while it loads. */
  static void load(byte[] model, SessionOptions options, String label) {
    OrtLibrary.environment();
    try (OrtSession.SessionOptions nativeOptions = OrtOptions.of(options);
        OrtSession session = OrtLibrary.environment().createSession(model, nativeOptions)) {
      session.getNumInputs();
    } catch (OrtException e) {
      throw OrtErrors.loading(label, e);
    }
  }

  /** The model's name in messages. */
  public String label() {
    return label;
  }

  /** The declared inputs. A type without a shape is a scalar or of unknown rank. */
  public List<ValueInfo> inputs() {
    return inputs;
  }

  /** The declared outputs, those that are no tensors included. */
  public List<ValueInfo> outputs() {
    return outputs;
  }

  /** The names of the outputs that {@link #run} returns: the numeric tensors. */
  public List<String> tensorOutputs() {
    return List.copyOf(tensorOutputs);
  }

  /**
   * Runs the model.
   *
   * @param tensors one an input, by name; direct buffers are read without a copy
   * @return its numeric outputs by name, in the model's order
   * @throws InvalidDataException if the inputs do not fit the model
   * @throws UnsupportedModelException if an operator lacks a kernel, or memory does not suffice
   */
  public Map<String, TensorBuffer> run(Map<String, TensorBuffer> tensors) {
    return run(tensors, tensorOutputs);
  }

  /**
   * Runs the model for some of its outputs.
   *
   * @param tensors one an input, by name
   * @param wanted names of numeric outputs
   * @return those, by name, in the order asked for
   * @throws InvalidDataException if the inputs do not fit the model
   * @throws IllegalArgumentException if there is no such numeric output
   */
  public Map<String, TensorBuffer> run(
      Map<String, TensorBuffer> tensors, Collection<String> wanted) {
    Set<String> names = requested(wanted);
    Map<String, OnnxTensor> bound = bind(tensors);
    try {
      return locked(
          () -> {
            try (OrtSession.Result result = session.run(bound, names)) {
              return OrtTensors.numeric(result, label, Set.of());
            }
          });
    } finally {
      bound.values().forEach(OnnxTensor::close);
    }
  }

  /**
   * Prepares runs on the same buffers over and over: for timing, and for streaming, where new data
   * is written into the input buffers between runs. All numeric outputs are made.
   *
   * @param tensors one an input, by name
   * @return to be closed before this session
   * @throws InvalidDataException if the inputs do not fit the model
   */
  public BoundRun prepare(Map<String, TensorBuffer> tensors) {
    return prepare(tensors, tensorOutputs);
  }

  /**
   * Prepares runs for some of the outputs.
   *
   * @param tensors one an input, by name
   * @param wanted names of numeric outputs
   * @return to be closed before this session
   */
  public BoundRun prepare(Map<String, TensorBuffer> tensors, Collection<String> wanted) {
    Map<String, TensorBuffer> direct = new LinkedHashMap<>();
    tensors.forEach((name, tensor) -> direct.put(name, OrtTensors.direct(tensor)));
    return new BoundRun(this, direct, bind(direct), requested(wanted));
  }

  private Set<String> requested(Collection<String> wanted) {
    for (String name : wanted) {
      if (!tensorOutputs.contains(name)) {
        throw new IllegalArgumentException(
            label + " has no numeric output " + name + "; it has " + tensorOutputs);
      }
    }
    if (!wanted.isEmpty()) {
      return new LinkedHashSet<>(wanted);
    }
    // The runtime wants at least one output; what is no numeric tensor is dropped again.
    return outputs.isEmpty() ? Set.of() : Set.of(outputs.get(0).name());
  }

  private Map<String, OnnxTensor> bind(Map<String, TensorBuffer> tensors) {
    checkNames(tensors.keySet());
    Map<String, OnnxTensor> bound = new LinkedHashMap<>();
    try {
      for (ValueInfo input : inputs) {
        TensorBuffer tensor = tensors.get(input.name());
        if (tensor != null) {
          OrtTensors.checkFits(label, input, tensor);
          bound.put(input.name(), OrtTensors.wrap(tensor));
        }
      }
      return bound;
    } catch (OrtException e) {
      bound.values().forEach(OnnxTensor::close);
      throw OrtErrors.running(label, e);
    } catch (CompressionException e) {
      bound.values().forEach(OnnxTensor::close);
      throw e;
    }
  }

  private void checkNames(Set<String> given) {
    List<String> known = new ArrayList<>(inputs.stream().map(ValueInfo::name).toList());
    for (String name : given) {
      if (!known.remove(name)) {
        throw new InvalidDataException(
            label + " has no input " + name + "; its inputs are " + describe(inputs) + ".");
      }
    }
    if (!known.isEmpty()) {
      throw new InvalidDataException(
          "No data for input " + String.join(", ", known) + " of " + label + ".");
    }
  }

  private static String describe(List<ValueInfo> values) {
    return String.join(", ", values.stream().map(v -> v.name() + " " + v.type()).toList());
  }

  /** What runs while the session cannot be closed. */
  interface NativeCall<T> {
    T call() throws OrtException;
  }

  <T> T locked(NativeCall<T> call) {
    lock.readLock().lock();
    try {
      if (closed) {
        throw new IllegalStateException("The session of " + label + " is closed");
      }
      return call.call();
    } catch (OrtException e) {
      throw OrtErrors.running(label, e);
    } finally {
      lock.readLock().unlock();
    }
  }

  /** The runtime's session; to be used inside {@link #locked}. */
  OrtSession session() {
    return session;
  }

  /** The declared type of an output. */
  ValueType outputType(String name) {
    return outputs.stream().filter(o -> o.name().equals(name)).findFirst().orElseThrow().type();
  }

  /**
   * Ends the profile that the options asked for.
   *
   * @return the file that the runtime wrote
   */
  public Path endProfile() {
    return locked(() -> Path.of(session.endProfiling()));
  }

  /** Waits for runs in other threads and frees the native memory. Idempotent. */
  @Override
  public void close() {
    lock.writeLock().lock();
    try {
      if (!closed) {
        closed = true;
        session.close();
      }
    } catch (OrtException e) {
      throw OrtErrors.running(label, e);
    } finally {
      lock.writeLock().unlock();
    }
  }
}
