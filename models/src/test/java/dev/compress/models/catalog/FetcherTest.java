package dev.compress.models.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.compress.error.CancelledException;
import dev.compress.error.InvalidDataException;
import dev.compress.error.ReadWriteException;
import dev.compress.progress.Progress;
import dev.compress.tensor.Sha256;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Against a server on this machine. */
class FetcherTest {
  @TempDir Path folder;

  private final byte[] content = new byte[300_000];
  private final List<String> ranges = new ArrayList<>();
  private HttpServer server;

  /** Bytes after which the server hangs up; it offers and heeds ranges. */
  private int hangUpAfter = Integer.MAX_VALUE;

  private boolean heedsRanges = true;
  private int status = 200;
  private byte[] served = content;

  FetcherTest() throws IOException {
    new Random(5).nextBytes(content);
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
  }

  @BeforeEach
  void start() {
    server.createContext("/", this::answer);
    server.start();
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  private void answer(HttpExchange exchange) throws IOException {
    String range = exchange.getRequestHeaders().getFirst("Range");
    ranges.add(String.valueOf(range));
    int from = 0;
    int code = status;
    if (range != null && heedsRanges && status == 200) {
      from = Integer.parseInt(range.replaceAll("\\D", ""));
      code = 206;
      exchange
          .getResponseHeaders()
          .add("Content-Range", "bytes " + from + "-" + (served.length - 1) + "/" + served.length);
    }
    byte[] rest = Arrays.copyOfRange(served, from, served.length);
    exchange.sendResponseHeaders(code, rest.length);
    try {
      exchange.getResponseBody().write(rest, 0, Math.min(rest.length, hangUpAfter));
    } finally {
      exchange.close();
    }
  }

  private CatalogEntry entry() {
    URI url = URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/d/data.bin");
    return new CatalogEntry(
        "thing",
        "dataset",
        "bytes",
        "none",
        "here",
        List.of(new CatalogFile("data.bin", url, content.length, Sha256.of(content))));
  }

  private List<Fetcher.Fetched> fetch() {
    return new Fetcher(Optional.empty()).fetch(entry(), folder, Progress.NONE);
  }

  private Path part() {
    return folder.resolve("data.bin.part");
  }

  @Test
  void fetchesAndChecks() {
    assertThat(fetch()).containsExactly(new Fetcher.Fetched(folder.resolve("data.bin"), "network"));
    assertThat(folder.resolve("data.bin")).hasBinaryContent(content);
    assertThat(part()).doesNotExist();
    assertThat(fetch().get(0).from()).as("a second time").isEqualTo("folder");
    assertThat(ranges).hasSize(1);
  }

  @ParameterizedTest(name = "the server heeds ranges: {0}")
  @ValueSource(booleans = {true, false})
  void goesOnWhereItWasInterrupted(boolean ranged) throws IOException {
    hangUpAfter = 100_000;
    assertThatThrownBy(this::fetch)
        .isInstanceOf(ReadWriteException.class)
        .hasMessageContaining("Cannot download http://127.0.0.1")
        .hasMessageContaining("Try again");
    assertThat(folder.resolve("data.bin")).doesNotExist();
    long kept = Files.size(part());
    assertThat(kept).isBetween(1L, 100_000L);
    hangUpAfter = Integer.MAX_VALUE;
    heedsRanges = ranged;
    fetch();
    assertThat(ranges).containsExactly("null", "bytes=" + kept + "-");
    assertThat(folder.resolve("data.bin")).hasBinaryContent(content);
    assertThat(part()).doesNotExist();
  }

  @Test
  void stopsWhenAsked() throws IOException {
    Progress stopping =
        new Progress() {
          private long seen;

          @Override
          public void begin(String stage, long total) {
            assertThat(total).isEqualTo(content.length);
          }

          @Override
          public void advance(long steps) {
            seen += steps;
          }

          @Override
          public boolean cancelled() {
            return seen > 50_000;
          }
        };
    assertThatThrownBy(() -> new Fetcher(Optional.empty()).fetch(entry(), folder, stopping))
        .isInstanceOf(CancelledException.class);
    assertThat(Files.size(part())).isPositive();
    fetch();
    assertThat(folder.resolve("data.bin")).hasBinaryContent(content);
  }

  @Test
  void throwsAwayWhatIsAnotherFile() {
    served = content.clone();
    served[7]++;
    assertThatThrownBy(this::fetch)
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("its SHA-256 is " + Sha256.of(served) + " and not ");
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void doesNotFillTheDisk() {
    served = new byte[content.length * 20];
    assertThatThrownBy(this::fetch)
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("larger than 300000 bytes");
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void namesAPointerFile() {
    served =
        Arrays.copyOf(
            "version https://git-lfs.github.com/spec/v1\n".getBytes(StandardCharsets.US_ASCII),
            content.length);
    assertThatThrownBy(this::fetch).hasMessageContaining("Git LFS pointer");
  }

  @Test
  void saysWhatTheServerSays() {
    status = 404;
    assertThatThrownBy(this::fetch)
        .isInstanceOf(ReadWriteException.class)
        .hasMessageContaining("the server answers 404");
  }

  @Test
  void saysThatThereIsNoServer() {
    server.stop(0);
    assertThatThrownBy(this::fetch)
        .isInstanceOf(ReadWriteException.class)
        .hasMessageContaining("refused")
        .hasMessageContaining("--mirror");
  }

  @Test
  void prefersAMirror() throws IOException {
    Path mirror = folder.resolve("mirror");
    Path file = Files.createDirectories(mirror.resolve("datasets/thing")).resolve("data.bin");
    Files.write(file, content);
    Path to = folder.resolve("to");
    Fetcher fetcher = new Fetcher(Optional.of(mirror));
    assertThat(fetcher.fetch(entry(), to, Progress.NONE).get(0).from()).isEqualTo("mirror");
    assertThat(to.resolve("data.bin")).hasBinaryContent(content);
    assertThat(ranges).isEmpty();
    Files.writeString(file, "another");
    assertThatThrownBy(() -> fetcher.fetch(entry(), folder.resolve("again"), Progress.NONE))
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("of the mirror is not the file");
  }

  @Test
  void leavesOthersFilesAlone() throws IOException {
    Files.writeString(folder.resolve("data.bin"), "mine");
    assertThatThrownBy(this::fetch)
        .isInstanceOf(InvalidDataException.class)
        .hasMessageContaining("Move it away");
    assertThat(folder.resolve("data.bin")).hasContent("mine");
  }
}
