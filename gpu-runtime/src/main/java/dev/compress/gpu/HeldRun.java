package dev.compress.gpu;

import com.sun.jna.Function;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import com.sun.jna.StringArray;
import com.sun.jna.ptr.IntByReference;
import com.sun.jna.ptr.LongByReference;
import com.sun.jna.ptr.PointerByReference;
import dev.compress.error.CompressionException;
import dev.compress.error.DeviceUnavailableException;
import dev.compress.error.InvalidDataException;
import dev.compress.error.InvalidModelException;
import dev.compress.gpu.OrtApi.Call;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.onnx.OnnxReader;
import dev.compress.runtime.ExecutionProvider;
import dev.compress.runtime.OptimizationLevel;
import dev.compress.runtime.RepeatedRun;
import dev.compress.runtime.SessionOptions;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.TensorBuffer;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Runs with inputs and outputs held on the device, by IoBinding: inputs are copied there once, when
 * they are bound, and outputs stay there. Each run ends only when the device has finished: the
 * runtime waits for it unless told {@code disable_synchronize_execution_providers}, which is never
 * said here, and the bound outputs are waited for once more.
 */
final class HeldRun implements RepeatedRun {
  private static final int LOG_FATAL = 4;
  private static final int DEVICE_ALLOCATOR = 0;
  private static final int DEFAULT_MEMORY = 0;

  private final OrtApi api;
  private final String label;
  private final Map<String, TensorBuffer> inputs;
  private final List<String> outputs;
  private final Deque<Runnable> open = new ArrayDeque<>();
  private final Pointer processor;
  private final Pointer session;
  private final Pointer binding;
  private final Function runWithBinding;
  private final Function synchronize;
  private final Object[] runArguments;
  private final Object[] synchronizeArguments;
  private boolean ran;
  private boolean closed;

  private HeldRun(
      OrtApi api, Path model, SessionOptions options, Map<String, TensorBuffer> inputs) {
    this.api = api;
    this.label = model.toString();
    this.inputs = Map.copyOf(inputs);
    this.outputs = numericOutputs(model);
    Pointer env = api.make(Call.CREATE_ENV, LOG_FATAL, OrtApi.text("compress"));
    open.push(() -> api.release(Call.RELEASE_ENV, env));
    this.session = session(env, model, options);
    this.processor = memory("Cpu", 0);
    Pointer device =
        options.providers().isEmpty()
            ? processor
            : memory("Cuda", options.providers().get(0).deviceId());
    this.binding = bind(device);
    this.runWithBinding = api.function(Call.RUN_WITH_BINDING);
    this.synchronize = api.function(Call.SYNCHRONIZE_BOUND_OUTPUTS);
    this.runArguments = new Object[] {session, Pointer.NULL, binding};
    this.synchronizeArguments = new Object[] {binding};
  }

  /**
   * Loads a model and binds its inputs.
   *
   * @param model the model's file
   * @param options how to load it; without providers it is held in the processor's memory
   * @param inputs by name
   * @throws CompressionException if it cannot be loaded or the inputs do not fit
   */
  static HeldRun of(Path model, SessionOptions options, Map<String, TensorBuffer> inputs) {
    return new HeldRun(OrtApi.ofThisProcess(), model, options, inputs);
  }

  private static List<String> numericOutputs(Path model) {
    return OnnxReader.read(model).model().graph().outputs().stream()
        .filter(o -> o.type() instanceof ValueType.TensorType t && t.element().isFixedSize())
        .map(ValueInfo::name)
        .toList();
  }

  private Pointer session(Pointer env, Path model, SessionOptions options) {
    try {
      Pointer made = api.make(Call.CREATE_SESSION_OPTIONS);
      try {
        configure(made, options);
        Pointer loaded = api.make(Call.CREATE_SESSION, env, OrtApi.text(model.toString()), made);
        open.push(() -> api.release(Call.RELEASE_SESSION, loaded));
        return loaded;
      } finally {
        api.release(Call.RELEASE_SESSION_OPTIONS, made);
      }
    } catch (OrtCallException e) {
      throw closedAfter(
          new InvalidModelException(
              "ONNX Runtime refuses " + label + ": " + e.getMessage() + ".", e));
    } catch (CompressionException e) {
      throw closedAfter(e);
    }
  }

