package dev.compress.runtime;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.compress.error.InvalidDataException;
import dev.compress.graph.Dim;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.TensorBuffer;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Runs of one session on the same buffers: what can be prepared is prepared once, and an output
 * whose declared shape follows from the inputs is written by the runtime straight into a buffer
 * that is kept. Not thread-safe: one thread at a time.
 */
public final class BoundRun implements RepeatedRun {
  private final InferenceSession session;
  private final Map<String, TensorBuffer> inputs;
  private final Map<String, OnnxTensor> boundInputs;
  private final Set<String> free;
  private final Set<String> wanted;
  private final Map<String, TensorBuffer> pinned = new LinkedHashMap<>();
  private final Map<String, OnnxTensor> boundOutputs = new LinkedHashMap<>();
  private OrtSession.@Nullable Result last;
  private boolean ran;
  private boolean closed;

  BoundRun(
      InferenceSession session,
      Map<String, TensorBuffer> inputs,
      Map<String, OnnxTensor> boundInputs,
      Set<String> wanted) {
    this.session = session;
    this.inputs = Collections.unmodifiableMap(inputs);
    this.boundInputs = boundInputs;
    this.wanted = wanted;
    this.free = new LinkedHashSet<>(wanted);
  }

  /** The buffers that are read at each run: new data may be written into them between runs. */
  public Map<String, TensorBuffer> inputs() {
    return inputs;
  }

  /**
   * Runs once.
   *
   * @throws InvalidDataException if the runtime cannot run the model on these inputs
   * @throws IllegalStateException if this or the session is closed
   */
  @Override
  public void run() {
    if (closed) {
      throw new IllegalStateException("The run of " + session.label() + " is closed");
    }
    session.locked(
        () -> {
          runOnce();
          return this;
        });
  }

  private void runOnce() throws OrtException {
    dropLast();
    if (boundOutputs.isEmpty()) {
      last = session.session().run(boundInputs, wanted);
    } else {
      try {
        last = session.session().run(boundInputs, free, boundOutputs);
      } catch (OrtException e) {
        // The shape of a kept buffer may be wrong for new data: what else is wrong shows again.
        unpin();
        last = session.session().run(boundInputs, wanted);
      }
    }
    if (!ran) {
      ran = true;
      pin(last);
    }
  }

  /**
   * After the first run the real shapes are known; those that also follow from the declared types
   * hold for every run on these buffers, and get a buffer of their own.
   */
  private void pin(OrtSession.Result result) throws OrtException {
    Map<String, Long> symbols = symbols();
    for (Map.Entry<String, OnnxValue> entry : result) {
      if (entry.getValue() instanceof OnnxTensor tensor) {
        Shape real = Shape.of(tensor.getInfo().getShape());
        ElementType type = OrtTypes.toElementType(tensor.getInfo());
        Optional<Shape> declared = declaredShape(entry.getKey(), symbols);
        if (declared.isPresent()
            && declared.get().equals(real)
            && OrtTypes.toJavaType(type).isPresent()) {
          TensorBuffer buffer = TensorBuffer.allocate(type, real);
          pinned.put(entry.getKey(), buffer);
          boundOutputs.put(entry.getKey(), OrtTensors.wrap(buffer));
          free.remove(entry.getKey());
          if (real.elementCount() > 0) {
            buffer.bytes().put(tensor.getByteBuffer());
          }
        }
      }
    }
  }

  private Map<String, Long> symbols() {
    Map<String, Long> sizes = new HashMap<>();
    for (ValueInfo input : session.inputs()) {
      TensorBuffer buffer = inputs.get(input.name());
      if (buffer != null && input.type() instanceof ValueType.TensorType type) {
        List<Dim> dims = type.shape().orElse(List.of());
        for (int i = 0; i < dims.size(); i++) {
          if (dims.get(i) instanceof Dim.Symbolic symbol) {
            sizes.putIfAbsent(symbol.name(), buffer.shape().dim(i));
          }
        }
      }
    }
    return sizes;
  }

  private Optional<Shape> declaredShape(String output, Map<String, Long> symbols) {
    if (!(session.outputType(output) instanceof ValueType.TensorType type)
        || type.shape().isEmpty()) {
      return Optional.empty();
    }
    List<Dim> dims = type.shape().get();
    long[] sizes = new long[dims.size()];
    for (int i = 0; i < sizes.length; i++) {
      sizes[i] =
          dims.get(i) instanceof Dim.Symbolic symbol
              ? symbols.getOrDefault(symbol.name(), -1L)
              : dims.get(i).sizeOrUnknown();
      if (sizes[i] < 0) {
        return Optional.empty();
      }
    }
    return Optional.of(Shape.of(sizes));
  }

  /**
   * The outputs of the last run. Those that are kept buffers change at the next run; the others are
   * copies.
   *
   * @return numeric outputs by name
   * @throws IllegalStateException if nothing was run yet
   */
  @Override
  public Map<String, TensorBuffer> outputs() {
    OrtSession.Result result = last;
    if (result == null) {
      throw new IllegalStateException("Not run yet");
    }
    Map<String, TensorBuffer> copied =
        session.locked(() -> OrtTensors.numeric(result, session.label(), pinned.keySet()));
    Map<String, TensorBuffer> all = new LinkedHashMap<>();
    for (String name : wanted) {
      TensorBuffer buffer = pinned.getOrDefault(name, copied.get(name));
      if (buffer != null) {
        all.put(name, buffer);
      }
    }
    return all;
  }

  private void unpin() {
    boundOutputs.values().forEach(OnnxTensor::close);
    boundOutputs.clear();
    pinned.clear();
    free.addAll(wanted);
  }

  private void dropLast() {
    if (last != null) {
      last.close();
      last = null;
    }
  }

  /** Frees the native tensors; the buffers stay readable. Idempotent. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      dropLast();
      boundInputs.values().forEach(OnnxTensor::close);
      boundOutputs.values().forEach(OnnxTensor::close);
      boundOutputs.clear();
    }
  }
}
