package dev.compress.gpu;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a shared library of Linux says of itself, read from the file without loading it.
 *
 * @param needed the names of the libraries that it is linked with
 * @param version of ONNX Runtime, if it is one of its libraries that carry it
 * @param cudaFunctions of the CUDA runtime: those that it calls, or has
 */
record ElfLibrary(List<String> needed, Optional<String> version, Set<String> cudaFunctions) {
  private static final int MAGIC = 0x464c457f; // 0x7f "ELF", little-endian
  private static final int HEADER_BYTES = 64;
  private static final int CLASS_64 = 2;
  private static final int LITTLE_ENDIAN = 1;
  private static final int SECTION_TABLE = 0x28;
  private static final int SECTION_SIZE = 0x3a;
  private static final int SECTION_COUNT = 0x3c;
  private static final int DYNAMIC = 6;
  private static final int DYNAMIC_ENTRY_BYTES = 16;
  private static final long TAG_NEEDED = 1;

  /** Larger than the tables of any library that is looked at. */
  private static final long LARGEST_TABLE = 64L << 20;

  /** ONNX Runtime's symbols have its version. */
  private static final Pattern VERSION = Pattern.compile("\0VERS_(\\d+\\.\\d+\\.\\d+)\0");

  private static final Pattern CUDA = Pattern.compile("\0(cuda[A-Z]\\w+)(?=\0)");

  ElfLibrary {
    needed = List.copyOf(needed);
    cudaFunctions = Set.copyOf(cudaFunctions);
  }

  /**
   * Reads a file.
   *
   * @throws IOException if it cannot be read, or is no 64-bit little-endian library
   */
  static ElfLibrary read(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      ByteBuffer header = bytes(channel, 0, HEADER_BYTES);
      if (header.getInt(0) != MAGIC
          || header.get(4) != CLASS_64
          || header.get(5) != LITTLE_ENDIAN) {
        throw new IOException("no 64-bit library");
      }
      int size = Short.toUnsignedInt(header.getShort(SECTION_SIZE));
      int count = Short.toUnsignedInt(header.getShort(SECTION_COUNT));
      if (size < HEADER_BYTES) {
        throw new IOException("it has no sections");
      }
      ByteBuffer sections =
          bytes(channel, header.getLong(SECTION_TABLE), Math.multiplyExact((long) size, count));
      for (int i = 0; i < count; i++) {
        int at = i * size;
        if (sections.getInt(at + 4) == DYNAMIC) {
          int strings = sections.getInt(at + 0x28) * size; // the section that it is linked to
          if (strings < 0 || strings >= count * size) {
            throw new IOException("its tables are damaged");
          }
          return of(
              bytes(channel, sections.getLong(at + 0x18), sections.getLong(at + 0x20)),
              bytes(channel, sections.getLong(strings + 0x18), sections.getLong(strings + 0x20)));
        }
      }
      throw new IOException("it is not linked dynamically");
    }
  }

  private static ElfLibrary of(ByteBuffer dynamic, ByteBuffer table) throws IOException {
    byte[] strings = new byte[table.remaining()];
    table.get(strings);
    List<String> needed = new ArrayList<>();
    for (int at = 0; at + DYNAMIC_ENTRY_BYTES <= dynamic.limit(); at += DYNAMIC_ENTRY_BYTES) {
      if (dynamic.getLong(at) == TAG_NEEDED) {
        long offset = dynamic.getLong(at + 8);
        if (offset < 0 || offset >= strings.length) {
          throw new IOException("its tables are damaged");
        }
        needed.add(text(strings, (int) offset));
      }
    }
    String names = new String(strings, StandardCharsets.ISO_8859_1) + "\0";
    Matcher version = VERSION.matcher(names);
    Set<String> functions = new TreeSet<>();
    Matcher function = CUDA.matcher(names);
    while (function.find()) {
      functions.add(function.group(1));
    }
    return new ElfLibrary(
        needed, version.find() ? Optional.of(version.group(1)) : Optional.empty(), functions);
  }

  private static String text(byte[] strings, int from) {
    int end = from;
    while (end < strings.length && strings[end] != 0) {
      end++;
    }
    return new String(strings, from, end - from, StandardCharsets.UTF_8);
  }

  private static ByteBuffer bytes(FileChannel channel, long from, long size) throws IOException {
    if (from < 0 || size < 0 || size > LARGEST_TABLE || from + size > channel.size()) {
      throw new IOException("it is cut off");
    }
    ByteBuffer bytes = ByteBuffer.allocate((int) size).order(ByteOrder.LITTLE_ENDIAN);
    while (bytes.hasRemaining() && channel.read(bytes, from + bytes.position()) >= 0) {
      // positional reads until it is full
    }
    return bytes.rewind();
  }
}
