package dev.compress.quantize;

import dev.compress.calibrate.ObservedModel;
import dev.compress.graph.GraphEditor;
import dev.compress.graph.Node;
import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.pass.PassContext;
import dev.compress.runtime.InferenceSession;
import dev.compress.runtime.SessionOptions;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.TensorBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;

/**
 * The float model with activations rounded as they will be. Scales and zero points are inputs, so
 * that one session serves all trials.
 */
final class ActivationSimulation implements AutoCloseable {
  private final ReferenceOutputs reference;
  private final PassContext context;
  private final Map<String, String[]> parameterInputs = new LinkedHashMap<>();
  private final InferenceSession session;

  /**
   * Opens it.
   *
   * @param reference what it is compared with
   * @param model the float model
   * @param plan which of its values are quantized
   * @param rounded which roots are rounded; others stay as they are
   * @param type of the codes
   * @param context for the runtime
   */
  ActivationSimulation(
      ReferenceOutputs reference,
      OnnxModel model,
      StaticPlan plan,
      Predicate<String> rounded,
      QuantizedType type,
      PassContext context) {
    this.reference = reference;
    this.context = context;
    GraphEditor editor = new GraphEditor(model.graph());
    List<ValueInfo> inputs = new ArrayList<>(model.graph().inputs());
    QdqEmitter emitter =
        new QdqEmitter(
            model.graph(),
            editor,
            plan,
            Map.of(),
            root -> {
              String[] names = {editor.freshName(root + "_s"), editor.freshName(root + "_z")};
              inputs.add(scalar(names[0], ElementType.FLOAT));
              inputs.add(scalar(names[1], type.elementType()));
              parameterInputs.put(root, names);
              return names;
            });
    Map<Node, Node> replaced = new IdentityHashMap<>();
    emitter.emitActivations(replaced, rounded);
    editor.setInputs(inputs);
    session =
        InferenceSession.open(
            ObservedModel.showing(model.withGraph(editor.build()), reference.compared()),
            SessionOptions.of(context.threads()));
  }

  private static ValueInfo scalar(String name, ElementType type) {
    return ValueInfo.of(name, ValueType.tensor(type, List.of()));
  }

  /**
   * One trial.
   *
   * @param parameters by root
   * @return squared output error over squared output, summed over the float outputs
   */
  double error(Map<String, AffineParameters> parameters) {
    context.progress().check();
    context.progress().advance(1);
    Map<String, TensorBuffer> settings = new HashMap<>();
    parameterInputs.forEach(
        (root, names) -> {
          AffineParameters p = Objects.requireNonNull(parameters.get(root), root);
          TensorBuffer zero = TensorBuffer.allocate(p.type().elementType(), Shape.scalar());
          zero.bytes().put((byte) p.zeroPoint());
          settings.put(names[0], TensorBuffer.of(Shape.scalar(), p.scale()));
          settings.put(names[1], zero);
        });
    return reference.error(session, settings);
  }

  @Override
  public void close() {
    session.close();
  }
}
