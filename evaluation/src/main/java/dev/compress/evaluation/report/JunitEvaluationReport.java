package dev.compress.evaluation.report;

import dev.compress.evaluation.EvaluationReport;
import java.io.StringWriter;
import java.util.Locale;
import javax.xml.stream.XMLOutputFactory;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamWriter;

/**
 * A comparison as JUnit's XML, which build systems show as tests: one case a variant, which fails
 * where the variant could not be measured, and one a gate.
 */
public final class JunitEvaluationReport {
  private static final double MILLIS = 1e3;

  private JunitEvaluationReport() {}

  /**
   * The document.
   *
   * @param report what was measured
   */
  public static String of(EvaluationReport report) {
    StringWriter text = new StringWriter();
    try {
      XMLStreamWriter xml = XMLOutputFactory.newFactory().createXMLStreamWriter(text);
      xml.writeStartDocument("UTF-8", "1.0");
      xml.writeStartElement("testsuites");
      long errors = report.variants().stream().filter(v -> v.error() != null).count();
      long failures = report.gates().stream().filter(g -> !g.passed()).count();
      xml.writeStartElement("testsuite");
      xml.writeAttribute("name", "compress evaluate");
      xml.writeAttribute(
          "tests", Integer.toString(report.variants().size() + report.gates().size()));
      xml.writeAttribute("failures", Long.toString(failures));
      xml.writeAttribute("errors", Long.toString(errors));
      for (EvaluationReport.Row row : EvaluationCells.labelled(report)) {
        variant(xml, row);
      }
      for (EvaluationReport.Gate gate : report.gates()) {
        gate(xml, gate);
      }
      xml.writeEndElement();
      xml.writeEndElement();
      xml.writeEndDocument();
      xml.close();
    } catch (XMLStreamException e) {
      throw new IllegalStateException("Text cannot be written as XML", e);
    }
    return text + "\n";
  }

  private static void variant(XMLStreamWriter xml, EvaluationReport.Row row)
      throws XMLStreamException {
    EvaluationReport.LatencyMs ms = row.latencyMs();
    begin(xml, "variant", row.device().equals("cpu") ? row.name() + " on cpu" : row.name());
    if (ms != null) {
      xml.writeAttribute("time", String.format(Locale.ROOT, "%.9f", ms.p50() / MILLIS));
    }
    properties(xml, row);
    String error = row.error();
    if (error != null) {
      xml.writeStartElement("error");
      xml.writeAttribute("message", clean(error));
      xml.writeEndElement();
    }
    xml.writeEndElement();
  }

  /** What was measured of it, as the tables tell it. */
  private static void properties(XMLStreamWriter xml, EvaluationReport.Row row)
      throws XMLStreamException {
    xml.writeStartElement("properties");
    property(xml, "bytes", Long.toString(row.bytes()));
    if (row.accuracy() != null) {
      property(xml, "accuracy", EvaluationCells.accuracy(row.accuracy()));
    }
    EvaluationReport.LatencyMs ms = row.latencyMs();
    if (ms != null) {
      property(
          xml,
          "latency",
          "p50 " + Quantity.millis(ms.p50()) + ", p99 " + Quantity.millis(ms.p99()));
    }
    if (row.energy() != null) {
      property(xml, "energy", EnergyWords.total(row.energy()));
      property(xml, "energy-source", EnergyWords.origin(row.energy()));
    }
    xml.writeEndElement();
  }

  private static void property(XMLStreamWriter xml, String name, String value)
      throws XMLStreamException {
    xml.writeEmptyElement("property");
    xml.writeAttribute("name", name);
    xml.writeAttribute("value", clean(value));
  }

  private static void gate(XMLStreamWriter xml, EvaluationReport.Gate gate)
      throws XMLStreamException {
    begin(xml, "gate", gate.name() + " of " + gate.variant());
    if (!gate.passed()) {
      xml.writeStartElement("failure");
      xml.writeAttribute(
          "message",
          gate.value() == null
              ? "could not be judged: " + clean(String.valueOf(gate.reason()))
              : EvaluationCells.number(gate.value())
                  + " with the interval "
                  + gate.ci95()
                  + " is over the limit of "
                  + EvaluationCells.number(gate.limit()));
      xml.writeEndElement();
    } else if (!gate.certain()) {
      xml.writeStartElement("system-out");
      xml.writeCharacters(
          "Passed, not certain: the limit of "
              + EvaluationCells.number(gate.limit())
              + " lies within the interval "
              + gate.ci95()
              + ".");
      xml.writeEndElement();
    }
    xml.writeEndElement();
  }

  private static void begin(XMLStreamWriter xml, String kind, String name)
      throws XMLStreamException {
    xml.writeStartElement("testcase");
    xml.writeAttribute("classname", "compress.evaluate." + kind);
    xml.writeAttribute("name", clean(name));
  }

  /** XML 1.0 has no control characters. */
  private static String clean(String text) {
    return text.replaceAll("[\\x00-\\x08\\x0B\\x0C\\x0E-\\x1F\\uFFFE\\uFFFF]", "?");
  }
}
