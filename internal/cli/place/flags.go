// Package place turns flags and environment variables into a [Placement]: the
// algorithm, the hash and the rules for zones.
package place

import (
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/rendezvous"
	"github.com/proxenos/proxenos/rendezvous/prf"
	"github.com/proxenos/proxenos/ring"
)

// Ranking says who owns a key. Nodes are places in the slice of nodes that the
// scheme was built from, so that a caller can keep what it needs for a node
// in a slice of its own.
type Ranking interface {
	Select(key string) (int, bool)
	SelectN(dst []int, key string, n int) []int
	Rank(key string) iter.Seq[int]
	Checksum() uint64
}

// Placement is a scheme together with its nodes and its name.
type Placement struct {
	Ranking
	Nodes     []mapper.Node
	Algorithm string
	Hash      string
}

// ChecksumText is the checksum of the placement as answers show it.
func (p *Placement) ChecksumText() string { return fmt.Sprintf("%016x", p.Checksum()) }

// Algorithm is one value of --algorithm.
type Algorithm struct {
	Name    string
	build   func(*Flags, []mapper.Node) (Ranking, error)
	ownHash bool // it brings its hash, so --hash-method means nothing
	points  int  // the default of --points; 0 if it takes none
}

// Algorithms are the choices of --algorithm; the first is the default.
var Algorithms = append([]Algorithm{
	{Name: "rendezvous", build: buildRendezvous},
	{Name: "table", build: buildTable},
	{Name: "python-proxenos", build: buildPython},
}, Rings...)

// Rings are the algorithms that place points on a circle; the first is the
// default of commands about circles.
var Rings = []Algorithm{
	{Name: "ring", build: buildHashed, points: ring.DefaultPoints},
	{Name: "ketama", build: buildKetama(ring.KetamaDefault), ownHash: true},
	{Name: "ketama-weighted", build: buildKetama(ring.KetamaWeighted), ownHash: true},
	{Name: "ketama-md5", build: buildKetama(ring.KetamaMD5), ownHash: true},
	{Name: "ketama-spy", build: buildKetama(ring.KetamaSpy), ownHash: true},
	{Name: "nginx", build: buildNginx, ownHash: true},
	{Name: "continuum", build: buildContinuum(ring.Continuum), ownHash: true, points: ring.DefaultDots},
	{Name: "continuum-0.1.0", build: buildContinuum(ring.Continuum010), ownHash: true, points: ring.DefaultDots},
	{Name: "hash-ring", build: buildHashRing, ownHash: true},
}

func namesOf(algorithms []Algorithm) []string {
	names := make([]string, len(algorithms))
	for i, a := range algorithms {
		names[i] = a.Name
	}
	return names
}

// Flags say how owners are chosen. Every command that places keys
// takes them.
type Flags struct {
	HashFlags
	choices   []Algorithm // the values of --algorithm
	name      string      // --algorithm
	points    int
	tableBits int
	algorithm Algorithm
}

// defaultTableBits gives a thousand nodes 65 slots each.
const defaultTableBits = 16

// Defaults are the options of an algorithm for which no flag was given.
func Defaults(a Algorithm) *Flags {
	return &Flags{algorithm: a, points: a.points, tableBits: defaultTableBits}
}

// Bind declares the flags of the options on a command that takes some of the
// algorithms.
func (o *Flags) Bind(c *cobra.Command, choices []Algorithm) {
	o.choices = choices
	term.AddGroup(c, "Algorithm", func(fs *pflag.FlagSet) {
		fs.StringVarP(&o.name, "algorithm", "a", choices[0].Name, "who owns a key; proxenos help algorithms lists them")
		fs.IntVar(&o.points, "points", 0, "points of a ring: for each unit of weight (160), or all of a continuum (1000)")
		fs.IntVar(&o.tableBits, "table-bits", defaultTableBits, "slots of a table, as a power of two; another number moves most keys")
		o.declare(fs)
	})
	term.Complete(c, "algorithm", namesOf(choices))
	term.Complete(c, "hash-method", prf.Names())
}

// Parse checks the flags and reads the environment.
func (o *Flags) Parse(c *cobra.Command, std *term.Streams) error {
	i := slices.IndexFunc(o.choices, func(a Algorithm) bool { return a.Name == o.name })
	if i < 0 {
		return term.UnknownChoice("algorithm", o.name, namesOf(o.choices))
	}
	o.algorithm = o.choices[i]
	pointsGiven := c.Flags().Changed("points")
	switch {
	case pointsGiven && o.algorithm.points == 0:
		return term.Hint(term.Usagef("--points means nothing to %s", o.name), "it is for ring, continuum and continuum-0.1.0")
	case pointsGiven && (o.points < 1 || o.points > ring.MaxPoints):
		return term.Usagef("--points %d: must be from 1 to %d", o.points, ring.MaxPoints)
	case c.Flags().Changed("table-bits") && o.name != "table":
		return term.Hint(term.Usagef("--table-bits means nothing to %s", o.name), "it is for table")
	case o.tableBits < rendezvous.MinTableBits || o.tableBits > rendezvous.MaxTableBits:
		return term.Usagef("--table-bits %d: must be from %d to %d", o.tableBits, rendezvous.MinTableBits, rendezvous.MaxTableBits)
	case o.HashFlags.Name != "" && o.algorithm.ownHash:
		return term.Hint(term.Usagef("--hash-method means nothing to %s, which brings its own", o.name), "leave it out")
	case !pointsGiven:
		o.points = o.algorithm.points
	}
	return o.HashFlags.Parse(std)
}

// AlgorithmName is the name of the algorithm.
func (o *Flags) AlgorithmName() string { return o.algorithm.Name }

// Build makes the placement of keys on nodes.
func (o *Flags) Build(nodes []mapper.Node) (*Placement, error) {
	s, err := o.algorithm.build(o, nodes)
	if err != nil {
		return nil, explain(err)
	}
	p := &Placement{Ranking: s, Nodes: nodes, Algorithm: o.algorithm.Name}
	if !o.algorithm.ownHash {
		p.Hash = o.Method.String()
	}
	return p, nil
}

// explain adds what to do about nodes that an algorithm refuses.
func explain(err error) error {
	switch {
	case errors.Is(err, rendezvous.ErrDuplicateID):
		return term.Hint(err, "no two nodes may have one ID or, where an algorithm hashes addresses, one address")
	case errors.Is(err, ring.ErrFIPS):
		return term.Hint(term.AsUsage(err), fipsHint)
	case errors.Is(err, ring.ErrWhole):
		return term.Hint(err, "the program it agrees with knows whole weights only")
	case errors.Is(err, ring.ErrNoPoints), errors.Is(err, ring.ErrTooManyPoints):
		return term.Hint(err, "change --points or the weights")
	default:
		return term.Hint(err, "see proxenos help algorithms")
	}
}

// places lists the places of a slice of nodes, which is what schemes hold.
func places(nodes []mapper.Node) []int {
	p := make([]int, len(nodes))
	for i := range p {
		p[i] = i
	}
	return p
}
