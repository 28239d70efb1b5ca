package dev.compress.models.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.nn.pooling.Pool;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import dev.compress.models.architecture.GlyphNet;
import dev.compress.models.architecture.WeightSource;
import dev.compress.models.architecture.WeightSource.Normal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * {@link GlyphNet} as a block that Deep Java Library can train: the same layers in the same order
 * under the same names of weights.
 */
final class GlyphClassifier extends AbstractBlock {
  private static final Shape KERNEL = new Shape(3, 3);
  private static final int KERNEL_TAPS = 9;
  private static final int FEATURES = 64;
  private static final float EPSILON = 1e-5f;

  private final int classes;
  private final List<Conv2d> convs = new ArrayList<>();
  private final List<BatchNorm> norms = new ArrayList<>();
  private final Linear head;

  /**
   * Creates the block.
   *
   * @param initial where the weights start; drawn here and not by the engine, so that the start is
   *     the same on every machine
   */
  GlyphClassifier(int classes, WeightSource initial) {
    this.classes = classes;
    for (GlyphNet.Unit unit : GlyphNet.units()) {
      Conv2d conv =
          Conv2d.builder()
              .setKernelShape(KERNEL)
              .setFilters(unit.outChannels())
              .optPadding(new Shape(1, 1))
              .optStride(new Shape(unit.stride(), unit.stride()))
              .optBias(false)
              .build();
      start(
          conv,
          initial,
          name(unit) + ".conv.weight",
          Normal.he((long) unit.inChannels() * KERNEL_TAPS));
      convs.add(addChildBlock(name(unit) + ".conv", conv));
      norms.add(
          addChildBlock(name(unit) + ".norm", BatchNorm.builder().optEpsilon(EPSILON).build()));
    }
    Linear linear = Linear.builder().setUnits(classes).build();
    start(linear, initial, "head.weight", Normal.xavier(FEATURES, classes));
    head = addChildBlock("head", linear);
  }

  private static void start(Block block, WeightSource source, String name, Normal distribution) {
    block.setInitializer(
        (manager, shape, type) -> {
          dev.compress.tensor.Shape ours = dev.compress.tensor.Shape.of(shape.getShape());
          return manager.create(source.weight(name, ours, distribution).toFloats(), shape);
        },
        "weight");
  }

  private static String name(GlyphNet.Unit unit) {
    return unit.scope().substring(1).replace('/', '.');
  }

  @Override
  protected NDList forwardInternal(
      ParameterStore store,
      NDList inputs,
      boolean training,
      @Nullable PairList<String, Object> params) {
    NDArray x = inputs.singletonOrThrow();
    NDArray skip = x;
    for (int i = 0; i < convs.size(); i++) {
      String scope = GlyphNet.units().get(i).scope();
      if (scope.endsWith("/first")) {
        skip = x;
      }
      NDList y = convs.get(i).forward(store, new NDList(x), training);
      x = norms.get(i).forward(store, y, training).singletonOrThrow();
      if (scope.endsWith("/second")) {
        x = x.add(skip);
      }
      x = Activation.relu(x);
    }
    return head.forward(store, new NDList(Pool.globalAvgPool2d(x)), training);
  }

  @Override
  public Shape[] getOutputShapes(Shape[] inputShapes) {
    return new Shape[] {new Shape(inputShapes[0].get(0), classes)};
  }

  @Override
  protected void initializeChildBlocks(NDManager manager, DataType type, Shape... inputShapes) {
    Shape[] shapes = inputShapes;
    for (int i = 0; i < convs.size(); i++) {
      convs.get(i).initialize(manager, type, shapes);
      shapes = convs.get(i).getOutputShapes(shapes);
      norms.get(i).initialize(manager, type, shapes);
    }
    head.initialize(manager, type, new Shape(inputShapes[0].get(0), FEATURES));
  }

  /** All weights by their names in {@link GlyphNet}, copied. */
  Map<String, float[]> weights() {
    Map<String, float[]> weights = new LinkedHashMap<>();
    for (int i = 0; i < convs.size(); i++) {
      String name = name(GlyphNet.units().get(i));
      weights.put(name + ".conv.weight", array(convs.get(i), "weight"));
      weights.put(name + ".norm.weight", array(norms.get(i), "gamma"));
      weights.put(name + ".norm.bias", array(norms.get(i), "beta"));
      weights.put(name + ".norm.running_mean", array(norms.get(i), "runningMean"));
      weights.put(name + ".norm.running_var", array(norms.get(i), "runningVar"));
    }
    weights.put("head.weight", array(head, "weight"));
    weights.put("head.bias", array(head, "bias"));
    return weights;
  }

  private static float[] array(Block block, String parameter) {
    return block.getDirectParameters().get(parameter).getArray().toFloatArray();
  }
}
