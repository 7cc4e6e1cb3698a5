package place

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/proxenos/proxenos/internal/cli/term"
)

// fixed are the hash and the points per node of an algorithm that agrees with
// another program. A check file may repeat them, as people know such programs by
// these figures.
type fixed struct {
	hash   string // "" if it is none of --hash-method
	points int    // of a node of average weight; 0 if --points applies or there are none
}

// resolveKetama selects ketama-weighted for ketama with its hash and points. People
// know that ring of libmemcached as ketama by MD5 with 160 points a server.
func (o *Flags) resolveKetama() {
	weighted := named("ketama-weighted")
	if o.algorithm.Name == "ketama" && strings.EqualFold(o.HashFlags.Name, weighted.fixed.hash) && o.points == (count{weighted.fixed.points, true}) {
		o.algorithm = weighted
	}
}

// resolveFixed takes away a hash and points that repeat those of the algorithm. It
// rejects other ones where the flags do not apply.
func (o *Flags) resolveFixed() error {
	a := o.algorithm
	repeatsHash := o.HashFlags.Name != "" && a.ownHash
	if repeatsHash && !strings.EqualFold(o.HashFlags.Name, a.fixed.hash) {
		own := cmp.Or(a.fixed.hash, "its own hash")
		return o.hintAlike(term.Usagef("--hash-method %s does not apply to %s, which has %s", o.HashFlags.Name, a.Name, own), "omit it")
	}
	if o.points.given && a.points == 0 {
		switch a.fixed.points {
		case 0:
			return term.Hint(term.Usagef("--points does not apply to %s", a.Name), "it applies to %s", strings.Join(o.taking(func(a Algorithm) bool { return a.points > 0 }), ", "))
		case o.points.value:
			o.points = count{}
		default:
			return o.hintAlike(term.Usagef("--points %d does not apply to %s, which has %d for each node", o.points.value, a.Name, a.fixed.points), "omit it")
		}
	}
	if repeatsHash {
		o.HashFlags.Name = ""
	}
	return nil
}

// hintAlike adds a hint that names the algorithms with the hash and the points that
// are given, or else another hint.
func (o *Flags) hintAlike(err error, otherwise string) error {
	var alike []string
	for _, a := range o.algorithms {
		hash := o.HashFlags.Name == "" || strings.EqualFold(o.HashFlags.Name, a.fixed.hash)
		if hash && (!o.points.given || o.points.value == a.fixed.points) {
			alike = append(alike, a.Name)
		}
	}
	if alike == nil {
		return term.Hint(err, "%s", otherwise)
	}
	what := o.HashFlags.Name
	if o.points.given {
		what = strings.TrimPrefix(fmt.Sprintf("%s and %s", what, term.Plural(o.points.value, "point")), " and ")
	}
	return term.Hint(err, "with %s there are %s", what, strings.Join(alike, ", "))
}
