package dev.compress.data;

import dev.compress.data.Dims.Order;
import dev.compress.data.InputDescriptor.Channels;
import dev.compress.data.InputDescriptor.Layout;
import dev.compress.data.InputTransform.ShapeStep;
import dev.compress.data.InputTransform.Steps;
import dev.compress.error.InvalidDataException;
import dev.compress.tensor.ElementType;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Decides how a field becomes an input: what the descriptor says, and where it says nothing, what
 * the model's input asks for. Whatever was decided without being said is a note.
 */
final class InputPlanner {
  private final SourceField field;
  private final String name;
  private final InputDescriptor options;
  private final List<String> notes;
  private final @Nullable InputSpec target;
  private final @Nullable List<Long> targetDims;

  private List<Long> dims;
  private Order order;
  private Optional<ImageStep> image = Optional.empty();
  private List<Integer> permutation = List.of();
  private int channelAdded = -1;

  private InputPlanner(
      SourceField field,
      String name,
      InputDescriptor options,
      @Nullable InputSpec target,
      @Nullable List<Long> targetDims,
      List<String> notes) {
    this.field = field;
    this.name = name;
    this.options = options;
    this.target = target;
    this.targetDims = targetDims;
    this.notes = notes;
    this.dims = field.dims();
    this.order =
        switch (field.kind()) {
          case IMAGE -> Order.HWC;
          case ARRAY -> Dims.order(dims);
          case AUDIO, TEXT -> Order.NONE;
        };
  }

  /** The input as the descriptor has it, for no model in particular. */
  static InputTransform plan(SourceField field, String name, InputDescriptor options) {
    return new InputPlanner(field, name, options, null, null, new ArrayList<>()).plan();
  }

  /**
   * The input as a model wants it.
   *
   * @param target the model's input
   * @param targetDims its dims of one sample: without the batch, where there is one; null where
   *     they may be any
   * @param notes gets what was decided without being said
   * @throws InvalidDataException if the field cannot become that input; the message names both
   */
  static InputTransform plan(
      SourceField field,
      InputDescriptor options,
      InputSpec target,
      @Nullable List<Long> targetDims,
      List<String> notes) {
    return new InputPlanner(field, target.name(), options, target, targetDims, notes).plan();
  }

  private InputTransform plan() {
    ElementType type = type();
    List<Long> wanted = options.shape().orElse(targetDims);
    planImage(wanted);
    planOrder(wanted);
    int channelAxis = channelAxis();
    ShapeStep shape = shape(wanted);
    if (field.type().equals(ElementType.UINT8)
        && type.isFloatingPoint()
        && target != null
        && !options.values().affine()) {
      notes.add(
          "The 8-bit values of "
              + field
              + " go into '"
              + name
              + "' as 0 to 255. If the model was "
              + "trained on scaled ones, give scale, mean and std in a data descriptor.");
    }
    Order stored = field.kind() == SourceField.Kind.IMAGE ? Order.HWC : Dims.order(field.dims());
    return new InputTransform(
        field,
        name,
        type,
        new Steps(image, stored, permutation, options.values(), channelAxis, shape));
  }

  private ElementType type() {
    boolean fractions = options.values().affine();
    boolean text = field.kind() == SourceField.Kind.TEXT;
    ElementType own = options.dtype().orElse(fractions || text ? ElementType.FLOAT : field.type());
    if (target == null) {
      return own;
    }
    ElementType wanted = target.type();
    boolean said = options.dtype().isPresent();
    boolean toFloat = wanted.isFloatingPoint() && !(said && DataTypes.isInteger(own));
    boolean toWhole =
        DataTypes.isInteger(wanted)
            && (said ? DataTypes.isInteger(own) : !fractions && (text || DataTypes.isInteger(own)));
    boolean mapped = options.values().nonzero() && !said;
    if (!DataTypes.isReadable(wanted) || !(toFloat || toWhole || mapped)) {
      throw new InvalidDataException(
          "The model's input "
              + target
              + " takes "
              + DataTypes.name(wanted)
              + ", the dataset delivers "
              + field
              + (said || fractions ? " as " + DataTypes.name(own) + " by its descriptor" : "")
              + ". Give the data in the model's type, or correct dtype in the descriptor.");
    }
    return wanted;
  }

