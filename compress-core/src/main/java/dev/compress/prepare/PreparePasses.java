package dev.compress.prepare;

import dev.compress.pass.CompressionPass;
import java.util.ArrayList;
import java.util.List;

/**
 * The passes of this package in the order in which they help each other:
 *
 * <ol>
 *   <li>initializers out of the inputs, Constant nodes to initializers: from here on a constant is
 *       known as one;
 *   <li>constants folded, then identities removed (a folded shape may show that a Reshape changes
 *       nothing);
 *   <li>Transposes cancelled, then batch normalization and channel arithmetic folded into the
 *       linear nodes that they now stand next to;
 *   <li>the operator set raised, on what is left; tied weights merged; what is dead removed.
 * </ol>
 *
 * <p>Each keeps what the model computes, up to the rounding of folded weights, and none makes the
 * file larger or the model slower. Running them all again changes nothing.
 */
public final class PreparePasses {
  private PreparePasses() {}

  /**
   * All of them.
   *
   * @param opset the version of the ONNX operator set to reach where the model's is lower and can
   *     be raised
   */
  public static List<CompressionPass> all(long opset) {
    return List.of(
        new RemoveInitializersFromInputs(),
        new ConstantsToInitializers(),
        new FoldConstants(),
        new RemoveIdentity(),
        new CancelTransposes(),
        new FoldBatchNorm(),
        new UpgradeOpset(opset),
        new MergeTiedWeights(),
        new RemoveDead());
  }

  /**
   * The same for a model whose float16 should become float32 first, because the one who asks makes
   * smaller things of the weights.
   *
   * @param opset as for {@link #all}
   */
  public static List<CompressionPass> widening(long opset) {
    List<CompressionPass> passes = new ArrayList<>(all(opset));
    passes.add(2, new WidenFloat16()); // when constants are known as such
    return List.copyOf(passes);
  }
}
