import java.lang.reflect.Proxy;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.*;
import net.spy.memcached.*;
import net.spy.memcached.util.DefaultKetamaNodeLocatorConfiguration;

/** usage: java -cp spymemcached.jar Owners.java; see clients_test.go. */
final class Owners {
  static final List<MemcachedNode> nodes = new ArrayList<>();
  static final Map<InetSocketAddress, Integer> weights = new HashMap<>();

  /** A server that only knows its address, which is all that the locator asks for. */
  static MemcachedNode node(InetSocketAddress address) {
    return (MemcachedNode) Proxy.newProxyInstance(Owners.class.getClassLoader(), new Class<?>[] {MemcachedNode.class},
        (proxy, method, args) -> switch (method.getName()) {
          case "getSocketAddress" -> address;
          case "toString" -> address.toString();
          case "hashCode" -> System.identityHashCode(proxy);
          case "equals" -> proxy == args[0];
          default -> throw new UnsupportedOperationException(method.getName());
        });
  }

  public static void main(String[] args) throws Exception {
    System.setProperty("net.spy.log.LoggerImpl", "net.spy.memcached.compat.log.SunLogger");
    boolean weighted = false;
    KetamaNodeLocator locator = null;
    StringBuilder out = new StringBuilder();
    for (String line : new String(System.in.readAllBytes(), StandardCharsets.UTF_8).split("\n")) {
      String[] fields = line.split("\t", -1);
      switch (fields[0]) {
        case "setup" -> {
          weighted = fields[1].equals("with");
          nodes.clear();
          weights.clear();
          locator = null;
        }
        case "server" -> {
          int colon = fields[1].lastIndexOf(':');
          InetSocketAddress address = new InetSocketAddress(fields[1].substring(0, colon), Integer.parseInt(fields[1].substring(colon + 1)));
          nodes.add(node(address));
          weights.put(address, Integer.parseInt(fields[2]));
        }
        case "key" -> {
          if (locator == null) {
            locator = weighted
                ? new KetamaNodeLocator(nodes, DefaultHashAlgorithm.KETAMA_HASH, weights, new DefaultKetamaNodeLocatorConfiguration())
                : new KetamaNodeLocator(nodes, DefaultHashAlgorithm.KETAMA_HASH);
          }
          InetSocketAddress owner = (InetSocketAddress) locator.getPrimary(fields[1]).getSocketAddress();
          out.append(owner.getHostString()).append(':').append(owner.getPort()).append('\n');
        }
        default -> throw new IllegalArgumentException(line);
      }
    }
    System.out.print(out);
  }
}
