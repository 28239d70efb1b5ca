package dev.compress.runtime;

import dev.compress.error.InvalidModelException;

/** Services for child processes. */
public final class IsolatedServices {
  private IsolatedServices() {}

  /** Counts what it was told, and ends as it is told. */
  public static final class Counter implements IsolatedService<String, String> {
    private int calls;

    @Override
    public String call(String request) {
      calls++;
      switch (request) {
        case "refuse" -> throw new InvalidModelException("the model is bad");
        case "sleep" -> new IsolatedTasks.Sleep().run("");
        case "print" -> System.out.println("noise on standard output");
        default -> {
          if (request.startsWith("env ")) {
            return String.valueOf(System.getenv(request.substring(4)));
          }
          if (request.startsWith("property ")) {
            return String.valueOf(System.getProperty(request.substring(9)));
          }
          if (request.startsWith("die ")) {
            return new IsolatedTasks.Die().run(request.substring(4));
          }
        }
      }
      return calls + " " + request;
    }

    @Override
    public void close() {}
  }
}
