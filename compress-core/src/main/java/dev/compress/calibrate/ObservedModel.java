package dev.compress.calibrate;

import dev.compress.graph.OnnxModel;
import dev.compress.graph.ValueInfo;
import dev.compress.graph.ValueType;
import dev.compress.tensor.ElementType;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/** Models whose outputs are inner values, to look at. */
public final class ObservedModel {
  private ObservedModel() {}

  /**
   * The model with inner values as its only outputs.
   *
   * @param values names of float values that nodes of the main graph make
   */
  public static OnnxModel showing(OnnxModel model, Collection<String> values) {
    List<ValueInfo> outputs = new ArrayList<>();
    for (String value : values) {
      outputs.add(ValueInfo.of(value, ValueType.tensor(ElementType.FLOAT)));
    }
    return model.withGraph(model.graph().withOutputs(outputs));
  }
}
