package node

import (
	"slices"
	"strings"
	"time"

	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/ring"
)

// State is how a member stands. A key's owners change in two steps: a new node
// is written to while it joins and read from when it serves; one that goes is
// read from and not relied upon while it leaves.
type State string

// The states. A member of which nothing is known yet counts as joining.
const (
	Joining State = "joining"
	Serving State = "serving"
	Leaving State = "leaving"
)

// Member is one node of the store.
type Member struct {
	Name  string // host:port, where it serves
	Zone  string
	State State
}

// ID returns the name.
func (m Member) ID() string { return m.Name }

// placement says which members a key belongs to. It is never changed.
type placement struct {
	members  []Member           // sorted by name
	now      *ring.Ring[Member] // those that can be read from
	next     *ring.Ring[Member] // those that will stay
	replicas int
	zones    int
	since    time.Time
}

func newPlacement(members []Member, replicas int, since time.Time) (*placement, error) {
	members = slices.Clone(members)
	slices.SortFunc(members, func(a, b Member) int { return strings.Compare(a.Name, b.Name) })
	p := &placement{members: members, replicas: replicas, zones: countZones(members), since: since}
	var err error
	if p.now, err = circle(members, Joining); err != nil {
		return nil, err
	}
	if p.next = p.now; p.moving() {
		p.next, err = circle(members, Leaving)
	}
	return p, err
}

// circle returns the ring of the members that are not in a state.
func circle(members []Member, without State) (*ring.Ring[Member], error) {
	members = slices.DeleteFunc(slices.Clone(members), func(m Member) bool { return m.State == without })
	return ring.New(members, ring.Config[Member]{ID: Member.ID})
}

func countZones(members []Member) int {
	zones := map[string]bool{}
	for _, m := range members {
		zones[m.Zone] = true
	}
	return len(zones)
}

// moving reports whether a member is on its way in or out.
func (p *placement) moving() bool {
	return slices.ContainsFunc(p.members, func(m Member) bool { return m.State != Serving })
}

// same reports whether the members are the same and stand the same.
func (p *placement) same(members []Member) bool { return slices.Equal(p.members, members) }

// state returns how a member stands, or nothing if there is none of the name.
func (p *placement) state(name string) State {
	for _, m := range p.members {
		if m.Name == name {
			return m.State
		}
	}
	return ""
}

// names appends the first n members of a ring for a key, on distinct zones as
// far as there are any. Those for n are the first of those for n+1: the member
// to ask when one does not answer is the one that takes over when it is gone.
func (p *placement) names(dst []string, r *ring.Ring[Member], key string, n int) []string {
	var chosen []Member
	if p.zones > 1 {
		chosen, _ = mapper.Spread(nil, r.Rank(key), n, func(m Member) string { return m.Zone }, mapper.SpreadZones)
	} else {
		chosen = r.SelectN(nil, key, n)
	}
	for _, m := range chosen {
		dst = append(dst, m.Name)
	}
	return dst
}

// owners returns those who must have a key: its replicas now and next.
func (p *placement) owners(key string) []string {
	owners := p.names(make([]string, 0, 2*p.replicas), p.now, key, p.replicas)
	if !p.moving() {
		return owners
	}
	for _, name := range p.names(nil, p.next, key, p.replicas) {
		if !slices.Contains(owners, name) {
			owners = append(owners, name)
		}
	}
	return owners
}
