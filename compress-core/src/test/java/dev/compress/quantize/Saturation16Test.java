package dev.compress.quantize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class Saturation16Test {
  private static byte[] codes(int count, int limit, long seed) {
    Random random = new Random(seed);
    byte[] codes = new byte[count];
    for (int i = 0; i < count; i++) {
      codes[i] = (byte) (random.nextInt(2 * limit + 1) - limit);
    }
    return codes;
  }

  private static byte[] activations(int count, long seed) {
    byte[] codes = new byte[count];
    new Random(seed).nextBytes(codes);
    return codes;
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 7, 16, 33})
  void theDotProductSaturatesPairByPair(int length) {
    byte[] a = activations(length, 1);
    byte[] w = codes(length, 127, 2);
    long expected = 0;
    for (int i = 0; i < length; i += 2) {
      long pair = 0;
      for (int k = i; k < Math.min(i + 2, length); k++) {
        pair += Byte.toUnsignedInt(a[k]) * (long) w[k];
      }
      expected += pair > 32_767 ? 32_767 : pair < -32_768 ? -32_768 : pair;
    }
    assertThat(Saturation16.dot(a, 0, w, 0, length)).isEqualTo((int) expected);
    assertThat(Saturation16.dot(new byte[] {-1, -1}, 0, new byte[] {127, 127}, 0, 2))
        .isEqualTo(32_767);
    assertThat(Saturation16.dot(new byte[] {-1, -1}, 0, new byte[] {-127, -127}, 0, 2))
        .isEqualTo(-32_768);
  }

  @Test
  void theWorstCaseIsReachedByTheWorstActivations() {
    byte[] w = codes(101, 127, 5);
    Saturation16.WorstCase worst = Saturation16.worstCase(w, 0, w.length);
    int atRisk = 0;
    int largest = 0;
    for (int i = 0; i < w.length; i += 2) {
      int[] second = i + 1 < w.length ? new int[] {0, w[i + 1]} : new int[] {0};
      boolean risk = false;
      for (int first : new int[] {0, w[i]}) {
        for (int other : second) {
          int sum = 255 * (first + other); // each activation 0 or 255
          risk |= sum > 32_767 || sum < -32_768;
          largest = Math.max(largest, Math.abs(sum));
        }
      }
      atRisk += risk ? 1 : 0;
    }
    assertThat(worst).isEqualTo(new Saturation16.WorstCase(51, atRisk, largest));
    assertThat(atRisk).isPositive();
  }

  @Test
  void sevenBitsNeverSaturateAndEightBitsDo() {
    int length = 64;
    byte[] a = activations(200 * length, 3);
    Saturation16.Observed seven = Saturation16.observe(a, 128, codes(10 * length, 63, 4), length);
    assertThat(seven.saturated()).isZero();
    assertThat(seven.sqnrDecibels()).isInfinite();
    assertThat(Saturation16.worstCase(codes(length, 63, 4), 0, length).pairsAtRisk()).isZero();

    byte[] w = codes(10 * length, 127, 4);
    Saturation16.Observed eight = Saturation16.observe(a, 128, w, length);
    assertThat(eight.sums()).isEqualTo(200L * 10 * 32);
    assertThat(eight.share()).isBetween(0.01, 0.2);
    double error = 0;
    double signal = 0;
    for (int r = 0; r < 10; r++) {
      for (int s = 0; s < 200; s++) {
        long exact = 0;
        long centred = 0;
        for (int i = 0; i < length; i++) {
          int code = a[s * length + i] & 0xff;
          exact += (long) code * w[r * length + i];
          centred += (long) (code - 128) * w[r * length + i];
        }
        long lost = exact - Saturation16.dot(a, s * length, w, r * length, length);
        error += (double) lost * lost;
        signal += (double) centred * centred;
      }
    }
    assertThat(eight.squaredError()).isCloseTo(error, within(1e-6 * error));
    assertThat(eight.squaredSignal()).isCloseTo(signal, within(1e-6 * signal));
    assertThat(eight.plus(seven).sums()).isEqualTo(2 * eight.sums());
  }
}
