package dev.compress.pass;

import dev.compress.graph.OnnxModel;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What passes found out about a model, for those that ask about the same instance again, such as
 * its shapes. Keeps the last models only. Thread-safe.
 */
public final class Memo {
  private static final int MOST_MODELS = 2;

  private record Entry(OnnxModel model, Map<Class<?>, Object> facts) {}

  private final Deque<Entry> entries = new ArrayDeque<>();

  /** Remembers nothing yet. */
  public Memo() {}

  /**
   * Something kept before.
   *
   * @param model the instance that it is about
   * @param kind what is looked for
   */
  public synchronized <T> Optional<T> find(OnnxModel model, Class<T> kind) {
    for (Entry entry : entries) {
      if (entry.model() == model) {
        return Optional.ofNullable(kind.cast(entry.facts().get(kind)));
      }
    }
    return Optional.empty();
  }

  /**
   * Keeps something, in the place of what was kept of that class.
   *
   * @param model the instance that it is about
   * @param fact immutable
   */
  public synchronized void keep(OnnxModel model, Object fact) {
    for (Entry entry : entries) {
      if (entry.model() == model) {
        entry.facts().put(fact.getClass(), fact);
        return;
      }
    }
    if (entries.size() == MOST_MODELS) {
      entries.removeFirst();
    }
    Map<Class<?>, Object> facts = new HashMap<>();
    facts.put(fact.getClass(), fact);
    entries.addLast(new Entry(model, facts));
  }
}
