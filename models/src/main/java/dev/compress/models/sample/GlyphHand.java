package dev.compress.models.sample;

import dev.compress.models.random.SplitMix64;

/**
 * The hand that writes one glyph: a random affine map from the unit square to pixels, and a smooth
 * displacement before it, both drawn once per image; each stroke is moved a little on its own
 * besides, as a pen that was lifted never comes back exactly.
 */
final class GlyphHand {
  private static final double ROTATION_SIGMA_DEGREES = 9;
  private static final double SHEAR_SIGMA = 0.16;
  private static final double SMALLEST_SIDE_PIXELS = 13;
  private static final double LARGEST_SIDE_PIXELS = 26;
  private static final double STRETCH_SIGMA = 0.1;
  private static final double SHIFT_SIGMA_PIXELS = 1.4;
  private static final double WAVE_AMPLITUDE = 0.052;
  private static final double STROKE_SHIFT_SIGMA = 0.028;
  private static final double STROKE_SCALE_SIGMA = 0.05;
  private static final int WAVES = 3;

  private final double xx;
  private final double xy;
  private final double yx;
  private final double yy;
  private final double originX;
  private final double originY;

  /** Per wave: frequency in x and y (radians per unit), phase, amplitude in x and y. */
  private final double[][] waves = new double[WAVES][];

  GlyphHand(SplitMix64 random, int canvasSide) {
    double angle = StrictMath.toRadians(random.nextGaussian() * ROTATION_SIGMA_DEGREES);
    double shear = random.nextGaussian() * SHEAR_SIGMA;
    double size = random.between(SMALLEST_SIDE_PIXELS, LARGEST_SIDE_PIXELS);
    double stretch = 1 + random.nextGaussian() * STRETCH_SIGMA;
    // letters are narrower than high
    double width = 0.85 * size * stretch;
    double height = size / stretch;
    double cos = StrictMath.cos(angle);
    double sin = StrictMath.sin(angle);
    xx = width * cos;
    xy = width * shear * cos - height * sin;
    yx = width * sin;
    yy = width * shear * sin + height * cos;
    originX = canvasSide / 2.0 + random.nextGaussian() * SHIFT_SIGMA_PIXELS;
    originY = canvasSide / 2.0 + random.nextGaussian() * SHIFT_SIGMA_PIXELS;
    for (int i = 0; i < WAVES; i++) {
      double amplitude = WAVE_AMPLITUDE / (1 + i);
      waves[i] =
          new double[] {
            random.nextGaussian() * Math.PI * (1 + i),
            random.nextGaussian() * Math.PI * (1 + i),
            random.between(0, 2 * Math.PI),
            random.nextGaussian() * amplitude,
            random.nextGaussian() * amplitude
          };
    }
  }

  /** One stroke as this hand writes it, in pixels. */
  double[] write(double[] stroke, SplitMix64 random) {
    double shiftX = random.nextGaussian() * STROKE_SHIFT_SIGMA;
    double shiftY = random.nextGaussian() * STROKE_SHIFT_SIGMA;
    double scaleX = 1 + random.nextGaussian() * STROKE_SCALE_SIGMA;
    double scaleY = 1 + random.nextGaussian() * STROKE_SCALE_SIGMA;
    double middleX = (stroke[0] + stroke[stroke.length - 2]) / 2;
    double middleY = (stroke[1] + stroke[stroke.length - 1]) / 2;
    double[] pixels = new double[stroke.length];
    for (int i = 0; i < stroke.length; i += 2) {
      double x = middleX + (stroke[i] - middleX) * scaleX + shiftX;
      double y = middleY + (stroke[i + 1] - middleY) * scaleY + shiftY;
      double waveX = 0;
      double waveY = 0;
      for (double[] wave : waves) {
        double height = StrictMath.sin(wave[0] * x + wave[1] * y + wave[2]);
        waveX += wave[3] * height;
        waveY += wave[4] * height;
      }
      double u = x + waveX - 0.5;
      double v = y + waveY - 0.5;
      pixels[i] = originX + xx * u + xy * v;
      pixels[i + 1] = originY + yx * u + yy * v;
    }
    return pixels;
  }
}
