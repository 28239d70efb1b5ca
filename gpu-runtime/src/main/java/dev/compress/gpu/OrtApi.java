package dev.compress.gpu;

import com.sun.jna.Function;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.PointerByReference;
import dev.compress.error.DeviceUnavailableException;
import dev.compress.runtime.RuntimeInfo;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;

/**
 * ONNX Runtime's C API, for the one thing that its Java lacks: IoBinding. It is a table of
 * functions whose places never change, new ones being added at the end; the table that is asked for
 * is an old one, of which every later runtime has the beginning. The library is the one that Java
 * has loaded already.
 */
final class OrtApi {
  /** By its name as a shared object, under which the loader knows it once it is loaded. */
  private static final String LIBRARY = "libonnxruntime.so.1";

  /** The first table that has all of {@link Call}. */
  private static final int API_VERSION = 11;

  private static final String ENTRY = "OrtGetApiBase";

  /** The functions that are used, by their places in the table. */
  enum Call {
    GET_ERROR_MESSAGE(2),
    CREATE_ENV(3),
    CREATE_SESSION(7),
    CREATE_SESSION_OPTIONS(10),
    SET_SESSION_EXECUTION_MODE(13),
    SET_SESSION_LOG_SEVERITY_LEVEL(22),
    SET_SESSION_GRAPH_OPTIMIZATION_LEVEL(23),
    SET_INTRA_OP_NUM_THREADS(24),
    SET_INTER_OP_NUM_THREADS(25),
    CREATE_TENSOR_WITH_DATA_AS_ORT_VALUE(49),
    GET_TENSOR_MUTABLE_DATA(51),
    GET_TENSOR_ELEMENT_TYPE(60),
    GET_DIMENSIONS_COUNT(61),
    GET_DIMENSIONS(62),
    GET_TENSOR_TYPE_AND_SHAPE(65),
    CREATE_MEMORY_INFO(68),
    MEMORY_INFO_GET_NAME(71),
    ALLOCATOR_FREE(76),
    GET_ALLOCATOR_WITH_DEFAULT_OPTIONS(78),
    RELEASE_ENV(92),
    RELEASE_STATUS(93),
    RELEASE_MEMORY_INFO(94),
    RELEASE_SESSION(95),
    RELEASE_VALUE(96),
    RELEASE_TENSOR_TYPE_AND_SHAPE_INFO(99),
    RELEASE_SESSION_OPTIONS(100),
    ADD_SESSION_CONFIG_ENTRY(130),
    RUN_WITH_BINDING(133),
    CREATE_IO_BINDING(134),
    RELEASE_IO_BINDING(135),
    BIND_INPUT(136),
    BIND_OUTPUT_TO_DEVICE(138),
    GET_BOUND_OUTPUT_VALUES(140),
    APPEND_TENSORRT(170),
    CREATE_TENSORRT_OPTIONS(171),
    UPDATE_TENSORRT_OPTIONS(172),
    RELEASE_TENSORRT_OPTIONS(174),
    GET_TENSOR_MEMORY_INFO(194),
    SYNCHRONIZE_BOUND_INPUTS(202),
    SYNCHRONIZE_BOUND_OUTPUTS(203),
    APPEND_CUDA(204),
    CREATE_CUDA_OPTIONS(205),
    UPDATE_CUDA_OPTIONS(206),
    RELEASE_CUDA_OPTIONS(208);

    private final int place;

    Call(int place) {
      this.place = place;
    }
  }

  private final String version;
  private final Map<Call, Function> functions = new EnumMap<>(Call.class);

  private OrtApi(String version, Pointer table) {
    this.version = version;
    for (Call call : Call.values()) {
      Pointer at = table.getPointer((long) call.place * Native.POINTER_SIZE);
      functions.put(call, Function.getFunction(at));
    }
  }

  /**
   * The API of the runtime that this process runs.
   *
   * @throws DeviceUnavailableException if it cannot be reached
   */
  static OrtApi ofThisProcess() {
    RuntimeInfo runtime = RuntimeInfo.get(); // loads it
    try {
      Pointer base =
          NativeLibrary.getInstance(LIBRARY).getFunction(ENTRY).invokePointer(new Object[0]);
      Function getApi = Function.getFunction(base.getPointer(0));
      Function getVersion = Function.getFunction(base.getPointer(Native.POINTER_SIZE));
      String version = getVersion.invokeString(new Object[0], false);
      Pointer table = getApi.invokePointer(new Object[] {API_VERSION});
      if (table == null || !version.equals(runtime.version())) {
        throw new DeviceUnavailableException(
            "ONNX Runtime's C API answers as "
                + version
                + ", and its Java as "
                + runtime.version()
                + ". Take both from one release.");
      }
      return new OrtApi(version, table);
    } catch (LinkageError e) {
      throw new DeviceUnavailableException(
          "ONNX Runtime's C API cannot be reached: "
              + e.getMessage()
              + ". It is looked for on Linux only.",
          e);
    }
  }

  /** The runtime's version, by its own word. */
  String version() {
    return version;
  }

  /** A function whose answer is a status. */
  Function function(Call call) {
    return Objects.requireNonNull(functions.get(call));
  }

  /**
   * Calls a function whose answer is a status.
   *
   * @throws OrtCallException if it did not work
   */
  void call(Call call, Object... arguments) {
    check(call, function(call).invokePointer(arguments));
  }

  /** Calls a function whose last argument is where it puts what it makes. */
  Pointer make(Call call, Object... arguments) {
    PointerByReference made = new PointerByReference();
    Object[] all = Arrays.copyOf(arguments, arguments.length + 1);
    all[arguments.length] = made;
    call(call, all);
    return made.getValue();
  }

  /** Calls a function that answers nothing, such as one that frees. */
  void release(Call call, Pointer what) {
    function(call).invokeVoid(new Object[] {what});
  }

  /**
   * Turns a status into an exception.
   *
   * @throws OrtCallException if it is not null, which is the good one
   */
  void check(Call call, Pointer status) {
    if (status != null) {
      String message = function(Call.GET_ERROR_MESSAGE).invokeString(new Object[] {status}, false);
      release(Call.RELEASE_STATUS, status);
      throw new OrtCallException(call, message);
    }
  }

  /** A text as C has it. */
  static byte[] text(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return Arrays.copyOf(bytes, bytes.length + 1);
  }
}
