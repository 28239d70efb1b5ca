package dev.compress.runtime;

import dev.compress.error.CompressionException;
import dev.compress.error.InvalidDataException;
import dev.compress.error.UnsupportedModelException;
import dev.compress.graph.Dim;
import dev.compress.graph.Initializer;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Float16;
import dev.compress.tensor.Shape;
import dev.compress.tensor.TensorBuffer;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.LongStream;

/**
 * Makes inputs for a model of which there are no data.
 *
 * <ul>
 *   <li>Floating-point inputs are normally distributed, mean 0, deviation 1.
 *   <li>Integer inputs that index a table are uniform over its rows; those that are compared with a
 *       constant equal it; uint8 are uniform over 0 to 255 and int8 over -128 to 127, as images
 *       are; all others, masks for example, are 1.
 *   <li>Booleans are true.
 * </ul>
 *
 * <p>The batch is 1. Other free dims are found by trial: the first sizes with which the model runs.
 */
public final class RandomInputs {
  /** Images of 224 and sentences of 32 are common; small tables want less, detectors multiples. */
  private static final long[] SIZES = {32, 64, 224, 16, 128, 256, 320, 8, 4, 512, 1, 2, 3, 1024};

  private static final long[] IMAGE_SIZES = {224, 256, 320, 64, 32, 128, 512, 640, 16, 28, 1};

  /** With more free dims than this, not all combinations of "1" and "a size" are tried. */
  private static final int MOST_DIMS_COMBINED = 5;

  private static final int IMAGE_RANK = 4;

  /** Samples of sound: nets for speech look at windows of 32 ms, or 36, at 16 kHz. */
  private static final long[] WAVE_SIZES = {576, 512, 1024, 256, 2048, 4096, 16000};

  private static final int WAVE_RANK = 2;

  private final List<ValueInfo> inputs = new ArrayList<>();
  private final Map<String, IntegerRange> ranges;
  private final Map<String, Shape> shapes;

  private RandomInputs(OnnxModel model, Map<String, Shape> shapes) {
    Set<String> constants = new HashSet<>();
    model.graph().initializers().stream().map(Initializer::name).forEach(constants::add);
    for (ValueInfo input : model.graph().inputs()) {
      if (!constants.contains(input.name())) {
        inputs.add(input);
      }
    }
    this.ranges = IntegerRange.ofInputs(model.graph());
    this.shapes = shapes;
  }

  /**
   * A generator for inputs of given shapes.
   *
   * @param model the model
   * @param shapes one an input
   * @throws IllegalArgumentException if an input has no shape
   */
  public static RandomInputs of(OnnxModel model, Map<String, Shape> shapes) {
    RandomInputs random = new RandomInputs(model, Map.copyOf(shapes));
    for (ValueInfo input : random.inputs) {
      if (!shapes.containsKey(input.name())) {
        throw new IllegalArgumentException("No shape for input " + input.name());
      }
    }
    return random;
  }

  /**
   * A generator for inputs with which a model runs: where the model leaves dims free, sizes are
   * tried until it does.
   *
   * @param model the model
   * @param session the same model, loaded
   * @throws UnsupportedModelException if it runs with none of the sizes, or has inputs that are no
   *     numeric tensors
   */
  public static RandomInputs thatRun(OnnxModel model, InferenceSession session) {
    FreeDims free = FreeDims.of(model.graph());
    List<Map<String, Long>> candidates = candidates(free, sizes(model, free));
    if (candidates.size() == 1) {
      return new RandomInputs(model, free.shapes(candidates.get(0))); // nothing to find out
    }
    CompressionException first = null;
    for (Map<String, Long> sizes : candidates) {
      RandomInputs random = new RandomInputs(model, free.shapes(sizes));
      try {
        session.run(random.next(0));
        return random;
      } catch (InvalidDataException e) {
        first = first == null ? e : first;
      }
    }
    throw new UnsupportedModelException(
        "No sizes were found for the free dims "
            + free.symbols()
            + " with which the model runs on made-up data. Give it real data."
            + (first == null ? "" : " The first failure: " + first.getMessage()),
        first);
  }

