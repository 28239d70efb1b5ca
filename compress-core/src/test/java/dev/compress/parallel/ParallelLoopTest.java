package dev.compress.parallel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class ParallelLoopTest {
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 5})
  void resultsArriveInOrderAndFewWait(int threads) {
    List<Integer> seen = new ArrayList<>();
    AtomicInteger started = new AtomicInteger();
    ParallelLoop.run(
        500,
        threads,
        piece -> {
          started.incrementAndGet();
          return piece;
        },
        piece -> {
          seen.add(piece);
          assertThat(started.get() - seen.size()).isLessThanOrEqualTo(2 * threads + threads);
        });
    assertThat(seen).hasSize(500).isSorted().doesNotHaveDuplicates();
  }

  @Test
  void severalThreadsWorkAtOnce() {
    Set<Thread> threads = ConcurrentHashMap.newKeySet();
    CountDownLatch both = new CountDownLatch(2);
    ParallelLoop.run(
        2,
        2,
        piece -> {
          threads.add(Thread.currentThread());
          both.countDown();
          try {
            both.await(); // would hang if one thread did both
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
        });
    assertThat(threads).hasSize(2).contains(Thread.currentThread());
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void aFailureEndsTheLoopAndReachesTheCaller(int threads) {
    AtomicInteger done = new AtomicInteger();
    assertThatThrownBy(
            () ->
                ParallelLoop.run(
                    100_000,
                    threads,
                    piece -> {
                      if (piece == 40) {
                        throw new IllegalArgumentException("piece 40");
                      }
                      done.incrementAndGet();
                    }))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("piece 40");
    assertThat(done.get()).isLessThan(1_000);
    assertThatThrownBy(
            () ->
                ParallelLoop.run(
                    100,
                    threads,
                    piece -> piece,
                    piece -> {
                      if (piece == 7) {
                        throw new IllegalStateException("taking 7");
                      }
                    }))
        .hasMessage("taking 7");
  }

  @Test
  void nothingToDo() {
    ParallelLoop.run(
        0,
        4,
        piece -> {
          throw new AssertionError();
        });
  }
}
