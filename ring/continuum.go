package ring

import (
	"fmt"
	"strconv"
)

// DefaultDots is the total number of points that python-continuum divides among
// the servers by default.
const DefaultDots = 1000

// Continuum agrees with python-continuum 0.1.1 on the owner of every key. dots
// is the total number of points, from 1 to MaxPoints.
//
// An ID is "host:port", with an IPv6 host in brackets, which are not hashed.
// The dots are divided among the servers by capacity, so a small one may have
// none, and a change of one server moves keys between others. What does not
// fill a group of four dots lies at 0, 1 and 2, a flaw of the original: keys
// beyond the last point belong to the server that was added first of those with
// such a rest. So the order of the nodes counts.
func Continuum(dots int) Layout { return continuum{dots: dots, rest: true} }

// Continuum010 agrees with python-continuum 0.1.0, which is Continuum without
// the dots that do not fill a group of four.
func Continuum010(dots int) Layout { return continuum{dots: dots} }

type continuum struct {
	dots int
	rest bool // keep what does not fill a group
}

func (l continuum) String() string {
	if l.rest {
		return fmt.Sprintf("continuum(%d)", l.dots)
	}
	return fmt.Sprintf("continuum-0.1.0(%d)", l.dots)
}

func (l continuum) ordered() bool { return true }

func (l continuum) lay(members []member, hash func(string) uint64) (*plan, error) {
	if err := fixedMD5(l, hash); err != nil {
		return nil, err
	}
	if l.dots < 1 || l.dots > MaxPoints {
		return nil, fmt.Errorf("continuum: %d dots, not 1 to %d: %w", l.dots, MaxPoints, ErrLayout)
	}
	names, err := continuumNames(members)
	if err != nil {
		return nil, err
	}
	total := totalCapacity(members)
	p := &plan{key: md5Word, bits: 32, after: true}
	for i, m := range members {
		if m.capacity > 0 {
			p.positions = l.appendDots(p.positions, names[i], l.share(m.capacity, total))
		}
		p.next()
	}
	return p, nil
}

// share returns how many dots a server has: the division comes first, and the
// product loses its fraction, which may make it one less than it should be.
func (l continuum) share(capacity, total float64) int {
	fraction := float64(capacity / total)
	return int(float64(float64(l.dots) * fraction))
}

func (l continuum) appendDots(dst []uint64, name string, dots int) []uint64 {
	for group := range dots / 4 {
		for _, word := range md5Words(name + strconv.Itoa(group)) {
			dst = append(dst, uint64(word))
		}
	}
	if l.rest {
		for i := range dots % 4 {
			dst = append(dst, uint64(i))
		}
	}
	return dst
}

// continuumNames returns what the points of each member are named after. Two
// IDs that mean one server are a duplicate, as they are to the original.
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
