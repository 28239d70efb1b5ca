package dev.compress.data;

import static dev.compress.data.DataFixtures.gzip;
import static dev.compress.data.DataFixtures.idx;
import static dev.compress.data.DataFixtures.idxLabels;
import static dev.compress.data.DataFixtures.labels;
import static dev.compress.data.DataFixtures.resource;
import static dev.compress.data.DataFixtures.values;
import static dev.compress.data.DataFixtures.write;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.compress.error.InvalidDataException;
import dev.compress.metric.Metric;
import dev.compress.tensor.ElementType;
import dev.compress.tensor.Shape;
import dev.compress.tensor.TensorBuffer;
import java.io.BufferedOutputStream;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DatasetTest {
  private final Path folder;

  DatasetTest(@TempDir Path folder) {
    this.folder = folder;
  }

  /** Sample i holds i twice and has label i / 4. */
  private static Dataset counting(int samples) {
    TensorBuffer tensor = TensorBuffer.allocate(ElementType.INT64, Shape.of(samples, 2));
    long[] labels = new long[samples];
    for (int i = 0; i < samples; i++) {
      tensor.longs().put(2 * i, i).put(2 * i + 1, i);
      labels[i] = i / 4;
    }
    return Dataset.of("counting", Map.of("x", tensor), labels, DataDescriptor.NONE);
  }

  private static int[] order(Dataset data) {
    double[] values = values(data);
    return IntStream.range(0, values.length / 2).map(i -> (int) values[2 * i]).toArray();
  }

  @Test
  void viewsChooseSamplesAndTheirLabels() {
    Dataset data = counting(20);
    assertThat(order(data.slice(3, 4))).containsExactly(3, 4, 5, 6);
    assertThat(labels(data.slice(3, 4))).containsExactly(0, 1, 1, 1);
    assertThat(order(data.slice(3, 10).slice(2, 2))).containsExactly(5, 6);
    assertThat(order(data.take(3))).containsExactly(0, 1, 2);
    assertThat(data.take(300).sampleCount()).isEqualTo(20);
    assertThat(order(data.spread(4))).containsExactly(2, 7, 12, 17);
    assertThat(order(data.spread(20))).containsExactly(order(data));
    assertThat(order(data.spread(4).take(2))).containsExactly(2, 7);
    assertThat(data.slice(4, 8).labelCounts()).isEqualTo(Map.of(1L, 4L, 2L, 4L));
    assertThatThrownBy(() -> data.slice(15, 6))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("15 to 20")
        .hasMessageContaining("there are 20");
    assertThatThrownBy(() -> data.take(0)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void calibrationSamplesShowEveryClassOfSortedData() {
    assertThat(order(counting(20).representative(5))).containsExactly(2, 6, 10, 14, 18);
    Dataset mixed = counting(20).shuffled(3);
    assertThat(mixed.representative(5).labelCounts().size()).isGreaterThan(1);
    TensorBuffer one = TensorBuffer.of(Shape.of(4, 1), 1f, 2, 3, 4);
    Dataset alternating =
        Dataset.of("a", Map.of("x", one), new long[] {0, 1, 0, 1}, DataDescriptor.NONE);
    assertThat(values(alternating.representative(2))).containsExactly(1, 2);
  }

  @Test
  void shufflingIsAPermutationThatDependsOnTheSeedOnly() {
    Dataset data = counting(50);
    int[] once = order(data.shuffled(1));
    assertThat(order(counting(50).shuffled(1))).containsExactly(once);
    assertThat(order(data.shuffled(2))).isNotEqualTo(once);
    assertThat(once).isNotEqualTo(order(data)).containsExactlyInAnyOrder(order(data));
    for (Batch batch : data.shuffled(1).batches(8)) {
      for (int i = 0; i < batch.count(); i++) {
        long sample = batch.input("x").longs().get(2 * i);
        assertThat(batch.labels()[i]).isEqualTo(sample / 4);
      }
    }
  }

  @ParameterizedTest(name = "batches of {0}")
  @ValueSource(ints = {1, 3, 20, 64})
  void theBatchSizeDoesNotChangeTheSamples(int size) {
    Dataset data = counting(20);
    long next = 0;
    for (Batch batch : data.batches(size)) {
      assertThat(batch.first()).isEqualTo(next);
      assertThat(batch.rows()).isEqualTo(batch.count());
      next += batch.count();
    }
    assertThat(next).isEqualTo(20);
    assertThat(values(data, "x", size)).containsExactly(values(data, "x", 7));
  }

  @Test
  void batchesShareBuffersAndCopiesDoNot() {
    Iterator<Batch> batches = counting(4).batches(2).iterator();
    Batch first = batches.next();
    Batch copy = first.copy();
    batches.next();
    assertThat(copy.input("x").longs().get(0)).isZero();
    assertThat(first.input("x").longs().get(0)).isEqualTo(2);
    assertThat(copy.labels()).containsExactly(0, 0);
    assertThat(batches.hasNext()).isFalse();
    assertThatThrownBy(batches::next).isInstanceOf(java.util.NoSuchElementException.class);
  }

  @Test
  void contentHashOfAFileIsItsOwn() throws Exception {
    byte[] bytes = idx(4, 2, 3);
    Path file = write(folder.resolve("a.idx"), bytes);
    String expected = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    try (Dataset data = Dataset.open(file)) {
      assertThat(data.contentSha256()).isEqualTo(expected);
      assertThat(data.take(1).contentSha256()).isEqualTo(expected);
    }
    write(folder.resolve("p-images-idx3-ubyte"), bytes);
    write(folder.resolve("p-labels-idx1-ubyte"), idxLabels(0, 1, 2, 3));
    String pair;
    try (Dataset data = Dataset.open(folder.resolve("p"))) {
      pair = data.contentSha256();
      String labels =
          HexFormat.of()
              .formatHex(MessageDigest.getInstance("SHA-256").digest(idxLabels(0, 1, 2, 3)));
      String lines = expected + "  p-images-idx3-ubyte\n" + labels + "  p-labels-idx1-ubyte\n";
      assertThat(pair)
          .isEqualTo(
              HexFormat.of()
                  .formatHex(
                      MessageDigest.getInstance("SHA-256")
                          .digest(lines.getBytes(java.nio.charset.StandardCharsets.UTF_8))));
    }
    write(folder.resolve("p-labels-idx1-ubyte"), idxLabels(0, 1, 2, 2));
    try (Dataset data = Dataset.open(folder.resolve("p"))) {
      assertThat(data.contentSha256()).isNotEqualTo(pair);
    }
  }

  @Test
  void fingerprintsFollowWhatBatchesHold() {
    Dataset data = counting(20);
    List<String> prints =
        List.of(
            data.fingerprint(),
            data.take(5).fingerprint(),
            data.slice(1, 5).fingerprint(),
            data.spread(5).fingerprint(),
            data.shuffled(1).fingerprint(),
            data.bind(List.of(InputSpec.of("x", ElementType.FLOAT, -1, 2))).fingerprint(),
            data.bind(List.of(InputSpec.of("x", ElementType.INT64, 2, 2))).fingerprint(),
            counting(21).fingerprint());
    assertThat(prints).doesNotHaveDuplicates();
    assertThat(counting(20).take(5).fingerprint()).isEqualTo(prints.get(1));
    Path file = resource("stored.npz");
    DataDescriptor scaled = DataDescriptor.parse("inputs: {cube: {scale: 2}}");
    DataDescriptor spaced = DataDescriptor.parse("inputs:\n  cube: {scale:   2} # comment\n");
    try (Dataset plain = Dataset.open(file);
        Dataset other = Dataset.open(file, scaled);
        Dataset same = Dataset.open(file, spaced)) {
      assertThat(other.contentSha256()).isEqualTo(plain.contentSha256());
      assertThat(other.fingerprint()).isNotEqualTo(plain.fingerprint());
      assertThat(same.fingerprint()).isEqualTo(other.fingerprint());
    }
  }

  @Test
  void labelsBeyondTheModelsClassesNameBothSides() {
    Dataset data = counting(20);
    data.requireLabelsBelow(5, "logits");
    data.take(8).requireLabelsBelow(2, "logits");
    assertThatThrownBy(() -> data.requireLabelsBelow(4, "logits"))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("Label 4 of sample 16 of counting")
        .hasMessageContaining("'logits' has 4 classes");
  }

  @Test
  void metricsThatTheLabelsCannotServe() {
    TensorBuffer x = TensorBuffer.of(Shape.of(2, 1), 1f, 2);
    assertThatThrownBy(
            () ->
                Dataset.of("m", Map.of("x", x), new long[0], DataDescriptor.parse("metric: top1")))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("top1")
        .hasMessageContaining("has none");
    Dataset unlabelled =
        Dataset.of("m", Map.of("x", x), new long[0], DataDescriptor.parse("metric: sqnr"));
    assertThat(unlabelled.metric()).contains(Metric.SQNR);
    assertThatThrownBy(() -> Dataset.of("m", Map.of("x", x), new long[] {1}, DataDescriptor.NONE))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("2 samples")
        .hasMessageContaining("1");
  }

  @Test
  void threadsReadTheSameDatasetAtOnce() throws Exception {
    Path file = write(folder.resolve("t.idx.gz"), gzip(idx(2000, 30, 40)));
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try (Dataset data = Dataset.open(file)) {
      List<Future<Long>> sums = new ArrayList<>();
      for (int t = 0; t < 4; t++) {
        Dataset view = t % 2 == 0 ? data : data.shuffled(t);
        sums.add(
            threads.submit(
                () -> {
                  long sum = 0;
                  for (Batch batch : view.batches(33)) {
                    ByteBuffer bytes = batch.input("images").bytes();
                    while (bytes.hasRemaining()) {
                      sum += bytes.get() & 0xff;
                    }
                  }
                  return sum;
                }));
      }
      long expected = IntStream.range(0, 2000 * 1200).mapToLong(i -> i % 251).sum();
      for (Future<Long> sum : sums) {
        assertThat(sum.get()).isEqualTo(expected);
      }
    } finally {
      threads.shutdown();
    }
  }

  @Test
  void contentBeyondTheHeapBoundComesFromATemporaryFile() throws Exception {
    Path file = folder.resolve("large.bin.gz");
    int records = 10_000; // of 4,104 bytes: 41 MB, past the 32 MiB kept on the heap
    try (OutputStream out =
        new BufferedOutputStream(new GZIPOutputStream(Files.newOutputStream(file)))) {
      ByteBuffer record = ByteBuffer.allocate(4104).order(ByteOrder.LITTLE_ENDIAN);
      for (int i = 0; i < records; i++) {
        out.write(record.putLong(0, i % 10).putInt(8, i).putInt(4100, -i).array());
      }
    }
    DataDescriptor descriptor =
        DataDescriptor.parse(
            "format: raw\nrecord: {label: int64, x: {dtype: int32, shape: [1024]}}");
    try (Dataset data = Dataset.open(file, descriptor)) {
      assertThat(data.sampleCount()).isEqualTo(records);
      long index = 0;
      for (Batch batch : data.batches(100)) {
        ByteBuffer bytes = batch.input("x").bytes();
        for (int i = 0; i < batch.count(); i++, index++) {
          assertThat(bytes.getInt(i * 4096)).isEqualTo((int) index);
          assertThat(bytes.getInt(i * 4096 + 4092)).isEqualTo((int) -index);
        }
      }
      assertThat(labels(data.slice(9_999, 1))).containsExactly(9);
    }
  }

  @Test
  void memoryDoesNotGrowWithTheSamples() throws Exception {
    Path file = folder.resolve("zeros.bin");
    try (RandomAccessFile zeros = new RandomAccessFile(file.toFile(), "rw")) {
      zeros.setLength(256L << 20);
    }
    DataDescriptor descriptor =
        DataDescriptor.parse("format: raw\ninputs: {x: {dtype: uint8, shape: [65536]}}");
    BufferPoolMXBean direct =
        ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
            .filter(pool -> pool.getName().equals("direct"))
            .findFirst()
            .orElseThrow();
    try (Dataset data = Dataset.open(file, descriptor)) {
      Iterator<Batch> batches = data.batches(16).iterator();
      batches.next();
      long before = direct.getMemoryUsed();
      int count = 1;
      while (batches.hasNext()) {
        batches.next();
        count++;
        assertThat(direct.getMemoryUsed() - before).as("after " + count).isLessThan(4L << 20);
      }
      assertThat(count).isEqualTo(256);
    }
  }

  @Test
  void closingTwiceIsClosingOnce() {
    Dataset data = Dataset.open(write(folder.resolve("c.idx.gz"), gzip(idx(2, 3))));
    assertThat(values(data)).hasSize(6);
    data.close();
    data.close();
  }

  @Test
  void onlyWhatIsReadIsInflated() {
    // The second half of the archive is damaged, which the first samples need not know.
    byte[] packed = gzip(idx(3000, 1000));
    byte[] cut = java.util.Arrays.copyOf(packed, packed.length - 100);
    Path file = write(folder.resolve("half.idx.gz"), cut);
    try (Dataset data = Dataset.open(file)) {
      assertThat(values(data.take(3))).hasSize(3000);
      assertThatThrownBy(() -> values(data))
          .isInstanceOf(InvalidDataException.class)
          .hasMessageContaining("damaged archive");
    }
  }
}
