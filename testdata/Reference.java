import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.*;
import java.util.stream.*;

/**
 * Package rendezvous in Java, written from SPEC.md: order, table and checksums.
 *
 * <p>usage: java Reference.java FILE... computes the rows of vectors again and prints them.
 */
final class Reference {
  static final byte[] DEFAULT_KEY = HexFormat.of().parseHex("d906b07a881315ce308847a8c4de69c6");
  static final long GOLDEN = 0x9e3779b97f4a7c15L;

  interface Hash { long of(byte[] data); }
  record Node(int index, byte[] id, double weight) {}
  record Placed(Node node, double weight, long seed) {}
  record Scored(Node node, double value, long raw) {}

  static byte[] utf8(String s) { return s.getBytes(StandardCharsets.UTF_8); }

  static long siphash(byte[] key, byte[] data) {
    ByteBuffer k = ByteBuffer.wrap(key).order(ByteOrder.LITTLE_ENDIAN);
    long k0 = k.getLong(0), k1 = k.getLong(8);
    long[] v = {k0 ^ 0x736f6d6570736575L, k1 ^ 0x646f72616e646f6dL, k0 ^ 0x6c7967656e657261L, k1 ^ 0x7465646279746573L};
    byte[] text = Arrays.copyOf(data, data.length + 8 - data.length % 8);
    text[text.length - 1] = (byte) data.length;
    for (ByteBuffer words = ByteBuffer.wrap(text).order(ByteOrder.LITTLE_ENDIAN); words.hasRemaining(); ) {
      long word = words.getLong();
      v[3] ^= word;
      rounds(v, 2);
      v[0] ^= word;
    }
    v[2] ^= 255;
    rounds(v, 4);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
  }

  static void rounds(long[] v, int n) {
    for (; n > 0; n--) {
      v[0] += v[1]; v[1] = Long.rotateLeft(v[1], 13) ^ v[0]; v[0] = Long.rotateLeft(v[0], 32);
      v[2] += v[3]; v[3] = Long.rotateLeft(v[3], 16) ^ v[2];
      v[0] += v[3]; v[3] = Long.rotateLeft(v[3], 21) ^ v[0];
      v[2] += v[1]; v[1] = Long.rotateLeft(v[1], 17) ^ v[2]; v[2] = Long.rotateLeft(v[2], 32);
    }
  }

  static long finalize(long x) {
    x = (x ^ x >>> 33) * 0xff51afd7ed558ccdL;
    x = (x ^ x >>> 33) * 0xc4ceb9fe1a85ec53L;
    return x ^ x >>> 33;
  }

  static Hash hashNamed(String text) {
    String[] words = text.split(" ");
    if (words[0].equals("siphash")) {
      byte[] key = words.length > 1 ? HexFormat.of().parseHex(words[1]) : DEFAULT_KEY;
      return data -> siphash(key, data);
    }
    return data -> {
      try {
        return ByteBuffer.wrap(MessageDigest.getInstance(words[0]).digest(data)).getLong();
      } catch (java.security.NoSuchAlgorithmException e) {
        throw new IllegalArgumentException(e);
      }
    };
  }

  /** The natural logarithm with the same bits everywhere. */
  static double log(double x) {
    long bits = Double.doubleToRawLongBits(x);
    long k = bits - 0x3fe6a09e00000000L >> 52;
    double f = Double.longBitsToDouble(bits - (k << 52)) - 1;
    double s = f / (2 + f), half = 0.5 * (f * f), z = s * s, w = z * z;
    double odd = 2.0 / 23, even = 2.0 / 21;
    for (double n : new double[] {19, 15, 11, 7, 3}) odd = 2 / n + w * odd;
    for (double n : new double[] {17, 13, 9, 5}) even = 2 / n + w * even;
    double rest = s * (half + (z * odd + w * even)) + k * 0x1.a39ef35793c76p-33;
    return k * 0x1.62e42feep-1 - ((half - rest) - f);
  }

  static double minusLn(long raw) { return -log(((raw >>> 12) + 0.5) / 0x1p52); }

  /** The nodes that are not drained, with their seeds; weights are 0 if all are equal. */
  static List<Placed> place(List<Node> nodes, Hash h) {
    List<Node> live = nodes.stream().filter(n -> n.weight > 0).toList();
    boolean equal = live.stream().mapToDouble(Node::weight).distinct().count() == 1;
    return live.stream().map(n -> new Placed(n, equal ? 0 : n.weight,
        finalize(h.of(n.id)) ^ siphash(utf8("proxenos node v1"), n.id))).toList();
  }

