// Package place turns flags and environment variables into a [Placement]: the
// algorithm, the hash and the rules for zones.
package place

import (
	"cmp"
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
	{Name: "continuum", build: buildContinuum(ring.Continuum), ownHash: true, points: ring.ContinuumPoints},
	{Name: "continuum-0.1.0", build: buildContinuum(ring.Continuum010), ownHash: true, points: ring.ContinuumPoints},
	{Name: "hash-ring", build: buildHashRing, ownHash: true},
}

// Settings say how owners are chosen, as flags or a check file give them. What
// is zero or empty has its default.
type Settings struct {
	Algorithm string
	Hash      string
	Points    int // of a ring
	TableBits int // of a table
}

// Flags say how owners are chosen. Every command that places keys takes them.
type Flags struct {
	HashFlags
	algorithms []Algorithm // the values of --algorithm
	name       term.Choice // --algorithm
	points     count
	tableBits  count
	algorithm  Algorithm
}

// count is a flag with a number, which may not be given.
type count struct {
	value int
	given bool
}

// defaultTableBits gives a thousand nodes 65 slots each.
const defaultTableBits = 16

// Bind declares the flags on a command that takes some of the algorithms. The
// first is the default.
func (o *Flags) Bind(c *cobra.Command, algorithms []Algorithm) {
	o.offer(algorithms)
	term.AddGroup(c, "Algorithm", func(fs *pflag.FlagSet) {
		fs.VarP(&o.name, "algorithm", "a", "who owns a key; proxenos help algorithms lists them")
		fs.IntVar(&o.points.value, "points", 0, "points of a ring: for each unit of weight (160), or all of a continuum (1000)")
		fs.IntVar(&o.tableBits.value, "table-bits", defaultTableBits, "slots of a table, as a power of two; another number moves most keys")
		o.declare(fs)
	})
	term.Complete(c, "hash-method", prf.Names())
}

func (o *Flags) offer(algorithms []Algorithm) {
	names := make([]string, len(algorithms))
	for i, a := range algorithms {
		names[i] = a.Name
	}
	o.algorithms, o.name = algorithms, term.Choose("algorithm", names...)
}

// Parse checks the flags and reads the environment.
func (o *Flags) Parse(c *cobra.Command, std *term.Streams) error {
	o.points.given, o.tableBits.given = c.Flags().Changed("points"), c.Flags().Changed("table-bits")
	return o.resolve(std)
}

// Apply takes settings in place of flags, checks them and reads the
// environment.
func (o *Flags) Apply(s Settings, std *term.Streams) error {
	o.offer(Algorithms)
	if err := o.name.Set(cmp.Or(s.Algorithm, o.name.String())); err != nil {
		return err
	}
	o.HashFlags.Name = s.Hash
	o.points = count{s.Points, s.Points != 0}
	o.tableBits = count{cmp.Or(s.TableBits, defaultTableBits), s.TableBits != 0}
	return o.resolve(std)
}

// resolve finds the algorithm and refuses what means nothing to it.
func (o *Flags) resolve(std *term.Streams) error {
	o.algorithm = o.algorithms[slices.IndexFunc(o.algorithms, func(a Algorithm) bool { return a.Name == o.name.String() })]
	switch {
	case o.points.given && o.algorithm.points == 0:
		return term.Hint(term.Usagef("--points means nothing to %s", o.algorithm.Name), "it is for ring, continuum and continuum-0.1.0")
	case o.points.given && (o.points.value < 1 || o.points.value > ring.MaxPoints):
		return term.Usagef("--points %d: must be from 1 to %d", o.points.value, ring.MaxPoints)
	case o.tableBits.given && o.algorithm.Name != "table":
		return term.Hint(term.Usagef("--table-bits means nothing to %s", o.algorithm.Name), "it is for table")
	case o.tableBits.value < rendezvous.MinTableBits || o.tableBits.value > rendezvous.MaxTableBits:
		return term.Usagef("--table-bits %d: must be from %d to %d", o.tableBits.value, rendezvous.MinTableBits, rendezvous.MaxTableBits)
	case o.HashFlags.Name != "" && o.algorithm.ownHash:
		return term.Hint(term.Usagef("--hash-method means nothing to %s, which brings its own", o.algorithm.Name), "leave it out")
	case !o.points.given:
		o.points.value = o.algorithm.points
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
