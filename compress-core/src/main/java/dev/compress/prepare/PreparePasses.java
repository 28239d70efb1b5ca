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
    return all(opset, List.of());
  }

  /**
   * All of them, with others as soon as constants are known.
   *
   * @param opset as above
   * @param onceConstant what is to see constants that are not folded yet, such as {@link
   *     WidenFloat16}
   */
  public static List<CompressionPass> all(long opset, List<CompressionPass> onceConstant) {
    List<CompressionPass> all = new ArrayList<>();
    all.add(new RemoveInitializersFromInputs());
    all.add(new ConstantsToInitializers());
    all.addAll(onceConstant);
    all.add(new FoldConstants());
    all.add(new RemoveIdentity());
    all.add(new CancelTransposes());
    all.add(new FoldBatchNorm());
    all.add(new UpgradeOpset(opset));
    all.add(new MergeTiedWeights());
    all.add(new RemoveDead());
    return List.copyOf(all);
  }
}
