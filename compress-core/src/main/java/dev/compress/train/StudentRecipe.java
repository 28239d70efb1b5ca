package dev.compress.train;

import dev.compress.error.UnsupportedModelException;
import dev.compress.graph.OnnxModel;
import dev.compress.pass.CompressionPass;
import dev.compress.pass.PassContext;
import dev.compress.pass.Pipeline;
import dev.compress.prepare.ConstantsToInitializers;
import dev.compress.prepare.FoldConstants;
import dev.compress.prepare.RemoveDead;
import dev.compress.prepare.RemoveIdentity;
import dev.compress.prepare.RemoveInitializersFromInputs;
import dev.compress.prune.channels.ChannelCriterion;
import dev.compress.prune.channels.ChannelTarget;
import dev.compress.prune.channels.PruneChannels;
import dev.compress.quantize.NodeFilter;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * How a student is made of its teacher.
 *
 * @param kind what is made smaller
 * @param amount of {@link Kind#PRUNE} the share of the channels that is removed, of {@link
 *     Kind#WIDTH} the share that is left, of {@link Kind#DEPTH} how many residual blocks are left
 */
public record StudentRecipe(Kind kind, double amount) {
  private static final String FORMS = "prune=0.5, width=0.5 or depth=2";

  /** What is made smaller. */
  public enum Kind {
    /** The channels that matter least are removed; the weights of the others stay. */
    PRUNE,
    /** As many channels are left as is said, of each layer, with new weights by seed. */
    WIDTH,
    /** Residual blocks that can be left out are; the weights of the others stay. */
    DEPTH
  }

  /**
   * As options have it: {@code prune=0.5}, {@code width=0.5} or {@code depth=2}.
   *
   * @throws IllegalArgumentException if it is something else
   */
  public static StudentRecipe parse(String text) {
    String[] sides = text.strip().split("=", 2);
    try {
      Kind kind = Kind.valueOf(sides[0].toUpperCase(Locale.ROOT));
      double amount = Double.parseDouble(sides.length < 2 ? "" : sides[1]);
      boolean share = kind != Kind.DEPTH;
      if (share ? amount > 0 && amount < 1 : amount >= 0 && amount == (int) amount) {
        return new StudentRecipe(kind, amount);
      }
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(wrong(text), e);
    }
    throw new IllegalArgumentException(wrong(text));
  }

  private static String wrong(String text) {
    return "--student-from " + text + ": use " + FORMS + ".";
  }

  /**
   * Makes the student.
   *
   * @param teacher a valid model
   * @param context whose seed new weights are drawn by
   * @throws UnsupportedModelException if there is nothing that can be left out
   */
  public OnnxModel of(OnnxModel teacher, PassContext context) {
    OnnxModel plain = new Pipeline(simplifying()).run(teacher, context).model();
    OnnxModel student =
        switch (kind) {
          case PRUNE -> narrowed(plain, amount, context);
          case WIDTH -> FreshWeights.of(narrowed(plain, 1 - amount, context), context.seed());
          case DEPTH -> ShallowerModel.of(plain, (int) amount, context);
        };
    if (student == plain) {
      throw new UnsupportedModelException(
          "--student-from "
              + this
              + " leaves nothing out of the teacher. Ask for less of it, or name a student.");
    }
    return student;
  }

  /** Batch normalization stays: training wants it. */
  private static List<CompressionPass> simplifying() {
    return List.of(
        new RemoveInitializersFromInputs(),
        new ConstantsToInitializers(),
        new FoldConstants(),
        new RemoveIdentity(),
        new RemoveDead());
  }

  private static OnnxModel narrowed(OnnxModel model, double removed, PassContext context) {
    PruneChannels pass =
        new PruneChannels(
            removed,
            ChannelTarget.CHANNELS,
            Optional.of(ChannelCriterion.MAGNITUDE),
            false,
            PruneChannels.USUAL_ROUND,
            NodeFilter.ALL);
    return pass.apply(model, context.withoutCalibration()).model();
  }

  @Override
  public String toString() {
    String number = kind == Kind.DEPTH ? Long.toString((long) amount) : Double.toString(amount);
    return kind.name().toLowerCase(Locale.ROOT) + "=" + number;
  }
}
