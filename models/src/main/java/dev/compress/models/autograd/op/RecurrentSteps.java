package dev.compress.models.autograd.op;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import dev.compress.models.autograd.op.RecurrentOperators.RecurrentKind;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A recurrent layer step by step, in all that ONNX allows: peepholes, clipping, coupled gates,
 * other activations, and sequences of different lengths in one batch.
 */
final class RecurrentSteps {
  private final RecurrentKind kind;
  private final List<List<Operator.Unary>> activations = new ArrayList<>();
  private final boolean defaultActivations;
  private final float clip;
  private final boolean coupled;
  private final boolean resetsAfter;

  RecurrentSteps(NodeReader node, RecurrentKind kind, int directions) {
    this.kind = kind;
    this.clip = node.floatOf("clip", 0);
    this.coupled = node.flag("input_forget", false);
    this.resetsAfter = node.flag("linear_before_reset", false);
    int each = kind.activations().size();
    List<String> names = new ArrayList<>(node.texts("activations"));
    this.defaultActivations = names.isEmpty() || isDefault(names);
    if (names.isEmpty()) {
      for (int i = 0; i < directions; i++) {
        names.addAll(kind.activations());
      }
    }
    node.require(names.size() == each * directions, "it names " + names.size() + " activations");
    Iterator<Float> alpha = node.floats("activation_alpha").orElse(List.of()).iterator();
    Iterator<Float> beta = node.floats("activation_beta").orElse(List.of()).iterator();
    for (int d = 0; d < directions; d++) {
      List<Operator.Unary> own = new ArrayList<>();
      for (int i = 0; i < each; i++) {
        own.add(activation(node, names.get(d * each + i), alpha, beta));
      }
      activations.add(own);
    }
  }

  private boolean isDefault(List<String> names) {
    for (int i = 0; i < names.size(); i++) {
      String usual = kind.activations().get(i % kind.activations().size());
      if (!names.get(i).equalsIgnoreCase(usual)) {
        return false;
      }
    }
    return true;
  }

  private static Operator.Unary activation(
      NodeReader node, String name, Iterator<Float> alphas, Iterator<Float> betas) {
    return switch (name) {
      case "Sigmoid" -> Torch::sigmoid;
      case "Tanh" -> NDArray::tanh;
      case "Relu" -> Torch::relu;
      case "Softsign" -> x -> x.div(x.abs().add(1));
      case "Softplus" -> Torch::softplus;
      case "HardSigmoid" -> {
        float alpha = alphas.hasNext() ? alphas.next() : 0.2f;
        float beta = betas.hasNext() ? betas.next() : 0.5f;
        yield x -> ActivationOperators.hardSigmoid(x, alpha, beta);
      }
      case "LeakyRelu" -> {
        float alpha = alphas.hasNext() ? alphas.next() : 0.01f;
        yield x -> Torch.leakyRelu(x, alpha);
      }
      case "Elu" -> {
        float alpha = alphas.hasNext() ? alphas.next() : 1;
        yield x -> Torch.elu(x, alpha);
      }
      default -> {
        node.require(false, "activation " + name + " is not known here");
        yield x -> x;
      }
    };
  }

  /** Whether a fused layer of the usual activations computes the same. */
  boolean isPlain() {
    return defaultActivations && clip == 0 && !coupled;
  }

  /** Outputs [time, direction, batch, hidden] and the last states [direction, batch, hidden]. */
  NDList run(Arguments in, NDArray x, NDList states, String direction) {
    int directions = direction.equals("bidirectional") ? 2 : 1;
    List<NDList> results = new ArrayList<>();
    for (int d = 0; d < directions; d++) {
      boolean backwards = d == 1 || direction.equals("reverse");
      NDList own = new NDList();
      for (NDArray state : states) {
        own.add(RecurrentOperators.part(state, d));
      }
      results.add(new Direction(in, d, activations.get(d)).run(x, own, backwards));
    }
    NDList joined = new NDList();
    for (int i = 0; i < results.get(0).size(); i++) {
      NDList parts = new NDList();
      for (NDList result : results) {
        parts.add(result.get(i));
      }
      int axis = i == 0 ? 1 : 0;
      joined.add(ai.djl.ndarray.NDArrays.stack(parts, axis));
    }
    return joined;
  }

  /** One direction of one run. */
  private final class Direction {
    private final List<Operator.Unary> functions;
    private final NDArray inputWeights;
    private final NDArray recurrentWeights;
    private final @Nullable NDArray inputBias;
    private final @Nullable NDArray recurrentBias;
    private final @Nullable NDArray peepholes;
    private final @Nullable NDArray lengths;
    private final int hidden;

