package dev.compress.cli;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Ctrl-C and its like: tells the work to stop and gives it time to take its temporary files away
 * before the process ends.
 *
 * <p>The signal itself is caught where Java lets it. Waiting in a shutdown hook alone would not do:
 * hooks run side by side, and the one of ONNX Runtime takes its environment away from sessions that
 * are still at work.
 */
final class Interruption {
  private static final long PATIENCE_SECONDS = 10;
  private static final List<String> SIGNALS = List.of("INT", "TERM", "HUP");

  private final AtomicBoolean requested = new AtomicBoolean();
  private final CountDownLatch finished = new CountDownLatch(1);
  private volatile boolean signalled;
  private volatile int exitCode = ExitCode.INTERRUPTED;

  /** Listens from now on. */
  static Interruption listen() {
    Interruption interruption = new Interruption();
    try {
      interruption.catchSignals();
    } catch (ReflectiveOperationException e) {
      // A Java without sun.misc.Signal: the hook below does what it can.
    }
    Runtime.getRuntime().addShutdownHook(new Thread(interruption::stop, "interruption"));
    return interruption;
  }

  /** By reflection, because the compiler warns of sun.misc.Signal and there is nothing else. */
  private void catchSignals() throws ReflectiveOperationException {
    Class<?> signal = Class.forName("sun.misc.Signal");
    Class<?> handlerType = Class.forName("sun.misc.SignalHandler");
    Method number = signal.getMethod("getNumber");
    Object handler =
        Proxy.newProxyInstance(
            handlerType.getClassLoader(),
            new Class<?>[] {handlerType},
            (proxy, method, arguments) -> {
              if (method.getName().equals("handle")) {
                caught((int) number.invoke(arguments[0]));
                return null;
              }
              return method.invoke(this, arguments); // equals, hashCode, toString
            });
    for (String name : SIGNALS) {
      try {
        Object one = signal.getConstructor(String.class).newInstance(name);
        signal.getMethod("handle", signal, handlerType).invoke(null, one, handler);
      } catch (InvocationTargetException e) {
        // Not a signal of this system, or one that this Java keeps for itself.
      }
    }
  }

  private void caught(int number) {
    exitCode = 128 + number;
    signalled = true;
    if (requested.getAndSet(true)) {
      Runtime.getRuntime().halt(exitCode); // asked twice: at once
    }
    Thread end = new Thread(this::stopAndExit, "interruption");
    end.setDaemon(true);
    end.start();
  }

  private void stopAndExit() {
    await();
    if (finished.getCount() > 0) {
      System.exit(exitCode);
    }
  }

  private void stop() {
    requested.set(true);
    await();
  }

  /** Work that has heeded the wish, and says so by taking it back, is given the time it takes. */
  private void await() {
    try {
      boolean over;
      do {
        over = finished.await(PATIENCE_SECONDS, TimeUnit.SECONDS);
      } while (!over && !requested.get());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Set once the user wants the work to stop. */
  AtomicBoolean requested() {
    return requested;
  }

  /**
   * The work is over and its messages are printed: the process may end.
   *
   * @param code the exit code of the work
   * @return the exit code of the process
   */
  int finished(int code) {
    int result = signalled || requested.get() ? exitCode : code;
    finished.countDown();
    return result;
  }
}
