package dev.compress.evaluation;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import dev.compress.pack.WeightInventory.Stored;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How many different values hold for most of the elements, and where they do not: one small weight
 * that was left alone says little of a model.
 *
 * @param distinct the most in a weight, but for the exceptions; null if over 256
 * @param weights of how many this is told
 * @param exceptions how many of them have more
 * @param exceptionsOver256 how many of those have over 256
 * @param exceptionShare of all elements, in those that have more
 */
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
public record UsualValues(
    @Nullable Integer distinct,
    int weights,
    int exceptions,
    int exceptionsOver256,
    double exceptionShare) {
  private static final int OVER_256 = Integer.MAX_VALUE;

  /** What holds for more than half of all elements. */
  static UsualValues of(List<Stored> weights) {
    List<Stored> sorted =
        weights.stream().sorted(Comparator.comparingInt(UsualValues::distinct)).toList();
    long all = sorted.stream().mapToLong(Stored::elements).sum();
    int usual = 0;
    long held = 0;
    for (Stored weight : sorted) {
      int distinct = distinct(weight);
      if (2 * held > all && codeBits(distinct) > codeBits(usual)) {
        break;
      }
      usual = distinct;
      held += weight.elements();
    }
    int most = usual;
    List<Integer> more = sorted.stream().map(UsualValues::distinct).filter(d -> d > most).toList();
    return new UsualValues(
        most == OVER_256 ? null : (Integer) most,
        sorted.size(),
        more.size(),
        (int) more.stream().filter(d -> d == OVER_256).count(),
        all == 0 ? 0 : (double) (all - held) / all);
  }

  private static int distinct(Stored weight) {
    return weight.distinct().orElse(OVER_256);
  }

  /** Of a code for one of the values: a few of 16 clusters may be empty. */
  private static int codeBits(int values) {
    return Integer.SIZE - Integer.numberOfLeadingZeros(Math.max(0, values - 1));
  }
}
