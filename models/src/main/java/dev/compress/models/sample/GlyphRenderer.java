package dev.compress.models.sample;

import dev.compress.models.random.SplitMix64;
import java.util.List;

/**
 * Turns a label and a stream of random numbers into a 28 x 28 grey image, white ink on black as in
 * MNIST: writes the glyph with a random {@link GlyphHand} and pen, then spoils it as cheap scanning
 * does (smudges, stray lines, blur, noise, a black level and 16 grey levels). Keeps a canvas, so
 * one instance serves one thread.
 */
final class GlyphRenderer {
  /** Width and height of an image in pixels. */
  static final int SIDE = 28;

  private static final double THINNEST_RADIUS = 0.55;
  private static final double THICKEST_RADIUS = 1.5;
  private static final double LARGEST_NOISE_SIGMA = 0.17;
  private static final double STRAY_LINE_SHARE = 0.25;
  private static final double SMUDGE_SHARE = 0.35;
  private static final double LARGEST_BLUR = 0.22;
  // what the scanner reads as paper; it also keeps the noise of empty paper out of the files, which
  // would double them
  private static final double BLACK_LEVEL = 0.16;
  private static final int GREY_STEPS = 15;

  private final GlyphAlphabet alphabet;
  private final StrokeRasterizer rasterizer = new StrokeRasterizer(SIDE);
  private final double[] row = new double[SIDE];

  GlyphRenderer(GlyphAlphabet alphabet) {
    this.alphabet = alphabet;
  }

  /**
   * Draws one image of {@code label} into {@code pixels} at {@code offset}, {@code SIDE * SIDE}
   * unsigned bytes in row order.
   */
  void render(int label, SplitMix64 random, byte[] pixels, int offset) {
    rasterizer.clear();
    List<StrokePath> ways = alphabet.ways(label);
    write(ways.get(random.nextInt(ways.size())), random);
    if (random.nextDouble() < STRAY_LINE_SHARE) {
      strayLine(random);
    }
    double[] ink = rasterizer.ink();
    if (random.nextDouble() < SMUDGE_SHARE) {
      smudge(ink, random);
    }
    blur(ink, random.between(0, LARGEST_BLUR));
    scan(ink, random, pixels, offset);
  }

  private void write(StrokePath path, SplitMix64 random) {
    GlyphHand hand = new GlyphHand(random, SIDE);
    double radius = random.between(THINNEST_RADIUS, THICKEST_RADIUS);
    double darkness = random.between(0.7, 1);
    for (double[] stroke : path.strokes()) {
      double[] pixels = hand.write(stroke, random);
      double start = radius * random.between(0.8, 1.2);
      double end = radius * random.between(0.8, 1.2);
      rasterizer.draw(pixels, start, end, darkness);
    }
  }

  /** A faint thin line across the image, as of ruled paper or of a neighbour's stroke. */
  private void strayLine(SplitMix64 random) {
    double angle = random.between(0, 2 * Math.PI);
    double x = random.between(0, SIDE);
    double y = random.between(0, SIDE);
    double half = random.between(3, 12);
    double dx = half * StrictMath.cos(angle);
    double dy = half * StrictMath.sin(angle);
    double[] points = {x - dx, y - dy, x + dx, y + dy};
    rasterizer.draw(points, 0.4, 0.6, random.between(0.3, 0.7));
  }

  /** Takes ink away around a random point, as a dry pen or an eraser does. */
  private static void smudge(double[] ink, SplitMix64 random) {
    double centreX = random.between(4, SIDE - 4);
    double centreY = random.between(4, SIDE - 4);
    double radius = random.between(1.5, 4);
    double depth = random.between(0.5, 1);
    for (int y = 0; y < SIDE; y++) {
      for (int x = 0; x < SIDE; x++) {
        double dx = (x + 0.5 - centreX) / radius;
        double dy = (y + 0.5 - centreY) / radius;
        double nearness = Math.max(0, 1 - dx * dx - dy * dy);
        ink[y * SIDE + x] *= 1 - depth * nearness;
      }
    }
  }

  /**
   * Convolves with {@code [b, 1-2b, b]} along rows, then along columns; beyond the edge there is no
   * ink.
   */
  private void blur(double[] ink, double b) {
    for (int line = 0; line < SIDE; line++) {
      blurLine(ink, line * SIDE, 1, b);
    }
    for (int line = 0; line < SIDE; line++) {
      blurLine(ink, line, SIDE, b);
    }
  }

  private void blurLine(double[] ink, int start, int step, double b) {
    for (int i = 0; i < SIDE; i++) {
      row[i] = ink[start + i * step];
    }
    for (int i = 0; i < SIDE; i++) {
      double before = i == 0 ? 0 : row[i - 1];
      double after = i == SIDE - 1 ? 0 : row[i + 1];
      ink[start + i * step] = (1 - 2 * b) * row[i] + b * (before + after);
    }
  }

  private static void scan(double[] ink, SplitMix64 random, byte[] pixels, int offset) {
    double sigma = random.between(0, LARGEST_NOISE_SIGMA);
    for (int i = 0; i < ink.length; i++) {
      double noisy = ink[i] + sigma * random.nextGaussian();
      double level = Math.max(0, Math.min(1, (noisy - BLACK_LEVEL) / (1 - BLACK_LEVEL)));
      pixels[offset + i] = (byte) ((int) Math.rint(level * GREY_STEPS) * (255 / GREY_STEPS));
    }
  }
}
