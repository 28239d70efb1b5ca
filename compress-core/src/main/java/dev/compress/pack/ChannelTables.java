package dev.compress.pack;

import dev.compress.tensor.ChannelGroups;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Few values in each run of channels of a weight that has many in all: a table a run. An element is
 * an index into its run's table; a run's table starts at {@code run * stride} of the joint one.
 * Runs are found by looking, whoever made them: the fewest such that none has too many values.
 */
public final class ChannelTables {
  private static final int FEW_OFFSETS = 16;
  private static final int MOST_CHANNELS = 1 << 16;

  private final ChannelGroups channels;
  private final int[] starts;
  private final List<Codebook> tables;
  private final int stride;

  private ChannelTables(ChannelGroups channels, int[] starts, List<Codebook> tables) {
    this.channels = channels;
    this.starts = starts;
    this.tables = tables;
    this.stride = tables.stream().mapToInt(Codebook::size).max().orElse(0);
  }

  /**
   * What is looked for.
   *
   * @param bits of an index into one table
   * @param withZero whether zero is index 0 of each, for forms that list only what is not zero
   */
  record Size(int bits, boolean withZero) {
    /** The most values of a run. */
    int most() {
      return 1 << bits;
    }
  }

  /**
   * Looks for runs, of all sizes in one reading for each axis.
   *
   * @param weight with elements of 1, 2 or 4 bytes, not empty
   * @param sizes what is looked for
   * @return those found of each size, for each axis that can be cut so; at least two runs each, and
   *     each channel as long as a table
   */
  static Map<Size, List<ChannelTables>> find(Tensor weight, List<Size> sizes) {
    Map<Size, List<ChannelTables>> found = new LinkedHashMap<>();
    for (ChannelGroups axis : ChannelGroups.everyAxis(weight.shape(), Integer.MAX_VALUE)) {
      // A channel that cannot hold more values tells nothing, and there may be millions of them.
      long inChannel = weight.elementCount() / axis.channels();
      List<Size> possible = sizes.stream().filter(size -> inChannel >= size.most()).toList();
      if (axis.channels() > MOST_CHANNELS || possible.isEmpty()) {
        continue;
      }
      int most = possible.stream().mapToInt(Size::most).max().orElseThrow();
      ChannelValues values = ChannelValues.of(weight, axis, most);
      for (Size size : possible) {
        values
            .within(size)
            .ifPresent(
                few -> found.computeIfAbsent(size, s -> new ArrayList<>()).addAll(few.cut()));
      }
    }
    return found;
  }

  /**
   * The most values that a run of channels has, along the axis where that is least.
   *
   * @param weight with elements of 1, 2 or 4 bytes, not empty
   * @param groups how many runs
   * @return empty if over 256
   */
  public static OptionalInt mostInGroup(Tensor weight, int groups) {
    return ChannelGroups.everyAxis(weight.shape(), groups).stream()
        .map(cut -> ChannelValues.of(weight, cut, Codebook.MOST))
        .filter(values -> values.fits)
        .mapToInt(values -> Arrays.stream(values.counts).max().orElse(0))
        .min();
  }

  /**
   * Whether a weight has few values in each of some runs of channels.
   *
   * @param weight with elements of 1, 2 or 4 bytes
   * @param bits of the number of values that a run has at most
   * @param uses how often a value of a run occurs at least, in the mean
   */
  public static boolean areFew(Tensor weight, int bits, int uses) {
    return weight.elementCount() > 0
        && find(weight, List.of(new Size(bits, false))).values().stream()
            .flatMap(List::stream)
            .mapToLong(found -> found.tables.stream().mapToLong(Codebook::size).sum())
            .anyMatch(values -> values * uses <= weight.elementCount());
  }

  /** What the joint table and the offsets take in a file. */
  long bytes(int elementBytes) {
    return (long) entries() * elementBytes + offsets().length * (offsetType().bits() / 8L);
  }

  /** How many runs there are. */
  int runs() {
    return tables.size();
  }

  /** Entries of the joint table. */
  int entries() {
    return runs() * stride;
  }

  /** How many channels next to one another always share a run. */
  int block() {
    int block = channels.channels();
    for (int start : starts) {
      int other = start;
      while (other != 0) {
        int rest = block % other;
        block = other;
        other = rest;
      }
    }
    return block;
  }

  /** Where the tables of the blocks of channels start. */
  int[] offsets() {
    int block = block();
    int[] offsets = new int[channels.channels() / block];
    for (int run = 0; run < starts.length; run++) {
      for (int b = starts[run] / block; b < offsets.length; b++) {
        offsets[b] = run * stride;
      }
    }
    return offsets;
  }

  /** The type of stored offsets: many are worth a Cast. */
  ElementType offsetType() {
    int largest = entries() - stride;
    if (channels.channels() / block() <= FEW_OFFSETS || largest > Short.MAX_VALUE) {
      return ElementType.INT32;
    }
    return largest < 256 ? ElementType.UINT8 : ElementType.INT16;
  }

  /** The elements as blocks of channels: {@code [outer, blocks, elements of a block]}. */
  Shape blocks() {
    int block = block();
    long count = channels.channels() / block;
    return channels.outer() == 1
        ? Shape.of(count, block * channels.inner())
        : Shape.of(channels.outer(), count, block * channels.inner());
  }