  private void configure(Pointer made, SessionOptions options) {
    if (options.optimization() != OptimizationLevel.ALL
        || options.profile().isPresent()
        || options.optimizedModel().isPresent()) {
      throw new IllegalArgumentException("Held runs are made with all optimizations, for timing");
    }
    api.call(Call.SET_SESSION_LOG_SEVERITY_LEVEL, made, LOG_FATAL);
    api.call(Call.SET_SESSION_EXECUTION_MODE, made, 0);
    api.call(Call.SET_INTRA_OP_NUM_THREADS, made, options.threads());
    api.call(Call.SET_INTER_OP_NUM_THREADS, made, 1);
    api.call(Call.SET_SESSION_GRAPH_OPTIMIZATION_LEVEL, made, 99);
    options
        .config()
        .forEach(
            (key, value) ->
                api.call(
                    Call.ADD_SESSION_CONFIG_ENTRY, made, OrtApi.text(key), OrtApi.text(value)));
    for (ExecutionProvider provider : options.providers()) {
      try {
        append(made, provider);
      } catch (OrtCallException e) {
        throw new DeviceUnavailableException(
            "ONNX Runtime cannot use its "
                + provider.kind().title()
                + ": "
                + e.getMessage()
                + ". See `compress doctor`.",
            e);
      }
    }
  }

  private void append(Pointer made, ExecutionProvider provider) {
    boolean isCuda = provider.kind() == ExecutionProvider.Kind.CUDA;
    String[] keys = provider.options().keySet().toArray(new String[0]);
    String[] values = provider.options().values().toArray(new String[0]);
    Pointer settings = api.make(isCuda ? Call.CREATE_CUDA_OPTIONS : Call.CREATE_TENSORRT_OPTIONS);
    try {
      api.call(
          isCuda ? Call.UPDATE_CUDA_OPTIONS : Call.UPDATE_TENSORRT_OPTIONS,
          settings,
          new StringArray(keys),
          new StringArray(values),
          (long) keys.length);
      api.call(isCuda ? Call.APPEND_CUDA : Call.APPEND_TENSORRT, made, settings);
    } finally {
      api.release(isCuda ? Call.RELEASE_CUDA_OPTIONS : Call.RELEASE_TENSORRT_OPTIONS, settings);
    }
  }

  private Pointer memory(String name, int device) {
    Pointer info =
        api.make(
            Call.CREATE_MEMORY_INFO, OrtApi.text(name), DEVICE_ALLOCATOR, device, DEFAULT_MEMORY);
    open.push(() -> api.release(Call.RELEASE_MEMORY_INFO, info));
    return info;
  }

  /** Inputs are copied to where they are read; outputs stay where they are asked to. */
  private Pointer bind(Pointer outputsTo) {
    try {
      Pointer made = api.make(Call.CREATE_IO_BINDING, session);
      open.push(() -> api.release(Call.RELEASE_IO_BINDING, made));
      for (Map.Entry<String, TensorBuffer> input : inputs.entrySet()) {
        api.call(Call.BIND_INPUT, made, OrtApi.text(input.getKey()), value(input.getValue()));
      }
      for (String output : outputs) {
        api.call(Call.BIND_OUTPUT_TO_DEVICE, made, OrtApi.text(output), outputsTo);
      }
      api.call(Call.SYNCHRONIZE_BOUND_INPUTS, made);
      return made;
    } catch (OrtCallException e) {
      throw closedAfter(doesNotRun(e));
    }
  }

  private Pointer value(TensorBuffer tensor) {
    ByteBuffer bytes = tensor.bytes();
    if (!bytes.isDirect()) {
      throw new IllegalArgumentException("Held runs take direct buffers");
    }
    long[] dims = tensor.shape().toArray();
    Pointer made =
        api.make(
            Call.CREATE_TENSOR_WITH_DATA_AS_ORT_VALUE,
            processor,
            Native.getDirectBufferPointer(bytes),
            (long) bytes.remaining(),
            dims.length == 0 ? new long[1] : dims,
            (long) dims.length,
            tensor.type().code());
    open.push(() -> api.release(Call.RELEASE_VALUE, made));
    return made;
  }

