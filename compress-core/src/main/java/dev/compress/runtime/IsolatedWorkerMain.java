package dev.compress.runtime;

import dev.compress.error.CompressionException;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.PrintWriter;
import java.io.Serializable;
import java.io.StringWriter;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;

/** The child process of {@link IsolatedWorker}: answers requests until its parent is gone. */
final class IsolatedWorkerMain {
  private static final int BUFFER = 1 << 16;

  private IsolatedWorkerMain() {}

  /**
   * Serves.
   *
   * @param args the socket's file, and the class name of the service
   */
  public static void main(String[] args) throws IOException, ReflectiveOperationException {
    try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(args[0]));
        IsolatedService<?, ?> service =
            Class.forName(args[1])
                .asSubclass(IsolatedService.class)
                .getConstructor()
                .newInstance()) {
      ObjectOutputStream out =
          new ObjectOutputStream(
              new BufferedOutputStream(Channels.newOutputStream(channel), BUFFER));
      out.flush();
      ObjectInputStream in =
          new ObjectInputStream(new BufferedInputStream(Channels.newInputStream(channel), BUFFER));
      while (true) {
        out.writeObject(respond(service, (Serializable) in.readUnshared()));
        out.reset(); // or it would keep every tensor it ever sent
        out.flush();
      }
    } catch (EOFException e) {
      // The parent has closed its end: that is all.
    }
  }

  private static IsolatedMain.Response respond(
      IsolatedService<?, ?> service, Serializable request) {
    try {
      return new IsolatedMain.Response(call(service, request), "", "");
    } catch (CompressionException e) {
      return new IsolatedMain.Response(
          null, e.getClass().getName(), String.valueOf(e.getMessage()));
    } catch (RuntimeException | Error e) {
      StringWriter trace = new StringWriter();
      e.printStackTrace(new PrintWriter(trace, true));
      return new IsolatedMain.Response(null, e.getClass().getName(), trace.toString());
    }
  }

  @SuppressWarnings("unchecked") // the parent was given both as one type
  private static <I extends Serializable> Serializable call(
      IsolatedService<I, ?> service, Serializable request) {
    return service.call((I) request);
  }
}
