package ring

import (
	"fmt"
	"slices"
	"strings"

	"github.com/proxenos/proxenos/ring/internal/keyhash"
)

// Twemproxy agrees with twemproxy (nutcracker) 0.5.0, "distribution: ketama", on
// the owner of every key. hash is the value of "hash" in its configuration:
// fnv1a_64, fnv1_64, fnv1a_32, fnv1_32, one_at_a_time, md5, crc16, crc32 or crc32a.
// The empty string means fnv1a_64, the default of twemproxy.
//
// An ID is the server's name or else its "host:port"; the port 11211 is not
// hashed. Capacities are whole numbers. The rule was found in the documentation of
// twemproxy and checked against its answers. Its hashes are not what their names
// say: crc32 is bits 16 to 30 of the CRC, and the 64-bit hashes keep 32 bits.
func Twemproxy(hash string) Layout {
	return keyed("twemproxy", hash, keyhash.Twemproxy, Settings{
		Label: "{id-11211}-{i}", PointHash: "md5-4le32", Points: "share32(160)", Lookup: "at-or-after",
	})
}

// TwemproxyHashes returns the values that [Twemproxy] takes, the default first.
func TwemproxyHashes() []string { return keyhash.Twemproxy.Names() }

// keyed makes the layout of a program that offers several key hashes. Its name has
// the hash that is not the default.
func keyed(name, hash string, known keyhash.Aliases, s Settings) Layout {
	l := circleLayout{name: name}
	h, ok := known.Find(hash)
	if !ok {
		l.err = fmt.Errorf("%s: key hash %q is not one of %s: %w", name, hash, strings.Join(known.Names(), ", "), ErrLayout)
	}
	if hash != "" && hash != known[0].Name {
		l.name += "(" + hash + ")"
	}
	s.KeyHash = h.Name
	l.Settings = s
	return l
}

// Spymemcached agrees with the class KetamaNodeLocator of spymemcached 2.12.3 on the
// owner of every key.
//
// An ID is the server's socket address as Java prints it, without a leading slash:
// "10.0.0.1:11211" or "cache/10.0.0.1:11211". The port is always hashed. If all
// capacities are 1, every server has 160 points, as with the constructor that takes
// no weights; otherwise weights divide 160 points per server in float32
// arithmetic. Spymemcached dropped the leading slash in 2010: [KetamaSpy] keeps it
// and agrees with releases before.
func Spymemcached() Layout {
	s := Settings{Label: "{id}-{i}", PointHash: "md5-4le32", Points: "each(160)", KeyHash: "md5-le32", Lookup: "at-or-after-last"}
	weighted := s
	weighted.Points = "share32(160)"
	return circleLayout{name: "spymemcached", Settings: s, weighted: &weighted}
}

// NodeHashring agrees with the npm package hashring 3.2.0 on the owner of every
// key. An ID is hashed as it is. Capacities are whole numbers; they divide 160
// points per server in float64 arithmetic, so at some numbers of servers, such as
// 7 and 25, the points differ from those of [KetamaWeighted].
func NodeHashring() Layout { return nodeLayout("node-hashring", "{id}-{i}") }

// NodeMemcached agrees with the npm package memcached 2.2.2 on the owner of every
// key. It is [NodeHashring] without ":11211" at the end of an ID.
func NodeMemcached() Layout { return nodeLayout("node-memcached", "{id-11211}-{i}") }

func nodeLayout(name, label string) Layout {
	return circleLayout{name: name, Settings: Settings{
		Label: label, PointHash: "md5-4le32", Points: "share64(160)", KeyHash: "md5-le32", Lookup: "at-or-after",
	}}
}

// The default sizes of the rings of Envoy and gRPC.
const (
	RingHashMinSize  = 1024    // minimum_ring_size and minRingSize
	envoyRingMaxSize = 8 << 20 // maximum_ring_size
	grpcRingMaxSize  = 4096    // maxRingSize, and the cap that gRPC puts on both
)

