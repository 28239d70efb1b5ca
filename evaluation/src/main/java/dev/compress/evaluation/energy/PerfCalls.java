package dev.compress.evaluation.energy;

import com.sun.jna.Function;
import com.sun.jna.LastErrorException;
import com.sun.jna.Memory;
import java.io.IOException;
import java.util.Locale;

/** The system calls behind perf events, which Java has no way to make. */
interface PerfCalls {
  /**
   * Opens a counter on a processor, for all processes.
   *
   * @param type of the event's device
   * @param config the event
   * @param cpu where
   * @return a file descriptor
   * @throws IOException if the kernel refuses
   */
  int open(int type, long config, int cpu) throws IOException;

  /** The count since it was opened. */
  long read(int descriptor) throws IOException;

  /** Lets go of a counter. */
  void close(int descriptor);

  /**
   * This machine's.
   *
   * @throws IOException if this is no Linux on a processor that is known here
   */
  static PerfCalls system() throws IOException {
    String os = System.getProperty("os.name", "");
    String arch = System.getProperty("os.arch", "").toLowerCase(Locale.ROOT);
    if (!os.startsWith("Linux")) {
      throw new IOException("perf events are Linux's, and this is " + os);
    }
    return switch (arch) {
      case "amd64", "x86_64" -> new NativeCalls(298);
      case "aarch64" -> new NativeCalls(241);
      default -> throw new IOException("the number of perf_event_open is not known for " + arch);
    };
  }

  /** Through the C library. */
  final class NativeCalls implements PerfCalls {
    /** The first published size of {@code struct perf_event_attr}; the rest is zero. */
    private static final int ATTR_BYTES = 64;

    private static final int CONFIG_OFFSET = 8;
    private static final long CLOSE_ON_EXEC = 8;

    private final long perfEventOpen;
    private final Function syscall;
    private final Function read;
    private final Function close;

    NativeCalls(long perfEventOpen) throws IOException {
      this.perfEventOpen = perfEventOpen;
      try {
        this.syscall = Function.getFunction("c", "syscall", Function.THROW_LAST_ERROR);
        this.read = Function.getFunction("c", "read", Function.THROW_LAST_ERROR);
        this.close = Function.getFunction("c", "close");
      } catch (LinkageError e) {
        throw new IOException("the C library cannot be called: " + e.getMessage(), e);
      }
    }

    @Override
    public int open(int type, long config, int cpu) throws IOException {
      try (Memory attr = new Memory(ATTR_BYTES)) {
        attr.clear();
        attr.setInt(0, type);
        attr.setInt(4, ATTR_BYTES);
        attr.setLong(CONFIG_OFFSET, config);
        Object[] arguments = {perfEventOpen, attr, -1L, (long) cpu, -1L, CLOSE_ON_EXEC};
        return (int) syscall.invokeLong(arguments);
      } catch (LastErrorException e) {
        throw new IOException("perf_event_open: " + e.getMessage(), e);
      }
    }

    @Override
    public long read(int descriptor) throws IOException {
      try (Memory value = new Memory(Long.BYTES)) {
        long bytes = read.invokeLong(new Object[] {descriptor, value, (long) Long.BYTES});
        if (bytes != Long.BYTES) {
          throw new IOException("a perf event gave " + bytes + " bytes");
        }
        return value.getLong(0);
      } catch (LastErrorException e) {
        throw new IOException("reading a perf event: " + e.getMessage(), e);
      }
    }

    @Override
    public void close(int descriptor) {
      close.invokeInt(new Object[] {descriptor});
    }
  }
}
