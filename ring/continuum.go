package ring

import (
	"fmt"
	"strconv"
)

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
func Continuum(points int) Layout { return continuum{points: points, rest: true} }

// Continuum010 agrees with python-continuum 0.1.0, which is [Continuum] without
// the points that do not fill a group of four.
func Continuum010(points int) Layout { return continuum{points: points} }

type continuum struct {
	points int
	rest   bool // keep the points that do not fill a group
}

func (l continuum) String() string {
	if l.rest {
		return fmt.Sprintf("continuum(%d)", l.points)
	}
	return fmt.Sprintf("continuum-0.1.0(%d)", l.points)
}

func (l continuum) ordered() bool { return true }

func (l continuum) place(members []member, hash func(string) uint64) (*plan, error) {
	if err := fixedMD5(l, hash); err != nil {
		return nil, err
	}
	if l.points < 1 || l.points > MaxPoints {
		return nil, fmt.Errorf("continuum: %d points, not 1 to %d: %w", l.points, MaxPoints, ErrLayout)
	}
	names, err := continuumNames(members)
	if err != nil {
		return nil, err
	}
	total := totalCapacity(members)
	p := &plan{key: md5Word, bits: 32, after: true}
	for i, m := range members {
		if m.capacity > 0 {
			p.positions = l.appendPoints(p.positions, names[i], l.share(m.capacity, total))
		}
		p.next()
	}
	return p, nil
}

// share returns the number of points of a server. As in the original, the
// division comes first and the product is truncated, which may lose a point.
func (l continuum) share(capacity, total float64) int {
	fraction := float64(capacity / total)
	return int(float64(float64(l.points) * fraction))
}

func (l continuum) appendPoints(dst []uint64, name string, n int) []uint64 {
	for group := range n / 4 {
		for _, word := range md5Words(name + strconv.Itoa(group)) {
			dst = append(dst, uint64(word))
		}
	}
	if l.rest {
		for i := range n % 4 {
			dst = append(dst, uint64(i))
		}
	}
	return dst
}

// continuumNames returns the prefix of the names of each member's points. Two IDs
// of one server are a duplicate, as in the original.
func continuumNames(members []member) ([]string, error) {
	names := make([]string, len(members))
	seen := make(map[string]string, len(members))
	for i, m := range members {
		host, port, err := splitAddress(m.id, 0)
		if err != nil {
			return nil, err
		}
		names[i] = host + "-" + strconv.Itoa(int(port)) + "-"
		if other, ok := seen[names[i]]; ok {
			return nil, &NodeError{ID: m.id, Err: fmt.Errorf("the same server as %q: %w", other, ErrDuplicateID)}
		}
		seen[names[i]] = m.id
	}
	return names, nil
}