  private void planImage(@Nullable List<Long> wanted) {
    InputDescriptor.Image said = options.image();
    boolean isImage = field.kind() == SourceField.Kind.IMAGE;
    if (!isImage && said.resize().isEmpty() && said.crop().isEmpty() && said.channels().isEmpty()) {
      return;
    }
    if (order == Order.NONE || !field.type().equals(ElementType.UINT8)) {
      throw new InvalidDataException(
          "resize, crop and channels of '"
              + name
              + "' are for 8-bit images [rows, columns] with 1, "
              + "3 or 4 channels first or last; the dataset has "
              + field
              + ".");
    }
    Order wantedOrder = said.layout().map(InputPlanner::order).orElse(wantedOrder(wanted));
    long rows = order == Order.CHW ? dims.get(1) : dims.get(0);
    long columns = order == Order.CHW ? dims.get(2) : dims.get(1);
    long channels = order == Order.HW ? 1 : order == Order.CHW ? dims.get(0) : dims.get(2);
    Optional<Channels> chosen = said.channels();
    if (chosen.isEmpty() && isImage) {
      long asked = axis(wanted, wantedOrder, 'C');
      chosen =
          Optional.of(asked == 1 || (asked != 3 && channels == 1) ? Channels.GRAY : Channels.RGB);
    }
    List<Integer> resize = said.resize();
    List<Integer> crop =
        said.crop().size() == 1 ? List.of(said.crop().get(0), said.crop().get(0)) : said.crop();
    long wantedRows = axis(wanted, wantedOrder, 'H');
    long wantedColumns = axis(wanted, wantedOrder, 'W');
    boolean cover = false;
    boolean sized = wantedRows > 0 && wantedColumns > 0;
    boolean unlike = rows != wantedRows || columns != wantedColumns;
    if (crop.isEmpty()
        && sized
        && unlike
        && resize.size() < 2
        && (rows < 0 || options.shape().isPresent() || resize.size() == 1)) {
      crop = List.of((int) wantedRows, (int) wantedColumns);
      if (resize.isEmpty()) {
        resize = crop;
        cover = true;
        notes.add(
            "Images of '"
                + name
                + "' are resized to cover "
                + wantedRows
                + " x "
                + wantedColumns
                + " and cut from the centre. Say otherwise with resize and crop in a descriptor.");
      }
    }
    image = Optional.of(new ImageStep(resize, cover, crop, chosen));
    if (!crop.isEmpty()) {
      rows = crop.get(0);
      columns = crop.get(1);
    } else if (resize.size() == 2) {
      rows = resize.get(0);
      columns = resize.get(1);
    } else if (resize.size() == 1) {
      rows = -1;
      columns = -1;
    }
    dims = List.of(rows, columns, chosen.map(c -> (long) c.count).orElse(channels));
    order = Order.HWC;
  }

  private static Order order(Layout layout) {
    return layout == Layout.NCHW ? Order.CHW : Order.HWC;
  }

  private static Order wantedOrder(@Nullable List<Long> wanted) {
    if (wanted == null) {
      return Order.NONE;
    }
    if (wanted.size() == 3 && wanted.stream().allMatch(d -> d < 0)) {
      return Order.CHW;
    }
    return Dims.order(wanted);
  }

  /** The size of rows, columns or channels in dims of an order; -1 where unknown. */
  private static long axis(@Nullable List<Long> dims, Order order, char axis) {
    String names =
        switch (order) {
          case HW -> "HW";
          case HWC -> "HWC";
          case CHW -> "CHW";
          case NONE -> "";
        };
    if (dims == null || names.length() != dims.size()) {
      return -1;
    }
    int at = names.indexOf(axis);
    return at < 0 ? (axis == 'C' ? 1 : -1) : dims.get(at);
  }

  /** Turns channels first into channels last or the other way, where that is wanted. */
  private void planOrder(@Nullable List<Long> wanted) {
    Optional<Layout> said = options.image().layout();
    Order to = said.map(InputPlanner::order).orElse(wantedOrder(wanted));
    if (order == Order.HW && said.isPresent()) {
      // One channel has no order to be turned; the shape step puts the 1 where it belongs.
      channelAdded = to == Order.CHW ? 0 : 2;
      return;
    }
    if (said.isPresent() || field.kind() == SourceField.Kind.IMAGE) {
      if (isTurnable(order) && isTurnable(to) && to != order) {
        turn(to);
      }
      return;
    }
    if (wanted == null || Dims.match(dims, wanted) != null) {
      return;
    }
    // Sizes like [1, 2, 3] do not tell the order; then the other side does.
    Order from = isTurnable(order) ? order : other(to);
    if (!isTurnable(from) || Dims.match(turned(other(from)), wanted) == null) {
      return;
    }
    notes.add(
        "'"
            + name
            + "' is turned from "
            + InputSpec.dimsText(dims)
            + " to "
            + InputSpec.dimsText(turned(other(from)))
            + ", as the model has channels "
            + (from == Order.HWC ? "first" : "last")
            + ".");
    turn(other(from));
  }

