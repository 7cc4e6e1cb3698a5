package slots

import (
	"fmt"
	"math"
	"strings"

	"github.com/proxenos/proxenos/ring/internal/keyhash"
)

// moduloHashes are the key hashes of clients that take them modulo the number of
// servers. Names begin with that of the program, because programs give one name to
// different functions.
var moduloHashes = append(keyhash.Aliases{
	{Name: "gomemcache-crc32", Hash: "crc32"},
	{Name: "kafka-murmur2", Hash: "murmur2-31"},
	{Name: "prometheus-md5", Hash: "md5-last64"},
}, append(prefixed("libmemcached-", keyhash.Libmemcached), prefixed(twemproxyPrefix, keyhash.Twemproxy)...)...)

const twemproxyPrefix = "twemproxy-"

func prefixed(prefix string, aliases keyhash.Aliases) (all keyhash.Aliases) {
	for _, a := range aliases {
		all = append(all, keyhash.Alias{Name: prefix + a.Name, Hash: a.Hash})
	}
	return all
}

// Modulo gives a key the slot of its hash modulo the number of slots. The order of
// the nodes is that of the servers in the program's configuration, and matters. hash
// names the program and its hash. The empty string means gomemcache-crc32.
//
//	gomemcache-crc32            gomemcache (2026-04-22)
//	libmemcached-one_at_a_time  libmemcached 1.1.4, and PHP memcached 3.2.0 without
//	                            options; also -md5, -crc, -fnv1_64, -fnv1a_64,
//	                            -fnv1_32, -fnv1a_32
//	twemproxy-fnv1a_64          twemproxy 0.5.0, "distribution: modula"; also
//	                            -fnv1_64, -fnv1a_32, -fnv1_32, -one_at_a_time, -md5,
//	                            -crc16, -crc32, -crc32a
//	kafka-murmur2               the default partitioner of Kafka's clients for keys
//	                            (franz-go 1.22.3, kafkajs 2.2.4); nodes are
//	                            partitions
//	prometheus-md5              the relabeling action hashmod of Prometheus 0.305.0;
//	                            nodes are the numbers below the modulus
//
// In twemproxy, a server has as many slots as its weight, a whole number. The other
// programs have no weights, or ignore them: weights other than 0 count as 1.
func Modulo(hash string) Scheme {
	h, ok := moduloHashes.Find(hash)
	return modulo{name: hash, hash: h, known: ok}
}

// ModuloHashes returns the values that [Modulo] takes, the default first.
func ModuloHashes() []string { return moduloHashes.Names() }

type modulo struct {
	name  string
	hash  keyhash.Hash
	known bool
}

func (s modulo) String() string {
	if s.name == "" {
		return "modulo(" + moduloHashes[0].Name + ")"
	}
	return "modulo(" + s.name + ")"
}

func (s modulo) assign(members []member) (*table, error) {
	if !s.known {
		return nil, fmt.Errorf("modulo: key hash %q is not one of %s: %w", s.name, strings.Join(ModuloHashes(), ", "), ErrScheme)
	}
	if err := s.hash.Permitted(); err != nil {
		return nil, fmt.Errorf("%s: %w", s, err)
	}
	weighted := strings.HasPrefix(s.name, twemproxyPrefix)
	if weighted {
		if err := wholeWeights(members); err != nil {
			return nil, err
		}
	}
	total := 0.0
	for _, m := range members {
		total += slotsOf(m, weighted)
	}
	if total > MaxSlots {
		return nil, fmt.Errorf("%s: %.15g slots, at most %d: %w", s, total, MaxSlots, ErrTooManySlots)
	}
	t := &table{owners: make([]int32, 0, int(total))}
	for i, m := range members {
		for range int(slotsOf(m, weighted)) {
			t.owners = append(t.owners, int32(i))
		}
	}
	n, width := uint64(len(t.owners)), ^uint64(0)>>(64-s.hash.Bits) // of the hash, for SelectHash
	t.hash, t.slot = s.hash, func(h uint64) int { return int(h & width % n) }
	return t, nil
}

// slotsOf returns the number of slots of a member.
func slotsOf(m member, weighted bool) float64 {
	if weighted {
		return m.weight
	}
	return math.Ceil(min(m.weight, 1))
}
