package slots

import (
	"fmt"
	"slices"
	"strings"

	"github.com/proxenos/proxenos/ring/internal/keyhash"
)

// jumpHashes are the hashes of Jump; the algorithm itself takes a number.
var jumpHashes = keyhash.Aliases{{Name: "xxhash64", Hash: "xxhash64"}, {Name: "fnv1a-64", Hash: "fnv1a-64"}, {Name: "murmur3-64", Hash: "murmur3-64"}}

// Jump is jump consistent hashing (Lamping and Veach, "A fast, minimal memory,
// consistent hash algorithm", 2014). Slots are the nodes in the order given. A node
// that joins at the end takes its part from all others, and only the last node can
// leave without moving other keys. hash gives a key its 64-bit number: xxhash64,
// fnv1a-64 or murmur3-64. The empty string means xxhash64. Weights other than 0 count
// as 1.
func Jump(hash string) Scheme {
	h, ok := jumpHashes.Find(hash)
	return jump{name: hash, hash: h, known: ok}
}

// JumpHashes returns the values that [Jump] takes, the default first.
func JumpHashes() []string { return jumpHashes.Names() }

type jump struct {
	name  string
	hash  keyhash.Hash
	known bool
}

func (s jump) String() string {
	if s.name == "" {
		return "jump(" + jumpHashes[0].Name + ")"
	}
	return "jump(" + s.name + ")"
}

func (s jump) assign(members []member) (*table, error) {
	if !s.known {
		return nil, fmt.Errorf("jump: key hash %q is not one of %s: %w", s.name, strings.Join(JumpHashes(), ", "), ErrScheme)
	}
	t := &table{}
	for i, m := range members {
		if m.weight > 0 {
			t.owners = append(t.owners, int32(i))
		}
	}
	n := len(t.owners)
	t.hash, t.slot = s.hash, func(h uint64) int { return jumpHash(h, n) }
	return t, nil
}

// jumpHash returns the bucket of a number among n buckets.
func jumpHash(key uint64, n int) int {
	bucket, next := int64(-1), int64(0)
	for next < int64(n) {
		bucket = next
		key = key*2862933555777941757 + 1
		next = int64(float64(bucket+1) * (float64(int64(1)<<31) / float64(key>>33+1)))
	}
	return int(bucket)
}

// byID returns the indices of members by ascending ID.
func byID(members []member) []int {
	order := make([]int, len(members))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return strings.Compare(members[a].id, members[b].id) })
	return order
}
