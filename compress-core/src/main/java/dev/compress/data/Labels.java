package dev.compress.data;

import dev.compress.error.InvalidDataException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/** The labels of all samples: class ids or target values. */
final class Labels {
  private static final long[] NO_IDS = {};
  private static final float[] NO_VALUES = {};

  private final LabelKind kind;
  private final long[] ids;
  private final float[] values;
  private final int width;
  private final List<String> classes;

  private Labels(LabelKind kind, long[] ids, float[] values, int width, List<String> classes) {
    this.kind = kind;
    this.ids = ids;
    this.values = values;
    this.width = width;
    this.classes = List.copyOf(classes);
  }

  /** Class ids, which must not be negative nor beyond the classes, where these are named. */
  static Labels ofIds(long[] ids, List<String> classes, String where) {
    for (int i = 0; i < ids.length; i++) {
      if (ids[i] < 0 || (!classes.isEmpty() && ids[i] >= classes.size())) {
        throw new InvalidDataException(
            where
                + ": label "
                + ids[i]
                + " of sample "
                + i
                + " is out of range: "
                + (classes.isEmpty()
                    ? "class ids begin at 0."
                    : classes.size()
                        + " classes are named, so labels go from 0 to "
                        + (classes.size() - 1)
                        + "."));
      }
    }
    return new Labels(LabelKind.CLASS, ids, NO_VALUES, 0, classes);
  }

  /** Target values, {@code width} a sample. */
  static Labels ofValues(float[] values, int width) {
    return new Labels(LabelKind.VALUE, NO_IDS, values, width, List.of());
  }

  /**
   * Labels that were text: class ids where all are whole numbers, values where all are numbers,
   * else names of classes, whose ids follow {@code classes} or, if none are given, the sorted
   * names.
   */
  static Labels ofTexts(List<String> texts, List<String> classes, String where) {
    Map<String, Long> seen = new LinkedHashMap<>();
    texts.forEach(t -> seen.putIfAbsent(t, -1L));
    boolean named = !classes.isEmpty() && new HashSet<>(classes).containsAll(seen.keySet());
    if (!named && seen.keySet().stream().allMatch(Labels::isWhole)) {
      long[] ids = texts.stream().mapToLong(t -> (long) Double.parseDouble(t)).toArray();
      return ofIds(ids, classes, where);
    }
    if (!named && seen.keySet().stream().allMatch(Labels::isNumber)) {
      float[] values = new float[texts.size()];
      for (int i = 0; i < values.length; i++) {
        values[i] = Float.parseFloat(texts.get(i));
      }
      return ofValues(values, 1);
    }
    List<String> names =
        classes.isEmpty() ? new ArrayList<>(new TreeSet<>(seen.keySet())) : classes;
    for (int c = 0; c < names.size(); c++) {
      seen.put(names.get(c), (long) c);
    }
    long[] ids = new long[texts.size()];
    for (int i = 0; i < ids.length; i++) {
      String text = texts.get(i);
      if (seen.getOrDefault(text, -1L) < 0) {
        throw new InvalidDataException(
            where
                + ": label '"
                + shown(text)
                + "' of sample "
                + i
                + " is none of the classes "
                + shortList(classes)
                + ".");
      }
      ids[i] = seen.getOrDefault(text, -1L);
    }
    return ofIds(ids, names, where);
  }

  static String shortList(List<String> names) {
    List<String> shown = names.stream().limit(12).map(Labels::shown).toList();
    return names.size() <= 12 ? shown.toString() : shown + " and " + (names.size() - 12) + " more";
  }

  private static boolean isWhole(String text) {
    return isNumber(text)
        && Double.parseDouble(text) == Math.rint(Double.parseDouble(text))
        && Math.abs(Double.parseDouble(text)) < 1e15;
  }

  static boolean isNumber(String text) {
    try {
      return Double.isFinite(Double.parseDouble(text));
    } catch (NumberFormatException e) {
      return false;
    }
  }

  Labels named(List<String> names, String where) {
    return kind == LabelKind.CLASS && !names.isEmpty() ? ofIds(ids, names, where) : this;
  }

  /** The same labels as numbers, for metrics that compare values. */
  Labels asValues() {
    if (kind != LabelKind.CLASS) {
      return this;
    }
    float[] numbers = new float[ids.length];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = (float) ids[i];
    }
    return ofValues(numbers, 1);
  }

  /** The same as class ids, where every value is one. */
  Labels asClasses() {
    if (kind != LabelKind.VALUE || width != 1) {
      return this;
    }
    long[] numbers = new long[values.length];
    for (int i = 0; i < numbers.length; i++) {
      if (values[i] < 0 || values[i] != (long) values[i]) {
        return this;
      }
      numbers[i] = (long) values[i];
    }
    return new Labels(LabelKind.CLASS, numbers, NO_VALUES, 0, List.of());
  }

  /** A text of the data, fit to be shown in one line. */
  static String shown(String text) {
    return shown(text, 40);
  }

  static String shown(String text, int longest) {
    String line = text.replaceAll("[\\p{Cntrl}\u0085\u2028\u2029]", " ");
    return line.length() > longest ? line.substring(0, longest) + "..." : line;
  }

  LabelKind kind() {
    return kind;
  }

  long count() {
    return kind == LabelKind.CLASS ? ids.length : values.length / Math.max(1, width);
  }

  List<String> classes() {
    return classes;
  }

  long id(long index) {
    return ids[Math.toIntExact(index)];
  }

  int width() {
    return width;
  }

  void values(long index, float[] target, int offset) {
    System.arraycopy(values, Math.toIntExact(index) * width, target, offset, width);
  }

  /** Whether every class is one contiguous run, as where a folder is read class by class. */
  boolean grouped() {
    long runs = 0;
    for (int i = 0; i < ids.length; i++) {
      runs += i == 0 || ids[i] != ids[i - 1] ? 1 : 0;
    }
    long distinct = Arrays.stream(ids).distinct().count();
    return distinct > 1 && runs == distinct;
  }
}
