package dev.compress.quantize;

import dev.compress.calibrate.Samples;
import java.util.Optional;

/**
 * Every so-manieth sample of others, one at a time; where the model fixes its batch, the batches
 * that hold them.
 *
 * @param all the others
 * @param offset the first one
 * @param stride the distance, at least 1
 * @param most how many at most
 */
public record StridedSamples(Samples all, long offset, long stride, long most) implements Samples {
  @Override
  public long count() {
    long left = all.count() - offset;
    return left <= 0 ? 0 : Math.min(most, (left + stride - 1) / stride);
  }

  @Override
  public boolean batchable() {
    return false;
  }

  @Override
  public int fixedRows() {
    return all.fixedRows();
  }

  @Override
  public Optional<String> fingerprint() {
    return all.fingerprint().map(f -> f + " from " + offset + " each " + stride + " to " + most);
  }

  @Override
  public void forEachBatch(int batchSize, BatchReader reader) {
    long[] at = {0};
    long[] wanted = {offset};
    long[] left = {count()};
    all.forEachBatch(
        1,
        (inputs, n) -> {
          at[0] += n;
          if (at[0] <= wanted[0]) {
            return left[0] > 0;
          }
          long here = (at[0] - wanted[0] + stride - 1) / stride;
          wanted[0] += here * stride;
          left[0] -= here;
          return reader.read(inputs, n) && left[0] > 0;
        });
  }
}
