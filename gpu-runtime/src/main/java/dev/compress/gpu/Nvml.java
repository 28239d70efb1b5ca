package dev.compress.gpu;

import com.sun.jna.Function;
import com.sun.jna.Memory;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.IntByReference;
import com.sun.jna.ptr.LongByReference;
import com.sun.jna.ptr.PointerByReference;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * NVIDIA's management library, part of the driver. Every function is looked up when it is called,
 * because drivers have different ones; a missing function answers as the library does itself, with
 * {@link NvmlException#FUNCTION_NOT_FOUND}.
 */
final class Nvml implements AutoCloseable {
  /** The name under which the driver installs it. */
  static final String LIBRARY = "libnvidia-ml.so.1";

  /** Joules of the GPU since the driver was loaded, in millijoules. */
  static final int FIELD_TOTAL_ENERGY = 83;

  /** Watts averaged over about a second, in milliwatts. */
  static final int FIELD_POWER_AVERAGE = 185;

  /** Watts at this moment, in milliwatts. */
  static final int FIELD_POWER_INSTANT = 186;

  /** A field of the GPU alone. */
  static final int SCOPE_GPU = 0;

  /** A field of the module: on Grace Hopper the processor as well. */
  static final int SCOPE_MODULE = 1;

  private static final int FIELD_VALUE_BYTES = 40;
  private static final int SCOPE_OFFSET = 4;
  private static final int VALUE_TYPE_OFFSET = 24;
  private static final int RETURN_OFFSET = 28;
  private static final int VALUE_OFFSET = 32;
  private static final int UUID_BYTES = 96;

  /** {@code nvmlPciInfo_t}: the bus id's older, shorter form comes first. */
  private static final int PCI_INFO_BYTES = 68;

  private static final int PCI_BUS_ID_OFFSET = 36;
  private static final int PCI_BUS_ID_BYTES = 32;

  /** {@code nvmlProcessInfo_t} of the third version. */
  private static final int PROCESS_BYTES = 24;

  private static final int MOST_PROCESSES = 256;
  private static final int INSUFFICIENT_SIZE = 7;

  private final NativeLibrary library;
  private boolean closed;

  private Nvml(NativeLibrary library) {
    this.library = library;
  }

  /**
   * Loads and initialises the library.
   *
   * @param name {@link #LIBRARY}, or a path
   * @throws NvmlException if it is not there or the driver does not answer
   */
  static Nvml open(String name) throws NvmlException {
    Nvml nvml;
    try {
      nvml = new Nvml(NativeLibrary.getInstance(name));
    } catch (LinkageError e) {
      throw new NvmlException(
          NvmlException.LIBRARY_NOT_FOUND, name + " is not installed: no NVIDIA driver", e);
    }
    nvml.call("nvmlInit_v2");
    return nvml;
  }

  /** How many GPUs the driver shows. */
  int count() throws NvmlException {
    IntByReference count = new IntByReference();
    call("nvmlDeviceGetCount_v2", count);
    return count.getValue();
  }

  /** A GPU, by the driver's own count. */
  Device device(int index) throws NvmlException {
    PointerByReference handle = new PointerByReference();
    call("nvmlDeviceGetHandleByIndex_v2", index, handle);
    return new Device(this, index, handle.getValue());
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      try {
        call("nvmlShutdown");
      } catch (NvmlException e) {
        closed = true; // nothing is left to let go of
      }
    }
  }

  private void call(String function, Object... arguments) throws NvmlException {
    int code;
    try {
      code = library.getFunction(function).invokeInt(arguments);
    } catch (LinkageError e) {
      throw new NvmlException(
          NvmlException.FUNCTION_NOT_FOUND, function + " is missing in this driver", e);
    }
    if (code != 0) {
      throw new NvmlException(code, function + ": " + text(code));
    }
  }

  private String text(int code) {
    try {
      Function function = library.getFunction("nvmlErrorString");
      Pointer text = function.invokePointer(new Object[] {code});
      return text == null ? "error " + code : text.getString(0);
    } catch (LinkageError e) {
      return "error " + code;
    }
  }

  /** One GPU. */
  static final class Device {
    private final Nvml nvml;
    private final int index;
    private final Pointer handle;

    private Device(Nvml nvml, int index, Pointer handle) {
      this.nvml = nvml;
      this.index = index;
      this.handle = handle;
    }

    int index() {
      return index;
    }

    /** Its name for ever, such as "GPU-8f2...". */
    String uuid() throws NvmlException {
      byte[] text = new byte[UUID_BYTES];
      nvml.call("nvmlDeviceGetUUID", handle, text, UUID_BYTES);
      return string(text);
    }

    /** What kind of GPU it is. */
    String name() throws NvmlException {
      byte[] text = new byte[UUID_BYTES];
      nvml.call("nvmlDeviceGetName", handle, text, UUID_BYTES);
      return string(text);
    }

    /** Where it is plugged in, such as "00000000:01:00.0". */
    String pciBusId() throws NvmlException {
      try (Memory info = new Memory(PCI_INFO_BYTES)) {
        info.clear();
        nvml.call("nvmlDeviceGetPciInfo_v3", handle, info);
        return string(info.getByteArray(PCI_BUS_ID_OFFSET, PCI_BUS_ID_BYTES));
      }
    }

    /** Millijoules since the driver was loaded (Volta and later). */
    long energyMillijoules() throws NvmlException {
      LongByReference energy = new LongByReference();
      nvml.call("nvmlDeviceGetTotalEnergyConsumption", handle, energy);
      return energy.getValue();
    }

    /** Milliwatts: averaged over a second on most of Ampere and later. */
    int powerMilliwatts() throws NvmlException {
      IntByReference power = new IntByReference();
      nvml.call("nvmlDeviceGetPowerUsage", handle, power);
      return power.getValue();
    }

    /** A field's value. */
    long field(int field, int scope) throws NvmlException {
      try (Memory value = new Memory(FIELD_VALUE_BYTES)) {
        value.clear();
        value.setInt(0, field);
        value.setInt(SCOPE_OFFSET, scope);
        nvml.call("nvmlDeviceGetFieldValues", handle, 1, value);
        int code = value.getInt(RETURN_OFFSET);
        if (code != 0) {
          throw new NvmlException(code, "field " + field + ": " + nvml.text(code));
        }
        return switch (value.getInt(VALUE_TYPE_OFFSET)) {
          case 0 -> (long) value.getDouble(VALUE_OFFSET);
          case 1 -> Integer.toUnsignedLong(value.getInt(VALUE_OFFSET));
          case 5 -> value.getInt(VALUE_OFFSET);
          default -> value.getLong(VALUE_OFFSET);
        };
      }
    }

    /** Why its clocks are lowered, as NVML's bits. */
    long throttleReasons() throws NvmlException {
      LongByReference reasons = new LongByReference();
      nvml.call("nvmlDeviceGetCurrentClocksThrottleReasons", handle, reasons);
      return reasons.getValue();
    }

    /** Which processes compute on it. */
    List<Long> computeProcesses() throws NvmlException {
      try (Memory processes = new Memory((long) PROCESS_BYTES * MOST_PROCESSES)) {
        processes.clear();
        IntByReference count = new IntByReference(MOST_PROCESSES);
        try {
          nvml.call("nvmlDeviceGetComputeRunningProcesses_v3", handle, count, processes);
        } catch (NvmlException e) {
          if (e.code() != INSUFFICIENT_SIZE) {
            throw e;
          }
        }
        List<Long> pids = new ArrayList<>();
        for (int i = 0; i < Math.min(MOST_PROCESSES, count.getValue()); i++) {
          pids.add(Integer.toUnsignedLong(processes.getInt((long) i * PROCESS_BYTES)));
        }
        return pids;
      }
    }

    private static String string(byte[] text) {
      int end = 0;
      while (end < text.length && text[end] != 0) {
        end++;
      }
      return new String(text, 0, end, StandardCharsets.UTF_8);
    }
  }
}