// EnvoyRingHash follows the published rule of Envoy's load balancing policy
// ring_hash with the hash XX_HASH and maximum_ring_size of 8388608. minSize is its
// minimum_ring_size, RingHashMinSize by default. It was checked against gRPC, which
// has the same rule, and not against Envoy itself.
//
// An ID is what Envoy hashes of a host, by default "address:port". Capacities are
// whole numbers, as in load_balancing_weight. A key is what the hash policy
// hashes, such as the value of a header. The order of the nodes is that of the
// hosts; it can matter with unequal capacities.
func EnvoyRingHash(minSize int) Layout {
	return ringHash("envoy-ring-hash", minSize, envoyRingMaxSize, false)
}

// GRPCRingHash agrees with the balancer ring_hash_experimental of grpc-go 1.85.0
// on the owner of every key, while all its connections are ready. minSize is its
// minRingSize, from 1 to 4096, RingHashMinSize by default; maxRingSize is 4096.
//
// An ID is an address as the resolver gives it. Capacities are whole numbers. A key
// is the value of the header that request_hash_header names.
func GRPCRingHash(minSize int) Layout {
	return ringHash("grpc-ring-hash", minSize, grpcRingMaxSize, true)
}

func ringHash(name string, minSize, maxSize int, sorted bool) Layout {
	return circleLayout{name: fmt.Sprintf("%s(%d)", name, minSize), sorted: sorted, Settings: Settings{
		Label: "{id}_{i}", PointHash: "xxhash64", Points: fmt.Sprintf("ring(%d,%d)", minSize, maxSize), KeyHash: "xxhash64", Lookup: "at-or-after",
	}}
}

// HAProxy agrees with HAProxy 2.6.12, "hash-type consistent", on the server for
// every key while all servers are up. hash is its hash function, with "-avalanche"
// if that modifier is given: sdbm, djb2, crc32, sdbm-avalanche, djb2-avalanche or
// crc32-avalanche. The empty string means sdbm-avalanche, as no function does in
// HAProxy.
//
// HAProxy hashes the number of a server and not its name or address: its place in
// the order given, from 1, whatever its ID. Capacities are whole numbers, as in
// "weight 2". A key is the text that HAProxy hashes. The rule was found in its
// documentation and checked against its answers.
func HAProxy(hash string) Layout { return haproxy("haproxy", "{4096*number+i}", hash) }

// HAProxyByID is [HAProxy] for servers with explicit numbers, "server web1
// 10.0.0.1:80 id 11": an ID is such a number, from 1 to 2147483647.
func HAProxyByID(hash string) Layout { return haproxy("haproxy-id", "{4096*id+i}", hash) }

func haproxy(name, label, hash string) Layout {
	return keyed(name, hash, keyhash.HAProxy, Settings{
		Label: label, PointHash: "avalanche32", Points: "weight(16)", Lookup: "nearest",
	})
}

// HAProxyHashes returns the values that [HAProxy] takes, the default first.
func HAProxyHashes() []string { return keyhash.HAProxy.Names() }

// VarnishShard agrees with the shard director of Varnish 7.1.1, "by=KEY" with
// key=shard.key(TEXT), on the backend for every text, while all backends are
// healthy and neither warmup nor rampup applies.
//
// An ID is the identity that add_backend gives a backend, by default its name.
// Capacities are whole numbers, as in "weight=2". Each unit has 67 points.
func VarnishShard() Layout {
	return circleLayout{name: "varnish-shard", Settings: Settings{
		Label: "{id}{i}", PointHash: "sha256-last32", Points: "weight(67)", KeyHash: "sha256-last32", Lookup: "no-wrap",
	}}
}

// Groupcache agrees with the package consistenthash of groupcache (2024-11-29) with
// 50 replicas, the default of its HTTPPool, on the owner of every key. An ID is a
// peer as it is passed to Set. Groupcache has no weights: capacities other than 0
// count as 1.
func Groupcache() Layout {
	return circleLayout{name: "groupcache", Settings: Settings{
		Label: "{i}{id}", PointHash: "crc32", Points: "each(50)", KeyHash: "crc32", Lookup: "at-or-after-last",
	}}
}

