package dev.compress.evaluation;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;

/**
 * Texts of anyone's files, made fit to be shown: one line, no control characters, valid Unicode.
 */
final class CleanText {
  private static final char REPLACEMENT = '\ufffd';

  private CleanText() {}

  /** A document with all its texts and keys clean. */
  static JsonNode of(JsonNode node) {
    if (node.isTextual()) {
      return JsonNodeFactory.instance.textNode(line(node.textValue()));
    }
    if (node.isArray()) {
      ArrayNode array = JsonNodeFactory.instance.arrayNode(node.size());
      node.forEach(element -> array.add(of(element)));
      return array;
    }
    if (node.isObject()) {
      ObjectNode object = JsonNodeFactory.instance.objectNode();
      for (Map.Entry<String, JsonNode> field : node.properties()) {
        object.set(line(field.getKey()), of(field.getValue()));
      }
      return object;
    }
    return node;
  }

  /** One line of it. */
  static String line(String text) {
    StringBuilder clean = new StringBuilder(text.length());
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (Character.isHighSurrogate(c)
          && i + 1 < text.length()
          && Character.isLowSurrogate(text.charAt(i + 1))) {
        clean.append(c).append(text.charAt(++i));
      } else if (c == '\n' || c == '\t' || c == '\r') {
        clean.append(' ');
      } else if (Character.isISOControl(c) || Character.isSurrogate(c) || overridesOrder(c)) {
        clean.append(REPLACEMENT);
      } else {
        clean.append(c);
      }
    }
    return clean.toString();
  }

  /** Characters that let what follows be shown in another order. */
  private static boolean overridesOrder(char c) {
    return (c >= '\u202a' && c <= '\u202e') || (c >= '\u2066' && c <= '\u2069');
  }
}
