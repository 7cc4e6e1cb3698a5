package mapper

import (
	"fmt"
	"iter"
)

// ZonePolicy says how the replicas of a key relate to failure domains. All
// policies have the same first replica, so changing the policy moves no primary.
type ZonePolicy int

const (
	// ZonePolicyAny takes the best nodes by rank and ignores zones.
	ZonePolicyAny ZonePolicy = iota
	// ZonePolicySpread takes the best node of every zone before the second best of
	// any, and so on. More replicas than zones is valid, and degraded.
	ZonePolicySpread
	// ZonePolicyStrict never places two replicas in a zone, even if that yields
	// fewer than n.
	ZonePolicyStrict
)

var policyNames = []string{"any", "spread", "strict"}

// String returns any, spread or strict.
func (p ZonePolicy) String() string {
	if p < 0 || int(p) >= len(policyNames) {
		return fmt.Sprintf("ZonePolicy(%d)", int(p))
	}
	return policyNames[p]
}

// ParseZonePolicy is the inverse of [ZonePolicy.String].
func ParseZonePolicy(name string) (ZonePolicy, error) {
	for p, n := range policyNames {
		if n == name {
			return ZonePolicy(p), nil
		}
	}
	return 0, fmt.Errorf("zone policy %q: want any, spread or strict", name)
}

// Spread appends n replicas to dst, chosen by policy from a ranking: best first,
// every node once, as the Rank methods of rendezvous and ring yield it. The
// result degraded is true if there are fewer than n replicas, or two in one zone
// under ZonePolicySpread. Nodes whose zone is not known ("") share one zone.
//
// The replicas for n are the first of those for n+1. The first one is the best by
// rank. Losing nodes replaces only the replicas that were on them. No zone holds
// two replicas more than another zone that has nodes left.
//
// Spread consumes the ranking until it has found n zones, or all of it if there
// are fewer; the cost is that of the ranking.
func Spread[N any](dst []N, ranking iter.Seq[N], n int, zone func(N) string, policy ZonePolicy) (replicas []N, degraded bool) {
	if n <= 0 {
		return dst, false
	}
	if policy == ZonePolicyAny {
		return best(dst, ranking, n)
	}
	have := len(dst)
	dst, rest := bestOfZones(dst, ranking, n, zone)
	if policy == ZonePolicyStrict || len(dst)-have == n {
		return dst, len(dst)-have < n
	}
	for round := 0; round < len(rest) && len(dst)-have < n; round++ {
		dst = append(dst, rest[round][:min(n-(len(dst)-have), len(rest[round]))]...)
	}
	return dst, true
}

func best[N any](dst []N, ranking iter.Seq[N], n int) ([]N, bool) {
	for node := range ranking {
		dst = append(dst, node)
		if n--; n == 0 {
			break
		}
	}
	return dst, n > 0
}

// bestOfZones appends the best nodes of up to n zones. Rest holds the others that
// it passed, in rounds: the second best of every zone, the third, and so on, each
// by rank.
func bestOfZones[N any](dst []N, ranking iter.Seq[N], n int, zone func(N) string) (all []N, rest [][]N) {
	taken := make(map[string]int)
	for node := range ranking {
		z := zone(node)
		round := taken[z]
		taken[z]++
		if round == 0 {
			dst = append(dst, node)
			if len(taken) == n {
				break
			}
			continue
		}
		if round > len(rest) {
			rest = append(rest, nil)
		}
		rest[round-1] = append(rest[round-1], node)
	}
	return dst, rest
}