// GoZero agrees with core/hash.ConsistentHash of go-zero 1.10.3 with its default of
// 100 replicas, on the owner of every key. An ID is a node as it is passed to Add.
// Capacities other than 0 count as 1.
func GoZero() Layout {
	return circleLayout{name: "go-zero", Settings: Settings{
		Label: "{id}{i}", PointHash: "murmur3-64", Points: "each(100)", KeyHash: "murmur3-64", Lookup: "at-or-after",
	}}
}

// Nginx agrees with nginx 1.22.1, "hash KEY consistent", on the first server for
// every key that is not empty, as long as all servers are up.
//
// An ID is the server as in the configuration: a host, an address with or without
// a port, or "unix:" and a path. Capacities are whole numbers, as in "weight=2";
// a drained node corresponds to a server that is not in the configuration. Of
// points at one position only that of the server given first stays.
func Nginx() Layout { return nginxLayout("nginx", "{nginx}") }

// IngressNginx agrees with lua-resty-chash (lua-resty-balancer, 2023-05-24), by
// which ingress-nginx serves "upstream-hash-by", on the first server for every key.
// It is [Nginx] with an ID that is hashed as it is: ingress-nginx has "ip:port",
// so neither agrees with the other.
func IngressNginx() Layout { return nginxLayout("ingress-nginx", "{id}") }

func nginxLayout(name, label string) Layout {
	return circleLayout{name: name, Settings: Settings{
		Label: label, PointHash: "crc32-chain", Points: "weight(160)", KeyHash: "crc32", Lookup: "at-or-after-first",
	}}
}

// KetamaMode is a configuration of libmemcached for consistent hashing. Except as
// noted, the modes place keys differently.
type KetamaMode int

const (
	// KetamaDefault is MEMCACHED_BEHAVIOR_KETAMA: 100 points a server; points
	// and keys are hashed by Jenkins' one-at-a-time. If any server has a
	// capacity above 1, the points are those of KetamaWeighted, while the
	// positions of keys stay the same. As in libmemcached, this mode accepts
	// another hash: Config.Hash, of which it uses the low 32 bits, or
	// [KetamaHash].
	KetamaDefault KetamaMode = iota
	// KetamaMD5 is KetamaDefault with MEMCACHED_BEHAVIOR_HASH set to MD5.
	KetamaMD5
	// KetamaWeighted is MEMCACHED_BEHAVIOR_KETAMA_WEIGHTED: 160 points for the
	// average server, in groups of four; points and keys are hashed by MD5.
	KetamaWeighted
	// KetamaWeightedLate is KetamaWeighted set after the servers were added. It
	// places keys like KetamaWeighted.
	KetamaWeightedLate
	// KetamaSpy is KetamaWeighted with the distribution
	// MEMCACHED_DISTRIBUTION_CONSISTENT_KETAMA_SPY: points are named
	// "/host:port-i". It does not agree with spymemcached since 2010, which
	// dropped the slash; [Spymemcached] does.
	KetamaSpy
)

var ketamaNames = []string{"ketama", "ketama-md5", "ketama-weighted", "ketama-weighted-late", "ketama-spy"}

// String returns the name of the mode, such as "ketama-weighted".
func (m KetamaMode) String() string {
	if m < 0 || int(m) >= len(ketamaNames) {
		return fmt.Sprintf("ketama-mode-%d", int(m))
	}
	return ketamaNames[m]
}

// Ketama agrees with libmemcached 1.1.4 on the owner of every key.
//
// An ID is "host", "host:port" or the path of a Unix socket, beginning with "/" or
// "unix:/". The default port is 11211; an IPv6 host with a port has brackets, which
// are not hashed. Capacities are whole numbers of 32 bits. In weighted modes they
// divide a total of 160 points per server in float32 arithmetic, so a capacity far
// below the average may have no point, equal capacities may have 156, and a change
// of one server may move keys between others. A drained node corresponds to a
// server that libmemcached does not have (there weight 0 means 1). Of points at one
// position that of the server given first comes first. libmemcached itself makes no
// ring of more than 100 servers; this layout extends its rules.
func Ketama(mode KetamaMode) Layout {
	l := circleLayout{name: mode.String()}
	if mode < KetamaDefault || mode > KetamaSpy {
		l.err = fmt.Errorf("%s: not one of %v: %w", mode, ketamaNames, ErrLayout)
		return l
	}
	s := Settings{Label: "{memcached}-{i}", PointHash: "md5-4le32", Points: "share32(160)", KeyHash: "md5-le32", Lookup: "at-or-after"}
	switch mode {
	case KetamaSpy:
		s.Label = "/{memcached-port}-{i}"
	case KetamaDefault, KetamaMD5:
		return unweightedKetama(l, s, map[bool]string{true: "one-at-a-time", false: "md5-le32"}[mode == KetamaDefault])
	}
	l.Settings = s
	return l
}

