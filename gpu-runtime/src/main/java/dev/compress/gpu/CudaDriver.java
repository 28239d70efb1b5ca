package dev.compress.gpu;

import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.IntByReference;
import com.sun.jna.ptr.PointerByReference;
import dev.compress.runtime.DeviceIdentity;
import java.nio.charset.StandardCharsets;

/**
 * The CUDA driver's API, asked for what a device is. It reads {@code CUDA_DEVICE_ORDER} and {@code
 * CUDA_VISIBLE_DEVICES} when it is loaded, so those must be in the environment before the process
 * begins; in return its answer holds whatever they say.
 */
final class CudaDriver {
  private static final int NAME_BYTES = 256;
  private static final int UUID_BYTES = 16;
  private static final int BUS_ID_BYTES = 32;
  private static final int CAPABILITY_MAJOR = 75;
  private static final int CAPABILITY_MINOR = 76;

  private final NativeLibrary library;

  private CudaDriver(NativeLibrary library) {
    this.library = library;
  }

  /**
   * Loads and initialises the driver.
   *
   * @param name {@link CudaRequirements#DRIVER}, or a path
   * @throws CudaException if it is not there, or sees no GPU
   */
  static CudaDriver open(String name) throws CudaException {
    CudaDriver driver;
    try {
      driver = new CudaDriver(NativeLibrary.getInstance(name));
    } catch (LinkageError e) {
      throw new CudaException(name + " cannot be loaded: no NVIDIA driver", e);
    }
    driver.call("cuInit", 0);
    return driver;
  }

  /** How many devices there are, of those that are visible. */
  int count() throws CudaException {
    IntByReference count = new IntByReference();
    call("cuDeviceGetCount", count);
    return count.getValue();
  }

  /**
   * What a device is.
   *
   * @param index as CUDA counts
   * @throws CudaException if there is none of that number
   */
  DeviceIdentity identify(int index) throws CudaException {
    int count = count();
    if (index >= count) {
      throw new CudaException(
          "there " + (count == 1 ? "is 1 GPU" : "are " + count + " GPUs") + ", counted from 0",
          null);
    }
    IntByReference handle = new IntByReference();
    call("cuDeviceGet", handle, index);
    int device = handle.getValue();
    IntByReference version = new IntByReference();
    call("cuDriverGetVersion", version);
    return new DeviceIdentity(
        text("cuDeviceGetName", NAME_BYTES, device),
        uuid(device),
        text("cuDeviceGetPCIBusId", BUS_ID_BYTES, device),
        attribute(CAPABILITY_MAJOR, device) + "." + attribute(CAPABILITY_MINOR, device),
        memory(device),
        "CUDA " + version.getValue() / 1000 + "." + version.getValue() % 1000 / 10);
  }

  private String text(String function, int bytes, int device) throws CudaException {
    byte[] text = new byte[bytes];
    call(function, text, bytes, device);
    return Native.toString(text, StandardCharsets.UTF_8);
  }

  /** In the form in which NVML writes it. */
  private String uuid(int device) throws CudaException {
    byte[] bytes = new byte[UUID_BYTES];
    call("cuDeviceGetUuid_v2", bytes, device);
    StringBuilder text = new StringBuilder("GPU-");
    for (int i = 0; i < UUID_BYTES; i++) {
      if (i == 4 || i == 6 || i == 8 || i == 10) {
        text.append('-');
      }
      text.append(Character.forDigit(bytes[i] >> 4 & 0xf, 16));
      text.append(Character.forDigit(bytes[i] & 0xf, 16));
    }
    return text.toString();
  }

  private int attribute(int attribute, int device) throws CudaException {
    IntByReference value = new IntByReference();
    call("cuDeviceGetAttribute", value, attribute, device);
    return value.getValue();
  }

  private long memory(int device) throws CudaException {
    try (Memory bytes = new Memory(Long.BYTES)) {
      bytes.clear();
      call("cuDeviceTotalMem_v2", bytes, device);
      return bytes.getLong(0);
    }
  }

  private void call(String function, Object... arguments) throws CudaException {
    int code;
    try {
      code = library.getFunction(function).invokeInt(arguments);
    } catch (LinkageError e) {
      throw new CudaException(function + " is missing in this driver", e);
    }
    if (code != 0) {
      throw new CudaException(function + ": " + text(code), null);
    }
  }

  private String text(int code) {
    try {
      PointerByReference text = new PointerByReference();
      library.getFunction("cuGetErrorString").invokeInt(new Object[] {code, text});
      Pointer found = text.getValue();
      return found == null ? "error " + code : found.getString(0) + " (" + code + ")";
    } catch (LinkageError e) {
      return "error " + code;
    }
  }
}
