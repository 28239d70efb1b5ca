package dev.compress.cli.console;

import dev.compress.progress.Progress;
import java.io.PrintStream;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Draws one line of progress on standard error, from two seconds on, and only if that is a screen.
 * Thread-safe.
 */
public final class TerminalProgress implements Progress, AutoCloseable {
  private static final long QUIET_NANOS = 2_000_000_000L;
  private static final long FRAME_MILLIS = 100;
  private static final int BAR = 24;
  private static final int STAGE = 28;

  /** What is under way; replaced as a whole, so that a frame never mixes two stages. */
  private static final class Stage {
    final String name;
    final long total;
    final long startNanos = System.nanoTime();
    final AtomicLong done = new AtomicLong();

    Stage(String name, long total) {
      this.name = name;
      this.total = total;
    }
  }

  private final @Nullable Terminal terminal;
  private final AtomicBoolean cancelled;
  private final long startNanos = System.nanoTime();
  private final Object drawing = new Object();
  private volatile @Nullable Stage stage;
  private volatile String status = "";
  private volatile boolean closed;
  private @Nullable Thread painter;
  private boolean drawn;

  /**
   * Progress of one job.
   *
   * @param terminal where to draw, if standard error is a screen
   * @param quiet whether to draw nothing all the same
   * @param cancelled set by whoever wants the work to stop
   */
  public TerminalProgress(Terminal terminal, boolean quiet, AtomicBoolean cancelled) {
    this.terminal = quiet || !terminal.errIsScreen() ? null : terminal;
    this.cancelled = cancelled;
  }

  @Override
  public void begin(String name, long total) {
    status = "";
    stage = new Stage(name, total);
    Terminal screen = terminal;
    if (screen != null) {
      synchronized (drawing) {
        if (painter == null && !closed) {
          painter = new Thread(() -> paint(screen), "progress");
          painter.setDaemon(true);
          painter.start();
        }
      }
    }
  }

  @Override
  public void advance(long steps) {
    Stage current = stage;
    if (current != null) {
      current.done.addAndGet(steps);
    }
  }

  @Override
  public void status(String text) {
    status = text;
  }

  @Override
  public boolean cancelled() {
    return cancelled.get();
  }

  /** The next wish to stop is a new one. */
  @Override
  public void heeded() {
    cancelled.set(false);
  }

  private void paint(Terminal screen) {
    try {
      long wait = QUIET_NANOS - (System.nanoTime() - startNanos);
      if (wait > 0) {
        Thread.sleep(wait / 1_000_000 + 1);
      }
      while (!closed) {
        synchronized (drawing) {
          Stage current = stage;
          if (!closed && current != null) {
            String frame = frame(current, screen.unicode());
            String note = status;
            Style style = new Style(false, screen.unicode());
            int most = Math.max(1, screen.width() - 1);
            draw(
                screen.err(),
                note.isEmpty() ? frame : Text.shorten(frame + "  " + note, most, style));
          }
        }
        Thread.sleep(FRAME_MILLIS);
      }
    } catch (InterruptedException e) {
      // close() ends the thread.
    }
  }

  private void draw(PrintStream err, String text) {
    err.print("\r" + Style.onScreen(text, false) + "\u001b[K");
    err.flush();
    drawn = true;
  }

  private static String frame(Stage stage, boolean unicode) {
    long done = stage.done.get();
    return line(
        stage.name, done, stage.total, (System.nanoTime() - stage.startNanos) / 1e9, unicode);
  }

  /** One frame: name, bar, share, time; without a known total the time only. */
  static String line(String name, long done, long total, double seconds, boolean unicode) {
    Style style = new Style(false, unicode);
    StringBuilder line = new StringBuilder();
    String shown = Text.shorten(name, STAGE, style);
    line.append(shown).append(" ".repeat(STAGE - Style.width(shown))).append("  ");
    if (total > 0) {
      double share = Math.max(0, Math.min(1, (double) done / total));
      int full = (int) (share * BAR);
      line.append((unicode ? "█" : "#").repeat(full))
          .append((unicode ? "░" : ".").repeat(BAR - full))
          .append(String.format(Locale.ROOT, " %3d%%", (int) (share * 100)));
    }
    long whole = (long) seconds;
    return line + String.format(Locale.ROOT, "  %d:%02d", whole / 60, whole % 60);
  }

  /** Takes the line away. */
  @Override
  public void close() {
    Terminal screen = terminal;
    synchronized (drawing) {
      closed = true;
      if (painter != null) {
        painter.interrupt();
      }
      if (drawn && screen != null) {
        screen.err().print("\r\u001b[K");
        screen.err().flush();
        drawn = false;
      }
    }
  }
}