// unweightedKetama makes the layout of a mode that weights servers only if one has
// a weight above 1. Then its points are those of a weighted mode.
func unweightedKetama(l circleLayout, weighted Settings, hash string) Layout {
	l.Settings, l.weighted = weighted, &weighted
	l.PointHash, l.KeyHash, l.Points = hash, hash, "each(100)"
	l.hashable = hash == "one-at-a-time"
	return l
}

// KetamaHash is [KetamaDefault] with a value of MEMCACHED_BEHAVIOR_HASH:
// one_at_a_time, md5, crc, fnv1_64, fnv1a_64, fnv1_32 or fnv1a_32. The empty string
// means one_at_a_time, the default of libmemcached.
func KetamaHash(hash string) Layout {
	l := keyed("ketama", hash, keyhash.Libmemcached, Settings{}).(circleLayout)
	weighted := Ketama(KetamaWeighted).(circleLayout).Settings
	return unweightedKetama(l, weighted, l.KeyHash)
}

// KetamaHashes returns the values that [KetamaHash] takes, the default first.
func KetamaHashes() []string { return slices.Clone(keyhash.Libmemcached.Names()) }

// ContinuumPoints is the default total number of points that python-continuum, which
// calls them dots, divides among the servers.
const ContinuumPoints = 1000

// Continuum agrees with python-continuum 0.1.1 on the owner of every key. points
// is the total number of points (its totaldots), from 1 to MaxPoints.
//
// An ID is "host:port", with an IPv6 host in brackets, which are not hashed. The
// points are divided among the servers by capacity, so a small one may have none,
// and a change of one server moves keys between others. Points come in groups of
// four; by a flaw of the original, the up to three points of a server that do not
// fill a group lie at 0, 1 and 2. Keys after the last point then belong to the
// first server given that has such points, so the order of the nodes matters.
func Continuum(points int) Layout { return continuum("continuum", "md5-4le32-rest", points) }

// Continuum010 agrees with python-continuum 0.1.0, which is [Continuum] without
// the points that do not fill a group of four.
func Continuum010(points int) Layout { return continuum("continuum-0.1.0", "md5-4le32", points) }

func continuum(name, pointHash string, points int) Layout {
	return circleLayout{name: fmt.Sprintf("%s(%d)", name, points), Settings: Settings{
		Label: "{host}-{port}-{i}", PointHash: pointHash, Points: fmt.Sprintf("total(%d)", points), KeyHash: "md5-le32", Lookup: "after",
	}}
}

// HashRing agrees with the hash_ring module of thrifty-p2p on the owner of every
// key and on the nodes that follow.
//
// An ID is hashed as it is. Capacities divide a total of 120 points per node,
// drained nodes included, so a small one may have none. By a flaw of the
// original, three of four points are shifts of the first word of a digest and not
// its other words; most of these lie beyond every key position.
//
// The original keeps the points of a node whose share shrinks because another
// node is added. With unequal capacities the ring therefore depends on its
// history. [New] builds the ring of nodes that were added all at once. A
// [Builder] records each Add (append in the original) and AddMany (extend), and
// its Remove discards that record.
func HashRing() Layout {
	return circleLayout{name: "hash-ring", sorted: true, Settings: Settings{
		Label: "{id}-{i}", PointHash: "md5-be32-shifts", Points: "history(120)", KeyHash: "md5-be32-or-hex", Lookup: "after-first",
	}}
}
