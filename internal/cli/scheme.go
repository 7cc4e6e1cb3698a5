package cli

import (
	"errors"
	"iter"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/rendezvous"
	"github.com/proxenos/proxenos/rendezvous/prf"
	"github.com/proxenos/proxenos/ring"
)

// scheme says who owns a key. Nodes are places in the slice of nodes that the
// scheme was built from, so that a caller can keep what it needs for a node
// in a slice of its own.
type scheme interface {
	Select(key string) (int, bool)
	SelectN(dst []int, key string, n int) []int
	Rank(key string) iter.Seq[int]
	Checksum() uint64
}

// placement is a scheme together with its nodes and its name.
type placement struct {
	scheme
	nodes     []mapper.Node
	algorithm string
	hash      string
}

// algorithm is one value of --algorithm.
type algorithm struct {
	name    string
	build   func(*schemeOptions, []mapper.Node) (scheme, error)
	ownHash bool // it brings its hash, so --hash-method means nothing
	points  int  // the default of --points; 0 if it takes none
}

// algorithms are the choices of --algorithm; the first is the default.
var algorithms = append([]algorithm{
	{name: "rendezvous", build: buildRendezvous},
	{name: "table", build: buildTable},
	{name: "python-proxenos", build: buildPython},
}, rings...)

// rings are the algorithms that place points on a circle; the first is the
// default of commands about circles.
var rings = []algorithm{
	{name: "ring", build: buildHashed, points: ring.DefaultPoints},
	{name: "ketama", build: buildKetama(ring.KetamaDefault), ownHash: true},
	{name: "ketama-weighted", build: buildKetama(ring.KetamaWeighted), ownHash: true},
	{name: "ketama-md5", build: buildKetama(ring.KetamaMD5), ownHash: true},
	{name: "ketama-spy", build: buildKetama(ring.KetamaSpy), ownHash: true},
	{name: "nginx", build: buildNginx, ownHash: true},
	{name: "continuum", build: buildContinuum(ring.Continuum), ownHash: true, points: ring.DefaultDots},
	{name: "continuum-0.1.0", build: buildContinuum(ring.Continuum010), ownHash: true, points: ring.DefaultDots},
	{name: "hash-ring", build: buildHashRing, ownHash: true},
}

func namesOf(algorithms []algorithm) []string {
	names := make([]string, len(algorithms))
	for i, a := range algorithms {
		names[i] = a.name
	}
	return names
}

// schemeOptions say how owners are chosen. Every command that places keys
// takes them.
type schemeOptions struct {
	hashOptions
	choices   []algorithm // the values of --algorithm
	name      string      // --algorithm
	points    int
	tableBits int
	algorithm algorithm
}

// defaultTableBits gives a thousand nodes 65 slots each.
const defaultTableBits = 16

// bind declares the flags of the options on a command that takes some of the
// algorithms.
func (o *schemeOptions) bind(c *cobra.Command, choices []algorithm) {
	o.choices = choices
	addGroup(c, "Algorithm", func(fs *pflag.FlagSet) {
		fs.StringVarP(&o.name, "algorithm", "a", choices[0].name, "who owns a key; proxenos help algorithms lists them")
		fs.IntVar(&o.points, "points", 0, "points of a ring: for each unit of weight (160), or all of a continuum (1000)")
		fs.IntVar(&o.tableBits, "table-bits", defaultTableBits, "slots of a table, as a power of two; another number moves most keys")
		o.declare(fs)
	})
	complete(c, "algorithm", namesOf(choices))
	complete(c, "hash-method", prf.Names())
}

// parse checks the flags and reads the environment.
func (o *schemeOptions) parse(c *cobra.Command, std *streams) error {
	i := slices.IndexFunc(o.choices, func(a algorithm) bool { return a.name == o.name })
	if i < 0 {
		return unknownChoice("algorithm", o.name, namesOf(o.choices))
	}
	o.algorithm = o.choices[i]
	pointsGiven := c.Flags().Changed("points")
	switch {
	case pointsGiven && o.algorithm.points == 0:
		return withHint(usagef("--points means nothing to %s", o.name), "it is for ring, continuum and continuum-0.1.0")
	case pointsGiven && (o.points < 1 || o.points > ring.MaxPoints):
		return usagef("--points %d: must be from 1 to %d", o.points, ring.MaxPoints)
	case c.Flags().Changed("table-bits") && o.name != "table":
		return withHint(usagef("--table-bits means nothing to %s", o.name), "it is for table")
	case o.tableBits < rendezvous.MinTableBits || o.tableBits > rendezvous.MaxTableBits:
		return usagef("--table-bits %d: must be from %d to %d", o.tableBits, rendezvous.MinTableBits, rendezvous.MaxTableBits)
	case o.hashOptions.name != "" && o.algorithm.ownHash:
		return withHint(usagef("--hash-method means nothing to %s, which brings its own", o.name), "leave it out")
	case !pointsGiven:
		o.points = o.algorithm.points
	}
	return o.hashOptions.parse(std)
}

// build makes the placement of keys on nodes.
func (o *schemeOptions) build(nodes []mapper.Node) (*placement, error) {
	s, err := o.algorithm.build(o, nodes)
	if err != nil {
		return nil, explainScheme(err)
	}
	p := &placement{scheme: s, nodes: nodes, algorithm: o.algorithm.name}
	if !o.algorithm.ownHash {
		p.hash = o.method.String()
	}
	return p, nil
}

// explainScheme adds what to do about nodes that an algorithm refuses.
func explainScheme(err error) error {
	switch {
	case errors.Is(err, rendezvous.ErrDuplicateID):
		return withHint(err, "no two nodes may have one ID or, where an algorithm hashes addresses, one address")
	case errors.Is(err, ring.ErrFIPS):
		return withHint(&usageError{err}, fipsHint)
	case errors.Is(err, ring.ErrWhole):
		return withHint(err, "the program it agrees with knows whole weights only")
	case errors.Is(err, ring.ErrNoPoints), errors.Is(err, ring.ErrTooManyPoints):
		return withHint(err, "change --points or the weights")
	default:
		return withHint(err, "see proxenos help algorithms")
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
