package slots

import (
	"fmt"
	"math/big"

	"github.com/proxenos/proxenos/rendezvous/prf"
	"github.com/proxenos/proxenos/ring/internal/keyhash"
)

// MaglevSlots is the default number of slots of Envoy's Maglev tables.
const MaglevSlots = 65537

// maxMaglevSlots is the greatest table_size that Envoy accepts.
const maxMaglevSlots = 5000011

// EnvoyMaglev follows the published rule of Envoy's load balancing policy maglev,
// which is that of Eisenbud et al., "Maglev: A fast and reliable software network
// load balancer" (NSDI 2016), with XXH64. slots is its table_size, a prime number
// from 2 to 5000011, MaglevSlots by default. It was checked against the tables in the
// tests of Envoy, and not against Envoy itself.
//
// An ID is what Envoy hashes of a host, by default "address:port". Weights are whole
// numbers, as in load_balancing_weight. A key is what the hash policy hashes, such as
// the value of a header. The order of the nodes does not matter.
func EnvoyMaglev(slots int) Scheme { return maglev(slots) }

type maglev int

func (s maglev) String() string { return fmt.Sprintf("envoy-maglev(%d)", int(s)) }

func (s maglev) assign(members []member) (*table, error) {
	if s < 2 || s > maxMaglevSlots || !big.NewInt(int64(s)).ProbablyPrime(0) { // exact below 2^64
		return nil, fmt.Errorf("envoy-maglev: the number of slots %d is not a prime number from 2 to %d: %w", int(s), maxMaglevSlots, ErrScheme)
	}
	if err := wholeWeights(members); err != nil {
		return nil, err
	}
	size := uint64(s)
	t := &table{hash: keyhash.Hash{Sum: keyhash.XXHash64}, slot: func(h uint64) int { return int(h % size) }}
	hosts, greatest := maglevHosts(members, size)
	if len(hosts) > 0 {
		t.owners = fillMaglev(hosts, greatest, int(s))
	}
	return t, nil
}

// maglevHost is a member with its permutation of the slots.
type maglevHost struct {
	member       int32
	next, skip   uint64
	weight       float64 // as a fraction of all
	accumulation float64 // what the weight times the turn must reach for the next slot
}

// maglevHosts returns the members that are not drained by ascending ID, and the
// greatest weight as a fraction of all.
func maglevHosts(members []member, size uint64) (hosts []maglevHost, greatest float64) {
	total := 0.0
	for _, m := range members {
		total += m.weight
	}
	for _, i := range byID(members) {
		m := members[i]
		if m.weight == 0 {
			continue
		}
		share := float64(m.weight / total)
		greatest = max(greatest, share)
		hosts = append(hosts, maglevHost{
			member: int32(i), weight: share,
			next: prf.XXHash64(m.id, 0) % size,
			skip: prf.XXHash64(m.id, 1)%(size-1) + 1,
		})
	}
	return hosts, greatest
}

// fillMaglev lets the hosts take their next free slot in turn. A host of less than
// the greatest weight sits out some turns.
func fillMaglev(hosts []maglevHost, greatest float64, size int) []int32 {
	owners := make([]int32, size)
	for slot := range owners {
		owners[slot] = none
	}
	for turn, filled := 1.0, 0; ; turn++ {
		for i := range hosts {
			h := &hosts[i]
			if float64(turn*h.weight) < h.accumulation {
				continue
			}
			h.accumulation += greatest
			for owners[h.next] != none {
				h.next = (h.next + h.skip) % uint64(size)
			}
			owners[h.next] = h.member
			if filled++; filled == size {
				return owners
			}
		}
	}
}