  /** Sizes of free dims, best first: batch dims 1, and of the others some 1 and the rest alike. */
  private static List<Map<String, Long>> candidates(FreeDims free, long[] sizes) {
    List<String> others = free.symbols().stream().filter(s -> !free.isBatch(s)).toList();
    Set<Map<String, Long>> all = new java.util.LinkedHashSet<>();
    int masks = others.size() <= MOST_DIMS_COMBINED ? 1 << others.size() : 1;
    for (int mask = 0; mask < masks; mask++) { // a set bit: this dim is 1
      for (long size : sizes) {
        Map<String, Long> one = new LinkedHashMap<>();
        free.symbols().forEach(s -> one.put(s, 1L));
        for (int i = 0; i < others.size(); i++) {
          one.put(others.get(i), ((mask >> i) & 1) != 0 ? 1 : size);
        }
        all.add(one);
      }
    }
    return List.copyOf(all);
  }

  private static long[] sizes(OnnxModel model, FreeDims free) {
    if (free.largestRank() == IMAGE_RANK) {
      return IMAGE_SIZES;
    }
    boolean wave =
        model.graph().inputs().stream()
            .map(ValueInfo::type)
            .anyMatch(type -> type instanceof ValueType.TensorType t && isWave(t));
    return wave
        ? LongStream.concat(Arrays.stream(WAVE_SIZES), Arrays.stream(SIZES)).toArray()
        : SIZES;
  }

  /** Numbers in a row of any length. */
  private static boolean isWave(ValueType.TensorType type) {
    List<Dim> dims = type.shape().orElse(List.of());
    return type.element().isFloatingPoint()
        && dims.size() == WAVE_RANK
        && dims.get(1).sizeOrUnknown() < 0;
  }

  /** The shapes of the inputs that are made. */
  public Map<String, Shape> shapes() {
    return shapes;
  }

  /**
   * Makes one set of inputs.
   *
   * @param seed the same gives the same
   * @throws UnsupportedModelException if an input is no numeric tensor, or of a type that cannot be
   *     made
   * @throws InvalidDataException if an input is larger than a buffer can be
   */
  public Map<String, TensorBuffer> next(long seed) {
    Random random = new Random(seed);
    Map<String, TensorBuffer> made = new LinkedHashMap<>();
    for (ValueInfo input : inputs) {
      Shape shape = shapes.get(input.name());
      if (shape == null
          || !(input.type() instanceof ValueType.TensorType type)
          || OrtTypes.toJavaType(type.element()).isEmpty()) {
        throw new UnsupportedModelException(
            "Input "
                + input.name()
                + " is a "
                + input.type()
                + ", for which no data can be made up. Give it real data.");
      }
      if (!fits(type.element(), shape)) {
        throw new InvalidDataException(
            "Input "
                + input.name()
                + " is a "
                + type.element()
                + shape
                + ", more than the 2 GiB of the largest data that are made up.");
      }
      made.put(input.name(), make(input.name(), type.element(), shape, random));
    }
    return made;
  }

  /** Without a product that overflows. */
  private static boolean fits(ElementType type, Shape shape) {
    long[] dims = shape.toArray();
    if (Arrays.stream(dims).anyMatch(d -> d == 0)) {
      return true;
    }
    long left = Integer.MAX_VALUE / type.byteSize(1);
    for (long dim : dims) {
      left /= dim;
    }
    return left > 0;
  }

  private TensorBuffer make(String name, ElementType type, Shape shape, Random random) {
    TensorBuffer tensor = TensorBuffer.allocate(type, shape);
    ByteBuffer bytes = tensor.bytes();
    IntegerRange range = ranges.getOrDefault(name, IntegerRange.of(type));
    while (bytes.hasRemaining()) {
      switch (type.name()) {
        case "float" -> bytes.putFloat((float) random.nextGaussian());
        case "double" -> bytes.putDouble(random.nextGaussian());
        case "float16" -> bytes.putShort(Float16.fromFloat((float) random.nextGaussian()));
        case "bfloat16" ->
            bytes.putShort((short) (Float.floatToIntBits((float) random.nextGaussian()) >>> 16));
        case "bool" -> bytes.put((byte) 1);
        case "int8", "uint8" -> bytes.put((byte) range.next(random));
        case "int16" -> bytes.putShort((short) range.next(random));
        case "int32" -> bytes.putInt((int) range.next(random));
        default -> bytes.putLong(range.next(random));
      }
    }
    return tensor;
  }
}