  /** The nodes from best to worst, with their raw scores. */
  static List<Scored> rank(List<Placed> placed, Hash h, byte[] key) {
    long k = finalize(h.of(key)), m = finalize(k + GOLDEN) | 1;
    return placed.stream().map(p -> {
      long raw = (p.seed ^ k) * m;
      return new Scored(p.node, p.weight * 0x1p300 / minusLn(raw), raw);
    }).sorted((a, b) -> {
      if (a.value != b.value) return Double.compare(b.value, a.value);
      if (a.raw != b.raw) return Long.compareUnsigned(b.raw, a.raw);
      return Arrays.compareUnsigned(a.node.id, b.node.id);
    }).toList();
  }

  static int slot(Hash h, int bits, byte[] key) { return (int) (finalize(h.of(key)) >>> 64 - bits); }

  /** The fields of a checksum. */
  static final class Fields extends java.io.ByteArrayOutputStream {
    Fields add(byte[] s) {
      int n = s.length;
      for (; n > 127; n >>= 7) write(n & 127 | 128);
      write(n);
      writeBytes(s);
      return this;
    }

    Fields add(long x) {
      writeBytes(ByteBuffer.allocate(8).putLong(x).array());
      return this;
    }

    long sum() { return siphash(utf8("proxenos sum  v1"), toByteArray()); }
  }

  static long setChecksum(List<Node> nodes, Hash h) {
    Fields sum = new Fields().add(utf8("rendezvous v1"));
    for (String key : List.of("", "proxenos", "placement is a promise")) sum.add(h.of(utf8(key)));
    nodes.stream().sorted((a, b) -> Arrays.compareUnsigned(a.id, b.id))
        .forEach(n -> sum.add(n.id).add(Double.doubleToRawLongBits(n.weight)));
    return sum.sum();
  }

  static long tableChecksum(int bits, long set) { return new Fields().add(utf8("rendezvous table v1")).add(bits).add(set).sum(); }

  /** Prints the rows of a file, then its checksums. */
  static void results(String path) throws Exception {
    String[] parts = Files.readString(Path.of(path)).split("\n\n", 2);
    Map<String, String> header = new HashMap<>();
    List<Node> nodes = new ArrayList<>();
    for (String line : parts[0].split("\n")) {
      if (line.startsWith("#")) continue;
      String[] field = line.split(": ", 2);
      header.put(field[0], field[1]);
      if (field[0].equals("node")) {
        String[] value = field[1].split(" ");
        nodes.add(new Node(nodes.size(), utf8(value[0]), Double.parseDouble(value[1])));
      }
    }
    boolean logarithm = header.get("algorithm").equals("logarithm");
    Hash h = logarithm ? null : hashNamed(header.get("hash"));
    int bits = logarithm ? 0 : Integer.parseInt(header.get("table_bits"));
    List<Placed> placed = place(nodes, h);
    for (String row : parts[1].split("\n")) {
      String first = row.split("\t")[0];
      if (logarithm) {
        print(first, String.format("%016x", Double.doubleToRawLongBits(minusLn(Long.parseUnsignedLong(first)))));
        continue;
      }
      byte[] key = utf8(unquote(first));
      List<Scored> order = rank(placed, h, key);
      int s = slot(h, bits, key);
      print(first, order.stream().limit(10).map(n -> "" + n.node.index).collect(Collectors.joining(" ")),
          Long.toUnsignedString(order.get(0).raw), s, rank(placed, h, utf8("" + s)).get(0).node.index);
    }
    if (logarithm) return;
    long set = setChecksum(nodes, h);
    print("checksum", Long.toUnsignedString(set), Long.toUnsignedString(tableChecksum(bits, set)));
  }

  /** The text of a JSON string. */
  static String unquote(String json) {
    return java.util.regex.Pattern.compile("\\\\(?:u([0-9a-fA-F]{4})|(.))").matcher(json.substring(1, json.length() - 1)).replaceAll(m ->
        java.util.regex.Matcher.quoteReplacement(m.group(1) != null ? "" + (char) Integer.parseInt(m.group(1), 16)
            : switch (m.group(2)) { case "t" -> "\t"; case "n" -> "\n"; case "r" -> "\r"; case "b" -> "\b"; case "f" -> "\f"; default -> m.group(2); }));
  }

  static void print(Object... fields) {
    System.out.println(Stream.of(fields).map(String::valueOf).collect(Collectors.joining("\t")));
  }

  public static void main(String[] paths) throws Exception {
    System.setOut(new java.io.PrintStream(new java.io.FileOutputStream(java.io.FileDescriptor.out), true, StandardCharsets.UTF_8));
    for (String path : paths) {
      print("#", path);
      results(path);
    }
  }
}
