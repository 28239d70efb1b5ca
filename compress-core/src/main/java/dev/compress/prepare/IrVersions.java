package dev.compress.prepare;

import dev.compress.graph.Graph;
import dev.compress.graph.OnnxModel;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;

/** What the version of the file format says about initializers and operator sets. */
final class IrVersions {
  /** From this version on an initializer need not be a graph input, and one that is may be fed. */
  static final long FREE_INITIALIZERS = 4;

  private IrVersions() {}

  /** The initializers that are graph inputs too, in the order of the inputs. */
  static Set<String> overridable(Graph graph) {
    Set<String> initializers = new LinkedHashSet<>();
    graph.initializers().forEach(i -> initializers.add(i.name()));
    graph.sparseInitializers().forEach(i -> initializers.add(i.name()));
    Set<String> both = new LinkedHashSet<>();
    graph.inputs().forEach(i -> both.add(i.name()));
    both.retainAll(initializers);
    return both;
  }

  /**
   * The model in a version that allows new initializers without declaring them as inputs.
   *
   * @return the model itself if its version does; empty if raising it would change the meaning of
   *     initializers that are inputs
   */
  static Optional<OnnxModel> withFreeInitializers(OnnxModel model) {
    return atLeast(model, FREE_INITIALIZERS);
  }

  /** The model in at least a version, on the same terms. */
  static Optional<OnnxModel> atLeast(OnnxModel model, long irVersion) {
    if (model.irVersion() >= irVersion) {
      return Optional.of(model);
    }
    boolean meaningChanges =
        model.irVersion() < FREE_INITIALIZERS
            && irVersion >= FREE_INITIALIZERS
            && !overridable(model.graph()).isEmpty();
    return meaningChanges ? Optional.empty() : Optional.of(model.withIrVersion(irVersion));
  }

  /** The lowest version in which a version of the ONNX operator set was released. */
  static long forOpset(long opset) {
    if (opset <= 8) {
      return 3;
    }
    if (opset <= 9) {
      return 4;
    }
    if (opset <= 10) {
      return 5;
    }
    if (opset <= 11) {
      return 6;
    }
    if (opset <= 14) {
      return 7;
    }
    if (opset <= 18) {
      return 8;
    }
    if (opset <= 20) {
      return 9;
    }
    if (opset <= 22) {
      return 10;
    }
    return opset <= 23 ? 11 : opset <= 24 ? 12 : 13;
  }
}
