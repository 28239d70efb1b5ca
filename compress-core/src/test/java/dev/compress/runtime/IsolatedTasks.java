package dev.compress.runtime;

import dev.compress.error.InvalidModelException;
import dev.compress.onnx.OnnxReader;
import java.lang.reflect.Field;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Work for child processes. */
public final class IsolatedTasks {
  private IsolatedTasks() {}

  /** Says which process it is in, and what it was told. */
  public static final class Echo implements IsolatedTask<String, String> {
    @Override
    public String run(String input) {
      return ProcessHandle.current().pid() + " " + input;
    }
  }

  /** Dies in the way it is told. */
  public static final class Die implements IsolatedTask<String, String> {
    @Override
    public String run(String how) {
      switch (how) {
        case "abort" -> Runtime.getRuntime().halt(134);
        case "kill" -> ProcessHandle.of(ProcessHandle.current().pid()).ifPresent(Die::kill);
        case "segfault" -> writeToAddressZero();
        case "exit" -> Runtime.getRuntime().halt(3);
        case "memory" -> {
          List<long[]> all = new ArrayList<>();
          while (all.size() < 1 << 20) {
            all.add(new long[1 << 20]);
          }
        }
        case "bug" -> throw new IllegalArgumentException("a bug here");
        default -> throw new InvalidModelException("the model is bad");
      }
      return "alive";
    }

    private static void kill(ProcessHandle self) {
      try {
        new ProcessBuilder("kill", "-KILL", Long.toString(self.pid())).start().waitFor();
      } catch (java.io.IOException | InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }

    private static void writeToAddressZero() {
      try {
        Class<?> type = Class.forName("sun.misc.Unsafe");
        Field field = type.getDeclaredField("theUnsafe");
        field.setAccessible(true);
        type.getMethod("putAddress", long.class, long.class).invoke(field.get(null), 0L, 1L);
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  /** Never ends of itself. */
  public static final class Sleep implements IsolatedTask<String, String> {
    @Override
    public String run(String input) {
      try {
        Thread.sleep(600_000);
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
      return "awake";
    }
  }

  /** Reports the kernels of a model, on made-up inputs. */
  public static final class Kernels implements IsolatedTask<String, KernelReport> {
    @Override
    public KernelReport run(String path) {
      var model = OnnxReader.read(Path.of(path)).model();
      try (InferenceSession session = InferenceSession.open(Path.of(path), SessionOptions.of(1))) {
        var inputs = SerializedTensors.of(RandomInputs.thatRun(model, session).next(1)).toTensors();
        return KernelReport.of(model, inputs, 1);
      }
    }
  }

  /** Takes and gives back twice so many bytes, takes them once, and tells the rise of that. */
  public static final class Rise implements IsolatedTask<Integer, Long> {
    @Override
    public Long run(Integer bytes) {
      long before = resident();
      touch(2 * bytes);
      for (int i = 0; i < 500 && resident() > before + bytes; i++) {
        System.gc(); // the memory goes with the buffer, a while later
      }
      MemoryRise rise = new MemoryRise();
      ByteBuffer more = touch(bytes);
      long risen = rise.bytes().orElseThrow();
      return more.get(0) == 1 ? risen : -1;
    }

    private static long resident() {
      return ProcessMemory.residentBytes(ProcessHandle.current().pid()).orElseThrow();
    }

    private static ByteBuffer touch(int bytes) {
      ByteBuffer buffer = ByteBuffer.allocateDirect(bytes);
      for (int i = 0; i < bytes; i += 1024) {
        buffer.put(i, (byte) 1);
      }
      return buffer;
    }
  }
}
