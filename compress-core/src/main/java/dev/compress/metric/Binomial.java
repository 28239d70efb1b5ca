package dev.compress.metric;

/** The symmetric binomial distribution, in double, for any count of trials. */
final class Binomial {
  private static final double HALF_LOG_TWO_PI = 0.9189385332046728;

  private Binomial() {}

  /** {@code ln (n choose k)}; absolute error below 1e-9 up to a million trials. */
  static double logChoose(long n, long k) {
    return logFactorial(n) - logFactorial(k) - logFactorial(n - k);
  }

  /** {@code ln n!}: summed up to 20, from there Stirling's series to the term {@code n^-7}. */
  static double logFactorial(long n) {
    if (n <= 20) {
      long product = 1;
      for (long i = 2; i <= n; i++) {
        product *= i;
      }
      return Math.log((double) product);
    }
    double x = (double) n;
    double x2 = x * x;
    double series = (1.0 / 12 - (1.0 / 360 - (1.0 / 1260 - 1.0 / (1680 * x2)) / x2) / x2) / x;
    return (x + 0.5) * Math.log(x) - x + HALF_LOG_TWO_PI + series;
  }

  /** {@code P(X <= k)} for {@code k <= n/2} and {@code p = 1/2}, given {@code P(X = k)}. */
  static double lowerTail(long n, long k, double atK) {
    double sum = 0;
    double term = atK;
    for (long i = k; i >= 0 && term > sum * 1e-18; i--) {
      sum += term;
      term *= (double) i / (n - i + 1);
    }
    return sum;
  }
}