  private boolean isTurnable(Order some) {
    return dims.size() == 3 && (some == Order.HWC || some == Order.CHW);
  }

  private static Order other(Order some) {
    return switch (some) {
      case CHW -> Order.HWC;
      case HWC -> Order.CHW;
      case HW, NONE -> some;
    };
  }

  private void turn(Order to) {
    dims = turned(to);
    permutation = to == Order.CHW ? List.of(2, 0, 1) : List.of(1, 2, 0);
    order = to;
  }

  private List<Long> turned(Order to) {
    return to == Order.CHW
        ? List.of(dims.get(2), dims.get(0), dims.get(1))
        : List.of(dims.get(1), dims.get(2), dims.get(0));
  }

  private int channelAxis() {
    InputDescriptor.Values values = options.values();
    int length =
        Math.max(values.scale().size(), Math.max(values.mean().size(), values.std().size()));
    if (length <= 1) {
      return -1;
    }
    int axis =
        switch (order) {
          case CHW -> 0;
          case HWC -> 2;
          case HW, NONE -> dims.size() - 1;
        };
    long channels = axis < 0 ? 1 : dims.get(axis);
    for (List<Double> list : List.of(values.scale(), values.mean(), values.std())) {
      if (list.size() > 1 && list.size() != channels) {
        throw new InvalidDataException(
            "scale, mean or std of '"
                + name
                + "' has "
                + list.size()
                + " values, the data "
                + InputSpec.dimsText(dims)
                + " has "
                + (channels < 0 ? "?" : channels)
                + " channels. Give one value, or one a channel.");
      }
    }
    return axis;
  }

  private ShapeStep shape(@Nullable List<Long> wanted) {
    if (wanted == null) {
      if (channelAdded >= 0) {
        List<Long> with = new ArrayList<>(dims);
        with.add(channelAdded, 1L);
        return conform(dims, with, true);
      }
      return step(dims, identity(dims.size()));
    }
    ShapeStep first = conform(dims, wanted, options.shape().isPresent());
    if (targetDims == null || options.shape().isEmpty()) {
      return first;
    }
    // The descriptor's dims are all known, so the model's are a mere reshape of them.
    return new ShapeStep(conform(first.dims(), targetDims, false).dims(), List.of(), first.fill());
  }

  private ShapeStep conform(List<Long> from, List<Long> to, boolean said) {
    boolean line = from.stream().filter(d -> d != 1).count() <= 1;
    boolean fillable =
        field.kind() == SourceField.Kind.AUDIO || field.kind() == SourceField.Kind.TEXT;
    boolean fill = said && line && fillable;
    int[] axes = Dims.match(from, to);
    if (axes != null && !(fill && !Dims.fixed(from))) {
      return step(Dims.merged(from, to, axes), axes);
    }
    boolean counted = Dims.fixed(from) && Dims.fixed(to);
    if (counted
        && Dims.count(from) == Dims.count(to)
        && (said || from.size() == 1 || to.size() == 1)) {
      if (!said) {
        notes.add(
            "'"
                + name
                + "' is reshaped from "
                + InputSpec.dimsText(from)
                + " to "
                + InputSpec.dimsText(to)
                + ", row by row.");
      }
      return new ShapeStep(to, List.of(), false);
    }
    if (fill) {
      return new ShapeStep(to, List.of(), true);
    }
    throw new InvalidDataException(
        "The data's "
            + field
            + " is "
            + InputSpec.dimsText(from)
            + " a sample"
            + (target == null
                ? ", its descriptor wants " + InputSpec.dimsText(to)
                : ", the model's input " + target + " wants " + InputSpec.dimsText(to))
            + " for '"
            + name
            + "'. Give other data, or the steps between (resize, crop, layout, "
            + "shape, columns) in a data descriptor.");
  }

  private static ShapeStep step(List<Long> dims, int[] axes) {
    List<Integer> from = new ArrayList<>();
    for (int axis : axes) {
      from.add(axis);
    }
    return new ShapeStep(dims, from, false);
  }

  private static int[] identity(int rank) {
    int[] axes = new int[rank];
    for (int i = 0; i < rank; i++) {
      axes[i] = i;
    }
    return axes;
  }
}
