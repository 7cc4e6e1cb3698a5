package slots

import (
	"fmt"
	"strings"

	"github.com/proxenos/proxenos/internal/hashtag"
	"github.com/proxenos/proxenos/ring/internal/keyhash"
)

// ClusterSlots is the number of slots of a Redis Cluster.
const ClusterSlots = 16384

// Range is a range of slots and the ID of its owner. Last belongs to it.
type Range struct {
	First, Last int
	ID          string
}

// ClusterSlot returns the slot of a key in a Redis Cluster: the CRC-16 of the key,
// or of the part in its first braces if that is not empty, modulo 16384. The
// specification of Redis Cluster has the rule; redis-server 7.0.15 agrees.
func ClusterSlot(key string) int { return clusterSlotOf(clusterHash(key)) }

// clusterHash returns the CRC-16 of a key or of its hash tag.
func clusterHash(key string) uint64 { return keyhash.CRC16(hashtag.Of(key)) }

func clusterSlotOf(h uint64) int { return int(h % ClusterSlots) }

// RedisCluster gives the slots of a Redis Cluster to the nodes that the ranges name.
// A slot in no range has no owner, and a slot in two is an error. Redis Cluster has
// no weights: a drained node keeps its slots, as the servers themselves send clients
// to it.
func RedisCluster(ranges []Range) Scheme { return cluster{ranges} }

type cluster struct{ ranges []Range }

func (cluster) String() string { return "redis-cluster" }

func (s cluster) assign(members []member) (*table, error) {
	index := make(map[string]int32, len(members))
	for i, m := range members {
		index[m.id] = int32(i)
	}
	t := &table{owners: make([]int32, ClusterSlots), hash: keyhash.Hash{Sum: clusterHash}, slot: clusterSlotOf}
	for slot := range t.owners {
		t.owners[slot] = none
	}
	for _, r := range s.ranges {
		owner, ok := index[r.ID]
		if !ok {
			return nil, &NodeError{ID: r.ID, Err: fmt.Errorf("slots %d to %d: %w", r.First, r.Last, ErrUnknownID)}
		}
		if r.First < 0 || r.Last >= ClusterSlots || r.First > r.Last {
			return nil, fmt.Errorf("slots %d to %d of %q: not a range below %d: %w", r.First, r.Last, r.ID, ClusterSlots, ErrScheme)
		}
		for slot := r.First; slot <= r.Last; slot++ {
			if t.owners[slot] != none {
				return nil, fmt.Errorf("slot %d: two owners, %q and %q: %w", slot, members[t.owners[slot]].id, r.ID, ErrScheme)
			}
			t.owners[slot] = owner
		}
	}
	return t, nil
}

// ParseRanges parses ranges of slots, one or more a line, in one of two forms. The
// first is that of "redis-cli cluster nodes", of which it reads the primaries and
// calls each by its host and port; a slot that migrates belongs to its source. The
// second is
//
//	FIRST-LAST ID
//	SLOT ID
//
// Empty lines and lines that begin with "#" are skipped. A slot in two ranges is an
// error. Errors name the line.
func ParseRanges(text string) ([]Range, error) {
	var ranges []Range
	var lines [ClusterSlots]int // the line of each slot, 0 for none
	number := 0
	for line := range strings.Lines(text) {
		number++
		fields := strings.Fields(line)
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		parse := parsePair
		if len(fields) >= 8 {
			parse = parseClusterNode
		}
		parsed, err := parse(fields)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		for _, r := range parsed {
			for slot := r.First; slot <= r.Last; slot++ {
				if lines[slot] != 0 {
					return nil, fmt.Errorf("line %d: slot %d has an owner on line %d: %w", number, slot, lines[slot], ErrScheme)
				}
				lines[slot] = number
			}
		}
		ranges = append(ranges, parsed...)
	}
	return ranges, nil
}

func parsePair(fields []string) ([]Range, error) {
	if len(fields) != 2 {
		return nil, fmt.Errorf("want FIRST-LAST ID or a line of redis-cli cluster nodes, got %.64q: %w", strings.Join(fields, " "), ErrScheme)
	}
	r, err := parseRange(fields[0], fields[1])
	return []Range{r}, err
}

// parseClusterNode parses a line of "cluster nodes": ID, ADDRESS@BUS[,HOST], FLAGS,
// PRIMARY, PING, PONG, EPOCH, STATE and the slots.
func parseClusterNode(fields []string) (ranges []Range, err error) {
	flags := strings.Split(fields[2], ",")
	primary := false
	for _, flag := range flags {
		primary = primary || flag == "master"
	}
	if !primary {
		return nil, nil
	}
	address, _, _ := strings.Cut(fields[1], "@")
	for _, text := range fields[8:] {
		if strings.HasPrefix(text, "[") { // a slot that migrates
			continue
		}
		r, err := parseRange(text, address)
		if err != nil {
			return nil, err
		}
		ranges = append(ranges, r)
	}
	return ranges, nil
}

func parseRange(text, id string) (r Range, err error) {
	first, last, ok := strings.Cut(text, "-")
	if !ok {
		last = first
	}
	r.ID = id
	if r.First, err = parseSlot(first); err != nil {
		return r, err
	}
	if r.Last, err = parseSlot(last); err == nil && r.First > r.Last {
		err = fmt.Errorf("slots %q: the first is greater than the last: %w", text, ErrScheme)
	}
	return r, err
}

func parseSlot(text string) (slot int, err error) {
	for _, c := range []byte(text) {
		if c < '0' || c > '9' || len(text) > 5 {
			return 0, fmt.Errorf("slot %q: not a number below %d: %w", text, ClusterSlots, ErrScheme)
		}
		slot = slot*10 + int(c-'0')
	}
	if text == "" || slot >= ClusterSlots {
		return 0, fmt.Errorf("slot %q: not a number below %d: %w", text, ClusterSlots, ErrScheme)
	}
	return slot, nil
}
