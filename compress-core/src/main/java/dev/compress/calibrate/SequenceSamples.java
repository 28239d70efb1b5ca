package dev.compress.calibrate;

import dev.compress.data.Batch;
import dev.compress.data.Dataset;
import dev.compress.data.SampleRun;
import dev.compress.graph.OnnxModel;
import dev.compress.runtime.InferenceSession;
import dev.compress.runtime.SessionOptions;
import java.util.List;
import java.util.Optional;

/**
 * The windows of sequences as a recurrent model's inputs, with the states that the model itself
 * comes to on the way: calibration on states of zeros would see next to nothing of their ranges.
 * Which windows are taken depends on their place in a sequence alone.
 *
 * @param run the sequences, bound to the model
 * @param model whose states these are
 * @param every each how-manieth window of a sequence is taken, from the first
 * @param count windows that are taken of all sequences
 * @param threads for the runtime
 */
record SequenceSamples(SampleRun run, OnnxModel model, int every, long count, int threads)
    implements Samples {
  /** A short beginning of many sequences says more than one of them to its end. */
  private static final long FEWEST_SEQUENCES = 32;

  /**
   * Chooses sequences at equal distances.
   *
   * @param run all sequences
   * @param most windows, about
   */
  static SequenceSamples of(SampleRun run, OnnxModel model, long most, int threads) {
    long steps = 1;
    for (Batch batch : run.dataset().take(1).batches(1)) {
      steps = run.steps(batch);
    }
    long sequences = Math.min(most, Math.max(FEWEST_SEQUENCES, (most + steps - 1) / steps));
    SampleRun chosen = run.on(run.dataset().spread(sequences));
    long all = 0;
    for (Batch batch : chosen.dataset().batches(1)) {
      all += (long) batch.count() * run.steps(batch);
    }
    int every = (int) Math.max(1, (all + most - 1) / most);
    long taken = 0;
    for (Batch batch : chosen.dataset().batches(1)) {
      taken += (long) batch.count() * ((run.steps(batch) + every - 1) / every);
    }
    return new SequenceSamples(chosen, model, every, taken, threads);
  }

  @Override
  public boolean batchable() {
    return run.batch(2) == 2;
  }

  @Override
  public int fixedRows() {
    return run.batch(1);
  }

  @Override
  public Optional<String> fingerprint() {
    return Optional.of(run.dataset().fingerprint() + " each window of " + every);
  }

  @Override
  public Optional<Dataset> source() {
    return Optional.of(run.dataset());
  }

  @Override
  public void forEachBatch(int batchSize, BatchReader reader) {
    boolean[] goOn = {true};
    try (InferenceSession session = InferenceSession.open(model, SessionOptions.of(threads))) {
      for (Batch batch : run.dataset().batches(run.batch(batchSize))) {
        run.run(
            batch,
            session::run,
            List.of(),
            (step, inputs, outputs) -> {
              goOn[0] = step % every != 0 || reader.read(inputs, batch.count());
              return goOn[0];
            });
        if (!goOn[0]) {
          return;
        }
      }
    }
  }
}
