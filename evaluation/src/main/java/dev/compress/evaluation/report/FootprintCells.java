package dev.compress.evaluation.report;

import dev.compress.energy.EnergyJson;
import dev.compress.evaluation.EvaluationReport;
import dev.compress.evaluation.EvaluationReport.Row;
import dev.compress.evaluation.energy.Footprint;
import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Carbon and cost as people read them; what follows from an estimate bears a "~". */
public final class FootprintCells {
  /** What a row's cells are. */
  public static final List<String> HEADINGS =
      List.of("variant", "CO2e a sample", "CO2e a million", "cost a million");

  private static final String UNKNOWN = "-";
  private static final MathContext THREE_FIGURES = new MathContext(3, RoundingMode.HALF_EVEN);

  private FootprintCells() {}

  /** Whether a report tells of any. */
  public static boolean anyIn(EvaluationReport report) {
    return report.variants().stream().anyMatch(row -> grams(row) != null || money(row) != null);
  }

  /** A variant's cells. */
  public static List<String> of(Row row) {
    return List.of(row.name(), sample(row), million(row), cost(row));
  }

  private static @Nullable Double grams(Row row) {
    return row.carbonG() == null ? row.carbonEstimatedG() : row.carbonG();
  }

  private static @Nullable Double money(Row row) {
    return row.cost() == null ? row.costEstimated() : row.cost();
  }

  static String sample(Row row) {
    Double grams = grams(row);
    return grams == null ? UNKNOWN : grams(grams, row.carbonG() == null);
  }

  static String million(Row row) {
    Double grams = grams(row);
    return grams == null ? UNKNOWN : grams(Footprint.MILLION * grams, row.carbonG() == null);
  }

  static String cost(Row row) {
    Double money = money(row);
    return money == null ? UNKNOWN : money(Footprint.MILLION * money, row.cost() == null);
  }

  static String grams(double grams, boolean estimated) {
    return estimated
        ? "~"
            + Quantity.grams(EnergyJson.twoFigures(grams))
                // an estimate has two figures: zeros behind them would claim more
                .replaceAll("(\\.\\d*?)0+(?= )", "$1")
                .replaceAll("\\.(?= )", "")
        : Quantity.grams(grams);
  }

  /** In the price's unit, without an exponent. */
  static String money(double money, boolean estimated) {
    BigDecimal exact = BigDecimal.valueOf(estimated ? EnergyJson.twoFigures(money) : money);
    BigDecimal rounded = estimated ? exact : exact.round(THREE_FIGURES);
    String plain = rounded.signum() == 0 ? "0" : rounded.stripTrailingZeros().toPlainString();
    return (estimated ? "~" : "") + plain;
  }
}
