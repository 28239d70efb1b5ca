package dev.compress.models.sample;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The labels of the sample and the ways of writing each, read from {@code strokes.txt}. A label's
 * class index is its place in {@link #labels()}.
 */
public final class GlyphAlphabet {
  private static final String RESOURCE = "strokes.txt";

  private final List<String> labels;
  private final List<List<StrokePath>> waysByLabel;

  private GlyphAlphabet(Map<String, List<StrokePath>> ways) {
    this.labels = List.copyOf(ways.keySet());
    this.waysByLabel = ways.values().stream().map(List::copyOf).toList();
  }

  /** Reads the embedded stroke descriptions. */
  public static GlyphAlphabet load() {
    try (InputStream stream = GlyphAlphabet.class.getResourceAsStream(RESOURCE)) {
      if (stream == null) {
        throw new IllegalStateException("resource " + RESOURCE + " is missing from this build");
      }
      Map<String, List<StrokePath>> ways = new LinkedHashMap<>();
      BufferedReader reader =
          new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8));
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        if (!line.isBlank() && line.charAt(0) != '#') {
          addWay(ways, line);
        }
      }
      return new GlyphAlphabet(ways);
    } catch (IOException failure) {
      throw new UncheckedIOException("cannot read resource " + RESOURCE, failure);
    }
  }

  /** A way of weight n is listed n times, so that drawing one is drawing an index. */
  private static void addWay(Map<String, List<StrokePath>> ways, String line) {
    String[] fields = line.split(" ", 3);
    StrokePath path = StrokePath.parse(fields[2]);
    List<StrokePath> list = ways.computeIfAbsent(fields[0], label -> new ArrayList<>());
    for (int i = Integer.parseInt(fields[1]); i > 0; i--) {
      list.add(path);
    }
  }

  /** Label names in class order: the digits, then the capital letters without I and O. */
  public List<String> labels() {
    return labels;
  }

  /** The ways of writing a class, each listed as often as its weight says. */
  List<StrokePath> ways(int label) {
    return waysByLabel.get(label);
  }
}