  private <E extends CompressionException> E closedAfter(E failure) {
    close();
    return failure;
  }

  private InvalidDataException doesNotRun(OrtCallException e) {
    return new InvalidDataException(
        "ONNX Runtime cannot run " + label + " on these inputs: " + e.getMessage() + ".", e);
  }

  @Override
  public void run() {
    if (closed) {
      throw new IllegalStateException("The run of " + label + " is closed");
    }
    Pointer status = runWithBinding.invokePointer(runArguments);
    if (status == null) {
      status = synchronize.invokePointer(synchronizeArguments);
    }
    if (status != null) {
      failed(status);
    }
    ran = true;
  }

  private void failed(Pointer status) {
    try {
      api.check(Call.RUN_WITH_BINDING, status);
    } catch (OrtCallException e) {
      throw doesNotRun(e);
    }
  }

  /** Of one more run, whose outputs come to the processor's memory. */
  @Override
  public Map<String, TensorBuffer> outputs() {
    if (!ran) {
      throw new IllegalStateException("Not run yet");
    }
    Pointer toProcessor = bind(processor);
    try {
      api.call(Call.RUN_WITH_BINDING, session, Pointer.NULL, toProcessor);
      api.call(Call.SYNCHRONIZE_BOUND_OUTPUTS, toProcessor);
      Map<String, TensorBuffer> copies = new LinkedHashMap<>();
      List<Pointer> values = values(toProcessor);
      for (int i = 0; i < values.size(); i++) {
        copies.put(outputs.get(i), copy(values.get(i)));
        api.release(Call.RELEASE_VALUE, values.get(i));
      }
      return copies;
    } catch (OrtCallException e) {
      throw doesNotRun(e);
    }
  }

  /** Where the outputs of the last run lie, such as "Cuda". */
  List<String> outputMemory() {
    List<String> names = new ArrayList<>();
    for (Pointer value : values(binding)) {
      Pointer info = api.make(Call.GET_TENSOR_MEMORY_INFO, value);
      names.add(api.make(Call.MEMORY_INFO_GET_NAME, info).getString(0));
      api.release(Call.RELEASE_VALUE, value);
    }
    return names;
  }

  /** In the order in which they were bound; to be released by the caller. */
  private List<Pointer> values(Pointer of) {
    Pointer allocator = api.make(Call.GET_ALLOCATOR_WITH_DEFAULT_OPTIONS);
    PointerByReference array = new PointerByReference();
    LongByReference count = new LongByReference();
    api.call(Call.GET_BOUND_OUTPUT_VALUES, of, allocator, array, count);
    if (count.getValue() == 0) {
      return List.of();
    }
    List<Pointer> values =
        List.of(array.getValue().getPointerArray(0, Math.toIntExact(count.getValue())));
    api.call(Call.ALLOCATOR_FREE, allocator, array.getValue());
    return values;
  }

  private TensorBuffer copy(Pointer value) {
    Pointer info = api.make(Call.GET_TENSOR_TYPE_AND_SHAPE, value);
    try {
      IntByReference type = new IntByReference();
      api.call(Call.GET_TENSOR_ELEMENT_TYPE, info, type);
      LongByReference rank = new LongByReference();
      api.call(Call.GET_DIMENSIONS_COUNT, info, rank);
      long[] dims = new long[Math.toIntExact(rank.getValue())];
      if (dims.length > 0) {
        api.call(Call.GET_DIMENSIONS, info, dims, rank.getValue());
      }
      TensorBuffer copy = TensorBuffer.allocate(ElementType.of(type.getValue()), Shape.of(dims));
      int bytes = copy.bytes().remaining();
      if (bytes > 0) {
        copy.bytes().put(api.make(Call.GET_TENSOR_MUTABLE_DATA, value).getByteBuffer(0, bytes));
      }
      return copy;
    } finally {
      api.release(Call.RELEASE_TENSOR_TYPE_AND_SHAPE_INFO, info);
    }
  }

  @Override
  public void close() {
    closed = true;
    while (!open.isEmpty()) {
      open.pop().run();
    }
  }
}
