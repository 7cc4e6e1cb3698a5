import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.*;
import java.util.stream.*;

/**
 * Package rendezvous in Java, written from SPEC.md: order, table and checksums; then partitions, shards and failure domains.
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

  static List<Node> order(List<Placed> placed, Hash h, String key) { return rank(placed, h, utf8(key)).stream().map(Scored::node).toList(); }

  static String indices(List<Node> nodes) { return nodes.stream().map(n -> "" + n.index).collect(Collectors.joining(" ")); }

  /** The greatest number of partitions of each node. */
  static int[] limits(List<Node> nodes, int n, String bound) {
    BigDecimal most = new BigDecimal(bound), total = BigDecimal.ZERO;
    for (Node node : nodes) total = total.add(new BigDecimal(Double.toString(node.weight)));
    int[] limits = new int[nodes.size()];
    for (Node node : nodes) {
      BigDecimal top = most.multiply(new BigDecimal(n)).multiply(new BigDecimal(Double.toString(node.weight)));
      limits[node.index] = most.signum() == 0 ? n : top.divide(total, 0, RoundingMode.CEILING).min(new BigDecimal(n)).intValue();
    }
    return limits;
  }

  /** The owner of every partition. */
  static List<Node> assign(List<Node> nodes, List<Placed> placed, Hash h, int n, String bound) {
    int[] room = limits(nodes, n, bound);
    List<Node> owners = new ArrayList<>();
    for (int partition = 0; partition < n; partition++) {
      Node owner = order(placed, h, "" + partition).stream().filter(node -> room[node.index] > 0).findFirst().orElseThrow();
      room[owner.index]--;
      owners.add(owner);
    }
    return owners;
  }

  static long partitionsChecksum(List<Node> nodes, Hash h, int n, double bound, List<Node> owners) {
    Fields sum = new Fields().add(utf8("partitions v1")).add(n).add(Double.doubleToRawLongBits(bound));
    for (String key : List.of("", "proxenos", "placement is a promise")) sum.add(h.of(utf8(key)));
    List<Node> live = nodes.stream().filter(node -> node.weight > 0).sorted((a, b) -> Arrays.compareUnsigned(a.id, b.id)).toList();
    for (Node node : live) sum.add(node.id).add(Double.doubleToRawLongBits(node.weight));
    Map<Node, Integer> place = new HashMap<>();
    for (Node node : live) place.put(node, place.size());
    long fold = 0;
    for (Node owner : owners) fold = finalize(fold + place.get(owner) + 1);
    return sum.add(fold).sum();
  }

  static void partitions(Map<String, String> header, List<Node> nodes, List<Placed> placed, Hash h, String[] rows) {
    int n = Integer.parseInt(header.get("partitions"));
    List<Node> owners = assign(nodes, placed, h, n, header.get("bound"));
    for (String row : rows) {
      String first = row.split("\t")[0];
      int partition = (int) Long.remainderUnsigned(h.of(utf8(unquote(first))), n);
      Node owner = owners.get(partition);
      Stream<Node> others = order(placed, h, "" + partition).stream().filter(node -> node != owner);
      print(first, partition, indices(Stream.concat(Stream.of(owner), others).limit(10).toList()));
    }
    print("checksum", Long.toUnsignedString(partitionsChecksum(nodes, h, n, Double.parseDouble(header.get("bound")), owners)));
  }

  /** The best node of every zone, then the second best, and so on, up to n. */
  static List<Node> spread(List<Node> nodes, int n) {
    Map<String, Integer> taken = new HashMap<>();
    Map<Node, Integer> rounds = new LinkedHashMap<>();
    for (Node node : nodes) rounds.put(node, taken.merge(new String(node.id, StandardCharsets.UTF_8).split("-")[0], 1, Integer::sum));
    return nodes.stream().sorted(Comparator.comparing(rounds::get)).limit(n).toList(); // the sort is stable
  }

  static void shards(Map<String, String> header, List<Placed> placed, Hash h, String[] rows) {
    for (String row : rows) {
      String first = row.split("\t")[0];
      List<Node> shard = spread(order(placed, h, unquote(first)), Integer.parseInt(header.get("shard")));
      List<Node> own = order(placed, h, "user:42").stream().filter(shard::contains).toList();
      print(first, indices(shard), indices(spread(own, Integer.parseInt(header.get("replicas")))));
    }
  }

  /** A rule of failure domains: most is 0 for a level without a limit, and home -1 for a rule without a nearest level. */
  record Rule(int n, int[] most, int home, int nearest) {
    static String domain(Node node, int depth) {
      String[] names = new String(node.id, StandardCharsets.UTF_8).split("/");
      return String.join("/", Arrays.copyOf(names, depth + 1));
    }

    static int held(List<Node> chosen, String path, int depth) { return (int) chosen.stream().filter(n -> domain(n, depth).equals(path)).count(); }

    int inside(List<Node> chosen) { return held(chosen, domain(chosen.get(0), home), home); }

    boolean permits(List<Node> chosen, Node node, int lifted) {
      for (int depth = lifted; depth < most.length; depth++) {
        if (most[depth] > 0 && held(chosen, domain(node, depth), depth) >= most[depth]) return false;
      }
      if (home < 0 || chosen.isEmpty() || lifted > most.length) return true;
      if (domain(node, home).equals(domain(chosen.get(0), home))) return inside(chosen) < nearest;
      return chosen.size() - inside(chosen) < n - nearest;
    }

    List<Node> choose(List<Node> ranked) {
      List<Node> chosen = new ArrayList<>();
      for (int lifted = 0; lifted <= most.length + 1; lifted++) {
        for (Node node : ranked) if (chosen.size() < n && !chosen.contains(node) && permits(chosen, node, lifted)) chosen.add(node);
      }
      return chosen;
    }

    int broken(List<Node> chosen) {
      int broken = 0;
      for (int d = 0; d < most.length; d++) {
        int depth = d;
        Stream<String> paths = chosen.stream().map(node -> domain(node, depth)).distinct();
        if (most[d] > 0) broken += (int) paths.filter(path -> held(chosen, path, depth) > most[depth]).count();
      }
      if (home >= 0) broken += (inside(chosen) > nearest ? 1 : 0) + (chosen.size() - inside(chosen) > n - nearest ? 1 : 0);
      return broken;
    }
  }

  static void levels(Map<String, String> header, List<String> limits, List<Placed> placed, Hash h, String[] rows) {
    List<String> names = List.of(header.get("levels").split(" "));
    int[] most = new int[names.size()];
    for (String limit : limits) most[names.indexOf(limit.split(" ")[0])] = Integer.parseInt(limit.split(" ")[1]);
    String[] home = header.getOrDefault("nearest", "none 0").split(" ");
    Rule rule = new Rule(Integer.parseInt(header.get("replicas")), most, names.indexOf(home[0]), Integer.parseInt(home[1]));
    for (String row : rows) {
      String first = row.split("\t")[0];
      List<Node> chosen = rule.choose(order(placed, h, unquote(first)));
      print(first, indices(chosen), rule.broken(chosen));
    }
  }

  /** Prints the rows of a file, then its checksums. */
  static void results(String path) throws Exception {
    String[] parts = Files.readString(Path.of(path)).split("\n\n", 2);
    Map<String, String> header = new HashMap<>();
    List<Node> nodes = new ArrayList<>();
    List<String> limits = new ArrayList<>();
    for (String line : parts[0].split("\n")) {
      if (line.startsWith("#")) continue;
      String[] field = line.split(": ", 2);
      header.put(field[0], field[1]);
      if (field[0].equals("limit")) limits.add(field[1]);
      if (field[0].equals("node")) {
        String[] value = field[1].split(" ");
        nodes.add(new Node(nodes.size(), utf8(value[0]), Double.parseDouble(value[1])));
      }
    }
    boolean logarithm = header.get("algorithm").equals("logarithm");
    Hash h = logarithm ? null : hashNamed(header.get("hash"));
    List<Placed> placed = place(nodes, h);
    String[] rows = parts[1].split("\n");
    switch (header.get("algorithm")) {
      case "partitions v1" -> partitions(header, nodes, placed, h, rows);
      case "shards v1" -> shards(header, placed, h, rows);
      case "levels v1" -> levels(header, limits, placed, h, rows);
      default -> orders(header, nodes, placed, h, rows);
    }
  }

  static void orders(Map<String, String> header, List<Node> nodes, List<Placed> placed, Hash h, String[] rows) {
    boolean logarithm = h == null;
    int bits = logarithm ? 0 : Integer.parseInt(header.get("table_bits"));
    for (String row : rows) {
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