    Direction(Arguments in, int direction, List<Operator.Unary> functions) {
      this.functions = functions;
      this.inputWeights = RecurrentOperators.part(in.get(1), direction);
      this.recurrentWeights = RecurrentOperators.part(in.get(2), direction);
      this.hidden = Math.toIntExact(recurrentWeights.getShape().get(1));
      NDArray bias = in.has(3) ? RecurrentOperators.part(in.get(3), direction) : null;
      long half = (long) kind.gates() * hidden;
      this.inputBias = bias == null ? null : Torch.slice(bias, 0, 0, half, 1);
      this.recurrentBias = bias == null ? null : Torch.slice(bias, 0, half, 2 * half, 1);
      this.peepholes =
          kind == RecurrentKind.LSTM && in.has(7)
              ? RecurrentOperators.part(in.get(7), direction)
              : null;
      this.lengths = in.has(4) ? in.get(4).toType(DataType.INT64, false).reshape(-1, 1) : null;
    }

    NDList run(NDArray x, NDList first, boolean backwards) {
      int time = Math.toIntExact(x.getShape().get(0));
      NDArray projected = x.matMul(inputWeights.transpose());
      if (inputBias != null) {
        projected = projected.add(inputBias);
      }
      NDArray[] outputs = new NDArray[time];
      NDList states = first;
      for (int i = 0; i < time; i++) {
        int t = backwards ? time - 1 - i : i;
        NDList next = step(RecurrentOperators.part(projected, t), states);
        outputs[t] = next.get(0);
        if (lengths != null) {
          NDArray inside = lengths.gt(t);
          outputs[t] = Torch.where(inside, next.get(0), next.get(0).zerosLike());
          NDList kept = new NDList();
          for (int s = 0; s < next.size(); s++) {
            kept.add(Torch.where(inside, next.get(s), states.get(s)));
          }
          next = kept;
        }
        states = next;
      }
      NDList results = new NDList(ai.djl.ndarray.NDArrays.stack(new NDList(outputs)));
      results.addAll(states);
      return results;
    }

    private NDList step(NDArray projected, NDList states) {
      NDArray h = states.get(0);
      return switch (kind) {
        case LSTM -> lstm(projected.add(recurrent(h)), states.get(1));
        case GRU -> new NDList(gru(projected, h));
        case RNN -> new NDList(apply(0, projected.add(recurrent(h))));
      };
    }

    private NDArray recurrent(NDArray h) {
      NDArray product = h.matMul(recurrentWeights.transpose());
      return recurrentBias == null ? product : product.add(recurrentBias);
    }

    private NDList lstm(NDArray gates, NDArray c) {
      NDArray in = apply(0, peeped(gate(gates, 0), 0, c));
      NDArray forget = coupled ? in.neg().add(1) : apply(0, peeped(gate(gates, 2), 2, c));
      NDArray cell = forget.mul(c).add(in.mul(apply(1, gate(gates, 3))));
      NDArray out = apply(0, peeped(gate(gates, 1), 1, cell));
      return new NDList(out.mul(functions.get(2).apply(cell)), cell);
    }

    private NDArray peeped(NDArray gate, int index, NDArray c) {
      return peepholes == null ? gate : gate.add(gateOf(peepholes, index, 0).mul(c));
    }

    private NDArray gru(NDArray projected, NDArray h) {
      NDArray all = recurrent(h);
      NDArray update = apply(0, gate(projected, 0).add(gate(all, 0)));
      NDArray reset = apply(0, gate(projected, 1).add(gate(all, 1)));
      NDArray inner;
      if (resetsAfter) {
        inner = reset.mul(gate(all, 2));
      } else {
        inner = reset.mul(h).matMul(gateOf(recurrentWeights, 2, 0).transpose());
        if (recurrentBias != null) {
          inner = inner.add(gateOf(recurrentBias, 2, 0));
        }
      }
      NDArray candidate = apply(1, gate(projected, 2).add(inner));
      return update.neg().add(1).mul(candidate).add(update.mul(h));
    }

    private NDArray gate(NDArray gates, int index) {
      return gateOf(gates, index, 1);
    }

    private NDArray gateOf(NDArray all, int index, int axis) {
      return Torch.slice(all, axis, (long) index * hidden, (index + 1L) * hidden, 1);
    }

    private NDArray apply(int function, NDArray x) {
      return functions.get(function).apply(clip == 0 ? x : Torch.clip(x, -clip, clip));
    }
  }
}