  /** The index of an element's value in its run's table. */
  int indexOf(long position, int bits) {
    int channel = channels.channelAt(position);
    int at = Arrays.binarySearch(starts, channel);
    return tables.get(at < 0 ? -at - 2 : at).indexOf(bits);
  }

  /** The tables one after the other, filled up with zeros to {@code stride} each. */
  Tensor joint(ElementType type) {
    int elementBytes = type.bits() / 8;
    byte[] all = new byte[entries() * elementBytes];
    for (int run = 0; run < runs(); run++) {
      byte[] table = tables.get(run).tensor(type).data().toByteArray();
      System.arraycopy(table, 0, all, run * stride * elementBytes, table.length);
    }
    return Tensor.ofBytes(type, Shape.of(entries()), all);
  }

  /** The values of each channel, or run of channels, as long as there are few. */
  private static final class ChannelValues {
    private final ChannelGroups axis;
    private final int most;
    private final int[][] values;
    private final int[] counts;
    private final int[] groupOf;
    private int channel;
    private long within;
    private boolean fits = true;

    static ChannelValues of(Tensor weight, ChannelGroups axis, int most) {
      ChannelValues values = new ChannelValues(axis, most);
      new ElementBits(weight).forEachPieceWhile(() -> values.fits, values::add);
      return values;
    }

    private ChannelValues(ChannelGroups axis, int most) {
      this.axis = axis;
      this.most = most;
      this.values = new int[axis.groups()][0];
      this.counts = new int[axis.groups()];
      this.groupOf = new int[axis.channels()];
      Arrays.setAll(groupOf, axis::of);
    }

    /** The same values, zero put to them where it is wanted, if they are so few. */
    Optional<ChannelValues> within(Size size) {
      ChannelValues few = new ChannelValues(axis, size.most());
      for (int group = 0; group < counts.length && few.fits; group++) {
        few.values[group] = Arrays.copyOf(values[group], counts[group]);
        few.counts[group] = counts[group];
        few.fits = counts[group] <= size.most();
        if (size.withZero()) {
          few.values[group] = few.with(group, 0);
        }
      }
      return fits && few.fits ? Optional.of(few) : Optional.empty();
    }

    void add(int[] bits, int count) {
      for (int i = 0; i < count && fits; i++) {
        int group = groupOf[channel];
        int value = bits[i];
        if (counts[group] == 0 || values[group][0] != value) { // zeros come first, mostly
          values[group] = with(group, value);
        }
        if (++within == axis.inner()) {
          within = 0;
          channel = channel + 1 == groupOf.length ? 0 : channel + 1;
        }
      }
    }

    private int[] with(int group, int value) {
      int[] known = values[group];
      int count = counts[group];
      for (int i = 0; i < count; i++) {
        if (known[i] == value) {
          return known;
        }
      }
      fits &= count < most;
      int[] more = count < known.length ? known : Arrays.copyOf(known, 2 * count + 4);
      more[count] = value;
      counts[group]++;
      return more;
    }

    /** As few runs as can be, and as few of equal length: what takes fewer bytes depends. */
    List<ChannelTables> cut() {
      List<ChannelTables> cuts = new ArrayList<>();
      ChannelTables fewest = fewest();
      if (fewest.runs() > 1) {
        cuts.add(fewest);
      }
      for (int runs = fewest.runs(); runs <= axis.channels() && fewest.runs() > 1; runs++) {
        if (axis.channels() % runs == 0) {
          List<Codebook> tables = equal(axis.channels() / runs);
          if (tables.size() == runs) {
            int length = axis.channels() / runs;
            int[] starts = new int[runs];
            Arrays.setAll(starts, run -> run * length);
            cuts.add(new ChannelTables(axis, starts, tables));
            break;
          }
        }
      }
      return cuts;
    }

    private ChannelTables fewest() {
      List<Integer> starts = new ArrayList<>();
      List<Codebook> tables = new ArrayList<>();
      int[] union = new int[0];
      for (int channel = 0; channel < axis.channels(); channel++) {
        int[] wider = union(union, channel);
        if (channel == 0 || wider.length > most) {
          if (channel > 0) {
            tables.add(new Codebook(union));
          }
          starts.add(channel);
          wider = Arrays.copyOf(values[channel], counts[channel]);
        }
        union = wider;
      }
      tables.add(new Codebook(union));
      int[] all = starts.stream().mapToInt(Integer::intValue).toArray();
      return new ChannelTables(axis, all, tables);
    }

    /** Tables of runs of one length; fewer than there are runs if one has too many values. */
    private List<Codebook> equal(int length) {
      List<Codebook> tables = new ArrayList<>();
      for (int first = 0; first < axis.channels(); first += length) {
        int[] union = new int[0];
        for (int channel = first; channel < first + length; channel++) {
          union = union(union, channel);
          if (union.length > most) {
            return tables;
          }
        }
        tables.add(new Codebook(union));
      }
      return tables;
    }

    private int[] union(int[] with, int channel) {
      int[] all = Arrays.copyOf(with, with.length + counts[channel]);
      int n = with.length;
      for (int i = 0; i < counts[channel]; i++) {
        int value = values[channel][i];
        boolean known = false;
        for (int k = 0; k < n && !known; k++) {
          known = all[k] == value;
        }
        if (!known) {
          all[n++] = value;
        }
      }
      return n == all.length ? all : Arrays.copyOf(all, n);
    }
  }
}
