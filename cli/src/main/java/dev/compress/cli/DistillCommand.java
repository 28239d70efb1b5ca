package dev.compress.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Trains a student from a teacher. */
@Command(
    name = "distill",
    sortOptions = false,
    description = {
      "Train a student from a teacher, or any model from labels alone; zeros and shared values of"
          + " a compressed model stay. Ctrl-C keeps the best so far.",
      "",
      "  compress distill --teacher t.onnx --student-from width=0.5 --train-data images.npz",
      "  compress distill --student pruned.onnx --train-data images.npz --data test.npz"
    })
final class DistillCommand implements Callable<Integer> {
  private final CompressCommand root;

  @Mixin final DistillOptions options = new DistillOptions();
  @Mixin final LearningOptions learning = new LearningOptions();

  DistillCommand(CompressCommand root) {
    this.root = root;
  }

  @Override
  public Integer call() {
    return new DistillRun(root, options, learning).run();
  }
}
