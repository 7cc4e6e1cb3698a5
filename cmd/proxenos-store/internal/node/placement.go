package node

import (
	"slices"
	"strings"
	"time"

	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/ring"
)

// State is the state of a member. The owners of a key change in two steps: a
// joining node is written to but not read from; a leaving node is read from, and
// a write does not count it.
type State = string

// The states. A member whose state is unknown counts as joining.
const (
	StateJoining State = "joining"
	StateServing State = "serving"
	StateLeaving State = "leaving"
)

// Member is a node of the store.
type Member struct {
	Name  string // host:port that the node serves at
	Zone  string
	State State
}

// ID returns the name.
func (m Member) ID() string { return m.Name }

// placement assigns keys to members. It is immutable.
type placement struct {
	members  []Member           // sorted by name
	natural  *ring.Ring[Member] // members to read from: serving or leaving
	pending  *ring.Ring[Member] // members once all changes are complete: joining or serving
	replicas int
	zoned    bool // the members are in several zones
	since    time.Time
}

func newPlacement(members []Member, replicas int, since time.Time) (*placement, error) {
	members = slices.Clone(members)
	slices.SortFunc(members, func(a, b Member) int { return strings.Compare(a.Name, b.Name) })
	zoned := slices.ContainsFunc(members, func(m Member) bool { return m.Zone != members[0].Zone })
	p := &placement{members: members, replicas: replicas, zoned: zoned, since: since}
	var err error
	if p.natural, err = ringExcluding(members, StateJoining); err != nil {
		return nil, err
	}
	if p.pending = p.natural; p.changing() {
		p.pending, err = ringExcluding(members, StateLeaving)
	}
	return p, err
}

func ringExcluding(members []Member, state State) (*ring.Ring[Member], error) {
	members = slices.DeleteFunc(slices.Clone(members), func(m Member) bool { return m.State == state })
	return ring.New(members, ring.Config[Member]{ID: Member.ID})
}

// changing reports whether a member is joining or leaving.
func (p *placement) changing() bool {
	return slices.ContainsFunc(p.members, func(m Member) bool { return m.State != StateServing })
}

// state returns the state of a member, or "" if there is no such member.
func (p *placement) state(name string) State {
	for _, m := range p.members {
		if m.Name == name {
			return m.State
		}
	}
	return ""
}

// appendReplicas appends the names of the first n members of a ring for a key, in
// distinct zones as far as there are enough. The result for n is a prefix of the
// result for n+1: if a member fails, the node to call next is the one that
// becomes an owner when the member is gone.
func (p *placement) appendReplicas(dst []string, r *ring.Ring[Member], key string, n int) []string {
	var chosen []Member
	if p.zoned {
		chosen, _ = mapper.Spread(nil, r.Rank(key), n, func(m Member) string { return m.Zone }, mapper.ZonePolicySpread)
	} else {
		chosen = r.SelectN(nil, key, n)
	}
	for _, m := range chosen {
		dst = append(dst, m.Name)
	}
	return dst
}

// owners returns the nodes that must hold a key: its replicas on the natural and
// on the pending ring.
func (p *placement) owners(key string) []string {
	owners := p.appendReplicas(make([]string, 0, 2*p.replicas), p.natural, key, p.replicas)
	if !p.changing() {
		return owners
	}
	for _, name := range p.appendReplicas(nil, p.pending, key, p.replicas) {
		if !slices.Contains(owners, name) {
			owners = append(owners, name)
		}
	}
	return owners
}
