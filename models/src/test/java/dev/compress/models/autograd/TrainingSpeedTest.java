package dev.compress.models.autograd;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.ParallelBlock;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.nn.pooling.Pool;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.GradientCollector;
import ai.djl.training.Trainer;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import dev.compress.models.architecture.Architecture;
import dev.compress.models.random.SplitMix64;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Training steps of ResNet-20 as an executed graph beside the same network written by hand in Deep
 * Java Library, in turn, with the same optimizer. Set {@code ai.djl.pytorch.num_threads} to the
 * number of cores to measure with.
 */
@Tag("benchmark")
class TrainingSpeedTest {
  private static final int BATCH = Integer.getInteger("compress.speed.batch", 64);
  private static final int WARM_UP = 3;
  private static final int ROUNDS = Integer.getInteger("compress.speed.rounds", 20);
  private static final Loss LOSS = Loss.softmaxCrossEntropyLoss();

  @Test
  void aGraphTrainsAsFastAsBlocks() {
    TestEngine.engine();
    try (Model model = Model.newInstance("byHand", Device.cpu(), "PyTorch")) {
      model.setBlock(byHand());
      try (Trainer trainer = model.newTrainer(new DefaultTrainingConfig(LOSS).optOptimizer(sgd()));
          NDManager manager = TestEngine.manager();
          TrainableGraph graph = TrainableGraph.of(Architecture.RESNET20.build(0), manager)) {
        trainer.initialize(new Shape(BATCH, 3, 32, 32));
        NDArray images = images(manager);
        Optimizer optimizer = sgd();
        double[] ours = new double[ROUNDS];
        double[] theirs = new double[ROUNDS];
        for (int i = -WARM_UP; i < ROUNDS; i++) {
          double one = seconds(() -> step(graph, manager, optimizer, images));
          double other = seconds(() -> step(trainer, images));
          if (i >= 0) {
            ours[i] = one;
            theirs[i] = other;
          }
        }
        double ratio = median(theirs) / median(ours);
        System.getLogger(TrainingSpeedTest.class.getName())
            .log(
                System.Logger.Level.INFO,
                "samples/s: graph {0}, by hand {1}, ratio {2}",
                BATCH / median(ours),
                BATCH / median(theirs),
                ratio);
        assertThat(ratio).isGreaterThanOrEqualTo(0.8);
      }
    }
  }

  private static Optimizer sgd() {
    return Optimizer.sgd().setLearningRateTracker(Tracker.fixed(0.01f)).optMomentum(0.9f).build();
  }

  private static double seconds(Runnable step) {
    long start = System.nanoTime();
    step.run();
    return (System.nanoTime() - start) / 1e9;
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }

  private static NDArray images(NDManager manager) {
    float[] pixels = new float[BATCH * 3 * 32 * 32];
    SplitMix64 random = new SplitMix64(1);
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (float) random.nextGaussian();
    }
    return manager.create(pixels, new Shape(BATCH, 3, 32, 32));
  }

  /** In the scope, because what the loss computes from them belongs to their owner. */
  private static NDList labels(NDManager scope) {
    return new NDList(scope.zeros(new Shape(BATCH)));
  }

  private static void step(
      TrainableGraph graph, NDManager manager, Optimizer optimizer, NDArray images) {
    try (NDManager scope = manager.newSubManager()) {
      try (GradientCollector collector = TestEngine.engine().newGradientCollector()) {
        NDList logits = graph.forward(scope, Map.of("image", images), true, List.of());
        collector.backward(LOSS.evaluate(labels(scope), logits));
      }
      for (Parameter parameter : graph.parameters()) {
        if (parameter.trainable()) {
          NDArray gradient = parameter.array().getGradient();
          gradient.attach(scope);
          optimizer.update(parameter.name(), parameter.array(), gradient);
          gradient.subi(gradient);
        }
      }
    }
  }

  private static void step(Trainer trainer, NDArray images) {
    try (NDManager scope = trainer.getManager().newSubManager()) {
      NDArray own = images.reshape(images.getShape());
      own.attach(scope);
      try (GradientCollector collector = trainer.newGradientCollector()) {
        NDList logits = trainer.forward(new NDList(own));
        collector.backward(LOSS.evaluate(labels(scope), logits));
      }
      trainer.step();
    }
  }

  private static Block byHand() {
    SequentialBlock net = new SequentialBlock().add(convNorm(16, 3, 1)).add(Activation::relu);
    int channels = 16;
    for (int stage = 0; stage < 3; stage++) {
      for (int block = 0; block < 3; block++) {
        int out = 16 << stage;
        int stride = out == channels ? 1 : 2;
        Block main =
            new SequentialBlock()
                .add(convNorm(out, 3, stride))
                .add(Activation::relu)
                .add(convNorm(out, 3, 1));
        Block skip = stride == 1 ? Blocks.identityBlock() : convNorm(out, 1, stride);
        net.add(
                new ParallelBlock(
                    both -> new NDList(both.get(0).singletonOrThrow().add(both.get(1).head())),
                    List.of(main, skip)))
            .add(Activation::relu);
        channels = out;
      }
    }
    return net.add(Pool.globalAvgPool2dBlock()).add(Linear.builder().setUnits(10).build());
  }

  private static Block convNorm(int filters, int kernel, int stride) {
    return new SequentialBlock()
        .add(
            Conv2d.builder()
                .setKernelShape(new Shape(kernel, kernel))
                .setFilters(filters)
                .optStride(new Shape(stride, stride))
                .optPadding(new Shape(kernel / 2, kernel / 2))
                .optBias(false)
                .build())
        .add(BatchNorm.builder().build());
  }
}
