package dev.compress.models.training;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.GradientCollector;
import ai.djl.training.Trainer;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import dev.compress.models.architecture.RandomWeights;
import dev.compress.models.sample.GlyphAlphabet;
import dev.compress.models.sample.GlyphDataset;
import dev.compress.models.sample.GlyphDataset.Split;
import dev.compress.progress.Progress;

/**
 * Trains the sample's network: cross-entropy, Adam, a learning rate that falls along a cosine, one
 * pass over images that are drawn as they are needed, so that none is seen twice. One thread,
 * because sums in another order give other weights: with the same seed, on the same kind of
 * processor, the result is the same to the bit.
 *
 * @param images number of training images; a multiple of the batch of 128
 * @param seed of the images and of the first weights
 */
record GlyphTraining(int images, long seed) {
  private static final int BATCH = 128;
  private static final int CHUNK = 32 * BATCH;
  private static final int PIXELS = GlyphDataset.SIDE * GlyphDataset.SIDE;
  private static final float LEARNING_RATE = 3e-3f;
  private static final float FINAL_LEARNING_RATE = 1e-5f;
  private static final float WEIGHT_DECAY = 1e-4f;

  GlyphTraining {
    if (images < BATCH || images % BATCH != 0) {
      throw new IllegalArgumentException(
          "images must be a positive multiple of " + BATCH + ", not " + images);
    }
  }

  /**
   * What a training left.
   *
   * @param weights by their names in the network
   * @param finalLoss cross-entropy of the last batch, in nats
   * @param validationAccuracy share of the validation images that it names correctly
   */
  record Result(TrainedWeights weights, double finalLoss, double validationAccuracy) {}

  /**
   * Trains.
   *
   * @param validationImages number of images of the validation split for the reported accuracy
   * @param progress told the batches; asked whether to stop
   */
  Result run(int validationImages, Progress progress) {
    Engine engine = OfflineEngine.singleThreaded();
    engine.setRandomSeed((int) seed);
    int classes = GlyphAlphabet.load().labels().size();
    int steps = images / BATCH;
    Tracker rate =
        Tracker.cosine()
            .setBaseValue(LEARNING_RATE)
            .optFinalValue(FINAL_LEARNING_RATE)
            .setMaxUpdates(steps)
            .build();
    Optimizer optimizer =
        Optimizer.adam().optLearningRateTracker(rate).optWeightDecays(WEIGHT_DECAY).build();
    DefaultTrainingConfig config =
        new DefaultTrainingConfig(Loss.softmaxCrossEntropyLoss())
            .optOptimizer(optimizer)
            .optDevices(new Device[] {Device.cpu()});
    GlyphClassifier block = new GlyphClassifier(classes, new RandomWeights(seed));
    try (Model model = Model.newInstance("glyphs", Device.cpu(), engine.getEngineName())) {
      model.setBlock(block);
      try (Trainer trainer = model.newTrainer(config)) {
        trainer.initialize(new Shape(BATCH, 1, GlyphDataset.SIDE, GlyphDataset.SIDE));
        progress.begin("train", steps);
        double loss = Double.NaN;
        for (int first = 0; first < images; first += CHUNK) {
          GlyphDataset chunk =
              GlyphDataset.generate(Split.TRAINING, first, Math.min(CHUNK, images - first), seed);
          for (int at = 0; at < chunk.count(); at += BATCH) {
            progress.check();
            loss = step(trainer, chunk, at);
            progress.advance(1);
          }
        }
        double accuracy =
            accuracy(trainer, GlyphDataset.generate(Split.VALIDATION, validationImages, seed));
        return new Result(new TrainedWeights(block.weights()), loss, accuracy);
      }
    }
  }

  private static double step(Trainer trainer, GlyphDataset data, int at) {
    // all arrays of a step belong to this manager, else they would pile up until the training ends
    try (NDManager manager = trainer.getManager().newSubManager()) {
      NDList images = new NDList(images(manager, data, at, BATCH));
      long[] classes = new long[BATCH];
      for (int i = 0; i < BATCH; i++) {
        classes[i] = data.labels()[at + i];
      }
      NDList labels = new NDList(manager.create(classes));
      double lossValue;
      try (GradientCollector gradients = trainer.newGradientCollector()) {
        NDList logits = trainer.forward(images);
        NDArray loss = trainer.getLoss().evaluate(labels, logits);
        gradients.backward(loss);
        lossValue = loss.getFloat();
      }
      trainer.step();
      return lossValue;
    }
  }

  private static NDArray images(NDManager manager, GlyphDataset data, int at, int count) {
    float[] pixels = new float[count * PIXELS];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (data.images()[at * PIXELS + i] & 0xFF) / 255f;
    }
    return manager.create(pixels, new Shape(count, 1, GlyphDataset.SIDE, GlyphDataset.SIDE));
  }

  private static double accuracy(Trainer trainer, GlyphDataset data) {
    int correct = 0;
    for (int at = 0; at < data.count(); at += BATCH) {
      int count = Math.min(BATCH, data.count() - at);
      try (NDManager manager = trainer.getManager().newSubManager()) {
        NDList logits = trainer.evaluate(new NDList(images(manager, data, at, count)));
        long[] best =
            logits.singletonOrThrow().argMax(1).toType(DataType.INT64, false).toLongArray();
        for (int i = 0; i < count; i++) {
          correct += best[i] == data.labels()[at + i] ? 1 : 0;
        }
      }
    }
    return (double) correct / data.count();
  }
}
