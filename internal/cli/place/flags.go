// Package place turns flags and environment variables into a [Placement]: the
// algorithm, the hash and the rules for zones.
package place

import (
	"cmp"
	"errors"
	"iter"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/rendezvous"
	"github.com/proxenos/proxenos/rendezvous/prf"
	"github.com/proxenos/proxenos/ring"
	"github.com/proxenos/proxenos/ring/rules"
	"github.com/proxenos/proxenos/ring/slots"
)

// Ranking finds the owners of keys. Nodes are indexes into the slice of nodes that
// it was built from, so that callers can keep data of their own by node.
type Ranking interface {
	Select(key string) (int, bool)
	SelectN(dst []int, key string, n int) []int
	Rank(key string) iter.Seq[int]
	Checksum() uint64
}

// Placement is a ranking with its nodes and the names of its algorithm and hash.
type Placement struct {
	Ranking
	Nodes     []mapper.Node
	Algorithm string
	Hash      string // of the flag --hash-method, or of --key-hash if it is not the default
	Partial   bool   // the source has records that are not usable as nodes
	Stale     bool   // the nodes are older than --max-staleness
	hash      hashID // of keys

	Levels *rules.Levels[int] // nil if no rule limits the replicas of a key
}

// Algorithm is a value of --algorithm.
type Algorithm struct {
	Name      string
	build     func(*Flags, []mapper.Node) (Ranking, error)
	ownHash   bool     // --hash-method does not apply
	scored    bool     // a function scores nodes for keys, which have no hash of their own
	points    int      // the default of --points; 0 if --points does not apply
	fixed     fixed    // what flags may only repeat
	keyHashes []string // the values of --key-hash, the default first; nil if it does not apply
	hashBy    []string // the values of --hash-by, the default first; nil if it does not apply
	file      string   // the flag that the algorithm requires, or ""
}

// NeedsFile reports whether the algorithm requires a flag that names a file.
func (a Algorithm) NeedsFile() bool { return a.file != "" }

// Algorithms are the values of --algorithm. The first is the default.
var Algorithms = slices.Concat([]Algorithm{
	{Name: "rendezvous", build: buildRendezvous},
	{Name: "table", build: buildTable},
	Partitions[0],
	{Name: "python-proxenos", build: buildPython, scored: true},
	{Name: "go-redis", build: buildGoRedis, ownHash: true, scored: true, hashBy: idOrAddress},
}, Rings, slotted)

// Partitions is the algorithm of the command partitions.
var Partitions = []Algorithm{{Name: "partitions", build: buildPartitions}}

// AlgorithmNames returns the values of --algorithm.
func AlgorithmNames() []string {
	names := make([]string, len(Algorithms))
	for i, a := range Algorithms {
		names[i] = a.Name
	}
	return names
}

// Rings are the algorithms with points on a ring. The first is the default of the
// ring commands.
var Rings = []Algorithm{
	{Name: "ring", build: buildHashed, points: ring.DefaultPoints},
	{Name: "ketama", build: buildRing(func(o *Flags) ring.Layout { return ring.KetamaHash(o.keyHash) }), ownHash: true, fixed: fixed{points: 100}, keyHashes: ring.KetamaHashes(), hashBy: addressOrID},
	{Name: "ketama-weighted", build: buildKetama(ring.KetamaWeighted), ownHash: true, fixed: fixed{"md5", 160}, hashBy: addressOrID},
	{Name: "ketama-md5", build: buildKetama(ring.KetamaMD5), ownHash: true, fixed: fixed{"md5", 100}, hashBy: addressOrID},
	{Name: "ketama-spy", build: buildKetama(ring.KetamaSpy), ownHash: true, fixed: fixed{"md5", 160}, hashBy: addressOrID},
	{Name: "nginx", build: buildRing(func(*Flags) ring.Layout { return ring.Nginx() }), ownHash: true, fixed: fixed{points: 160}, hashBy: addressOrID},
	{Name: "continuum", build: buildRing(func(o *Flags) ring.Layout { return ring.Continuum(o.points.value) }), ownHash: true, fixed: fixed{hash: "md5"}, points: ring.ContinuumPoints, hashBy: addressOrID},
	{Name: "continuum-0.1.0", build: buildRing(func(o *Flags) ring.Layout { return ring.Continuum010(o.points.value) }), ownHash: true, fixed: fixed{hash: "md5"}, points: ring.ContinuumPoints, hashBy: addressOrID},
	{Name: "hash-ring", build: buildRing(func(*Flags) ring.Layout { return ring.HashRing() }), ownHash: true, fixed: fixed{"md5", 120}, hashBy: idOrAddress},
	{Name: "twemproxy", build: buildRing(func(o *Flags) ring.Layout { return ring.Twemproxy(o.keyHash) }), ownHash: true, keyHashes: ring.TwemproxyHashes(), hashBy: addressOrID},
	{Name: "spymemcached", build: buildRing(func(*Flags) ring.Layout { return ring.Spymemcached() }), ownHash: true, fixed: fixed{"md5", 160}, hashBy: addressOrID},
	{Name: "node-hashring", build: buildRing(func(*Flags) ring.Layout { return ring.NodeHashring() }), ownHash: true, fixed: fixed{"md5", 160}, hashBy: addressOrID},
	{Name: "node-memcached", build: buildRing(func(*Flags) ring.Layout { return ring.NodeMemcached() }), ownHash: true, fixed: fixed{"md5", 160}, hashBy: addressOrID},
	{Name: "ingress-nginx", build: buildRing(func(*Flags) ring.Layout { return ring.IngressNginx() }), ownHash: true, fixed: fixed{points: 160}, hashBy: addressOrID},
	{Name: "haproxy", build: buildRing(haproxy), ownHash: true, fixed: fixed{points: 16}, keyHashes: ring.HAProxyHashes(), hashBy: []string{byPosition, byID}},
	{Name: "varnish-shard", build: buildRing(func(*Flags) ring.Layout { return ring.VarnishShard() }), ownHash: true, fixed: fixed{"sha256", 67}, hashBy: idOrAddress},
	{Name: "envoy-ring-hash", build: buildRing(func(o *Flags) ring.Layout { return ring.EnvoyRingHash(o.points.value) }), ownHash: true, points: ring.RingHashMinSize, hashBy: addressOrID},
	{Name: "grpc-ring-hash", build: buildRing(func(o *Flags) ring.Layout { return ring.GRPCRingHash(o.points.value) }), ownHash: true, points: ring.RingHashMinSize, hashBy: addressOrID},
	{Name: "groupcache", build: buildRing(func(*Flags) ring.Layout { return ring.Groupcache() }), ownHash: true, fixed: fixed{points: 50}, hashBy: addressOrID},
	{Name: "go-zero", build: buildRing(func(*Flags) ring.Layout { return ring.GoZero() }), ownHash: true, fixed: fixed{points: 100}, hashBy: addressOrID},
	{Name: "custom", build: buildRing(func(o *Flags) ring.Layout { return o.layout }), ownHash: true, hashBy: addressOrID, file: "layout-file"},
}

// slotted are the algorithms that give a key a slot and a slot an owner.
var slotted = []Algorithm{
	{Name: "modulo", build: buildSlots(func(o *Flags) slots.Scheme { return slots.Modulo(o.keyHash) }), ownHash: true, keyHashes: slots.ModuloHashes()},
	{Name: "jump", build: buildSlots(func(o *Flags) slots.Scheme { return slots.Jump(o.keyHash) }), ownHash: true, keyHashes: slots.JumpHashes()},
	{Name: "envoy-maglev", build: buildSlots(func(*Flags) slots.Scheme { return slots.EnvoyMaglev(slots.MaglevSlots) }), ownHash: true, hashBy: addressOrID},
	{Name: "redis-cluster", build: buildCluster, ownHash: true, file: "slots"},
}

// The values of --hash-by.
const (
	byID       = "id"
	byAddress  = "address"
	byPosition = "position"
)

var (
	addressOrID = []string{byAddress, byID}
	idOrAddress = []string{byID, byAddress}
)

// Settings select an algorithm and a hash, as in a check file. Zero fields mean the
// defaults.
type Settings struct {
	Algorithm string
	Hash      string
	KeyHash   string  // of a program that has several
	HashBy    string  // what of a node is hashed
	HashTag   string  // around the part of a key that is hashed
	Points    int     // of a ring
	Unit      float64 // of a ring
	TableBits int     // of a table

	Partitions int     // their number
	Bound      float64 // of partitions

	LayoutFile string // of custom
	Slots      string // of redis-cluster
}

// Or returns s with the settings of other in place of those that s lacks. Settings
// with an algorithm are complete: what they lack is the default of the algorithm.
func (s Settings) Or(other Settings) Settings {
	if s.Algorithm != "" {
		return s
	}
	return Settings{
		Algorithm: other.Algorithm, Hash: cmp.Or(s.Hash, other.Hash),
		KeyHash: cmp.Or(s.KeyHash, other.KeyHash), HashBy: cmp.Or(s.HashBy, other.HashBy), HashTag: cmp.Or(s.HashTag, other.HashTag),
		Points: cmp.Or(s.Points, other.Points), Unit: cmp.Or(s.Unit, other.Unit), TableBits: cmp.Or(s.TableBits, other.TableBits),
		Partitions: cmp.Or(s.Partitions, other.Partitions), Bound: cmp.Or(s.Bound, other.Bound),
		LayoutFile: cmp.Or(s.LayoutFile, other.LayoutFile), Slots: cmp.Or(s.Slots, other.Slots),
	}
}

// Flags are the flags that select an algorithm and a hash.
type Flags struct {
	HashFlags
	algorithms []Algorithm // the values of --algorithm
	name       term.Choice // --algorithm
	points     count
	unit       unit
	tableBits  count
	partitions count
	bound      bound
	keyHash    string
	hashBy     string
	hashTag    string
	layoutFile string
	slots      string

	// Confined opens the files of --layout-file and --slots, if it is not nil. A
	// server is then not queried.
	Confined func(path, what string) (*os.File, error)
	layout   ring.Layout   // of --layout-file
	ranges   []slots.Range // of --slots

	algorithm Algorithm
	levels    levelFlags
}

// count is a numeric flag that may not be given.
type count struct {
	value int
	given bool
}

// unit is --unit, which may not be given.
type unit struct {
	value float64
	given bool
}

// bound is --bound, which may not be given.
type bound struct {
	value float64
	given bool
}

// defaultPartitions is the default of --partitions.
const defaultPartitions = 256

// defaultTableBits gives each of a thousand nodes 65 slots.
const defaultTableBits = 16

// Bind declares the flags on a command. The first of the algorithms is the default.
func (o *Flags) Bind(c *cobra.Command, algorithms []Algorithm) {
	o.offer(algorithms)
	term.AddGroup(c, "Algorithm", func(fs *pflag.FlagSet) {
		fs.VarP(&o.name, "algorithm", "a", "the algorithm; see proxenos help algorithms")
		fs.IntVar(&o.points.value, "points", 0, "points of a ring: per unit of weight (default 160), or in total for continuum (1000)")
		fs.Float64Var(&o.unit.value, "unit", 1, "weight that gets --points points of ring; programs that agree use the same")
		fs.IntVar(&o.tableBits.value, "table-bits", defaultTableBits, "log2 of the slots of a table; changing it moves most keys")
		fs.IntVar(&o.partitions.value, "partitions", defaultPartitions, "number of partitions; changing it moves most keys")
		fs.Float64Var(&o.bound.value, "bound", 0, "limit of the partitions of a node relative to its share, such as 1.1; 0 is none")
		takers := o.taking(Algorithm.takesKeyHash)
		fs.StringVar(&o.keyHash, "key-hash", "", "the hash of keys of "+strings.Join(takers, ", "))
		fs.Lookup("key-hash").Hidden = len(takers) == 0 // it is still refused by name
		fs.StringVar(&o.hashBy, "hash-by", "", "what of a node the algorithm of another program hashes: id or address; for haproxy, position or id")
		fs.StringVar(&o.hashTag, "hash-tag", "", "hash only what two `characters` enclose in a key, such as {} for Redis; none is the whole key")
		declareFiles(fs, "", o.taking(Algorithm.NeedsFile), &o.layoutFile, &o.slots)
		o.declare(fs)
	})
	term.Complete(c, "hash-method", prf.Names())
	term.CompleteFunc(c, "hash-by", func() []string { return o.selected().hashBy })
	term.CompleteFunc(c, "key-hash", func() []string { return o.selected().keyHashes })
	term.Complete(c, "hash-tag", []string{redisTag, noTag})
}

func (a Algorithm) takesKeyHash() bool { return a.keyHashes != nil }

// taking returns the names of the algorithms that a flag applies to.
func (o *Flags) taking(applies func(Algorithm) bool) (names []string) {
	for _, a := range o.algorithms {
		if applies(a) {
			names = append(names, a.Name)
		}
	}
	return names
}

// selected returns the algorithm of --algorithm.
func (o *Flags) selected() Algorithm {
	return o.algorithms[slices.IndexFunc(o.algorithms, func(a Algorithm) bool { return a.Name == o.name.String() })]
}

func (o *Flags) offer(algorithms []Algorithm) {
	names := make([]string, len(algorithms))
	for i, a := range algorithms {
		names[i] = a.Name
	}
	o.algorithms, o.name = algorithms, term.Choose("algorithm", names...)
}

// Parse validates the flags and reads the environment.
func (o *Flags) Parse(c *cobra.Command, std *term.Streams) error {
	o.points.given, o.tableBits.given = c.Flags().Changed("points"), c.Flags().Changed("table-bits")
	o.unit.given = c.Flags().Changed("unit")
	o.partitions.given, o.bound.given = c.Flags().Changed("partitions"), c.Flags().Changed("bound")
	return o.resolve(std)
}

// Apply uses settings instead of flags, validates them and reads the environment.
func (o *Flags) Apply(s Settings, std *term.Streams) error {
	o.offer(Algorithms)
	if err := o.name.Set(cmp.Or(s.Algorithm, o.name.String())); err != nil {
		return err
	}
	o.HashFlags.Name = s.Hash
	o.points = count{s.Points, s.Points != 0}
	o.unit = unit{cmp.Or(s.Unit, 1), s.Unit != 0}
	o.tableBits = count{cmp.Or(s.TableBits, defaultTableBits), s.TableBits != 0}
	o.partitions = count{cmp.Or(s.Partitions, defaultPartitions), s.Partitions != 0}
	o.bound = bound{s.Bound, s.Bound != 0}
	o.keyHash, o.hashBy, o.hashTag = s.KeyHash, s.HashBy, s.HashTag
	o.layoutFile, o.slots = s.LayoutFile, s.Slots
	return o.resolve(std)
}

// resolve finds the algorithm and rejects flags that do not apply to it.
func (o *Flags) resolve(std *term.Streams) error {
	o.algorithm = o.selected()
	o.resolveKetama()
	if err := o.resolveFixed(); err != nil {
		return err
	}
	if err := o.resolveProgram(); err != nil {
		return err
	}
	if err := o.resolveHashTag(); err != nil {
		return err
	}
	if err := o.readFiles(std); err != nil {
		return err
	}
	switch {
	case o.points.given && (o.points.value < 1 || o.points.value > ring.MaxPoints):
		return term.Usagef("--points %d: must be from 1 to %d", o.points.value, ring.MaxPoints)
	case o.unit.given && o.algorithm.Name != "ring":
		return term.Hint(term.Usagef("--unit does not apply to %s", o.algorithm.Name), "it applies to ring")
	case !(o.unit.value > 0) || math.IsInf(o.unit.value, 0): // NaN too
		return term.Usagef("--unit %v: must be a number above 0", o.unit.value)
	case o.tableBits.given && o.algorithm.Name != "table":
		return term.Hint(term.Usagef("--table-bits does not apply to %s", o.algorithm.Name), "it applies to table")
	case o.tableBits.value < rendezvous.MinTableBits || o.tableBits.value > rendezvous.MaxTableBits:
		return term.Usagef("--table-bits %d: must be from %d to %d", o.tableBits.value, rendezvous.MinTableBits, rendezvous.MaxTableBits)
	case !o.points.given:
		o.points.value = o.algorithm.points
	}
	if err := o.resolvePartitions(); err != nil {
		return err
	}
	return o.HashFlags.Parse(std)
}

// resolvePartitions validates the flags of partitions.
func (o *Flags) resolvePartitions() error {
	applies := o.algorithm.Name == Partitions[0].Name
	switch {
	case o.partitions.given && !applies:
		return term.Hint(term.Usagef("--partitions does not apply to %s", o.algorithm.Name), "it applies to partitions")
	case o.bound.given && !applies:
		return term.Hint(term.Usagef("--bound does not apply to %s", o.algorithm.Name), "it applies to partitions")
	case o.partitions.value < 1 || o.partitions.value > slots.MaxSlots:
		return term.Usagef("--partitions %d: must be from 1 to %d", o.partitions.value, slots.MaxSlots)
	case o.bound.value != 0 && !(o.bound.value >= 1) || math.IsInf(o.bound.value, 0): // NaN too
		return term.Usagef("--bound %v: must be a number of at least 1, or 0 for none", o.bound.value)
	}
	return nil
}

// resolveProgram applies the flags for algorithms of other programs, and rejects
// those that do not apply.
func (o *Flags) resolveProgram() error {
	a := o.algorithm
	switch {
	case o.keyHash != "" && a.keyHashes == nil:
		return term.Hint(term.Usagef("--key-hash does not apply to %s", a.Name), "it applies to %s", strings.Join(o.taking(Algorithm.takesKeyHash), ", "))
	case o.keyHash != "" && !slices.Contains(a.keyHashes, o.keyHash):
		return term.UnknownChoice("key hash of "+a.Name, o.keyHash, a.keyHashes)
	case o.hashBy != "" && a.hashBy == nil:
		return term.Hint(term.Usagef("--hash-by does not apply to %s", a.Name), "it applies to algorithms of other programs that hash a name or an address")
	case o.hashBy != "" && !slices.Contains(a.hashBy, o.hashBy):
		return term.UnknownChoice("--hash-by of "+a.Name, o.hashBy, a.hashBy)
	}
	if o.hashBy == "" && a.hashBy != nil {
		o.hashBy = a.hashBy[0]
	}
	if o.keyHash == "" && a.keyHashes != nil {
		o.keyHash = a.keyHashes[0]
	}
	return nil
}

// hashed returns what an algorithm of another program hashes of a node.
func (o *Flags) hashed(n mapper.Node) string {
	if o.hashBy == byAddress {
		return n.Address()
	}
	return n.ID()
}

// PointsPerUnit returns the points of a ring, as --points gives them, and 1 for
// algorithms without points.
func (o *Flags) PointsPerUnit() int { return max(1, o.points.value) }

// Bound returns the bound of partitions, 0 for none.
func (o *Flags) Bound() float64 { return o.bound.value }

// AlgorithmName returns the name of the selected algorithm.
func (o *Flags) AlgorithmName() string { return o.algorithm.Name }

// Build builds the placement on nodes.
func (o *Flags) Build(nodes []mapper.Node) (*Placement, error) {
	nodes, err := o.levels.zoned(nodes)
	if err != nil {
		return nil, err
	}
	r, err := o.algorithm.build(o, nodes)
	if err != nil {
		return nil, explain(err)
	}
	p := &Placement{Ranking: r, Nodes: nodes, Algorithm: o.algorithm.Name, hash: o.hashID(r)}
	switch {
	case !o.algorithm.ownHash:
		p.Hash = o.Method.String()
	case o.algorithm.keyHashes != nil && o.keyHash != o.algorithm.keyHashes[0]:
		p.Hash = o.keyHash
	}
	return p, o.levels.setLevels(p)
}

// explain adds a hint to the error of an algorithm that rejects the nodes.
func explain(err error) error {
	switch {
	case errors.Is(err, slots.ErrUnknownID):
		return term.Hint(err, "--slots names a node by its ID or address; the nodes lack that one")
	case errors.Is(err, ring.ErrLayout):
		return term.Hint(err, "proxenos help layouts describes the settings of --layout-file")
	case errors.Is(err, rendezvous.ErrDuplicateID):
		return term.Hint(err, "IDs must be unique, and so must addresses if the algorithm hashes them")
	case errors.Is(err, ring.ErrFIPS):
		return term.Hint(term.AsUsage(err), fipsHint)
	case errors.Is(err, ring.ErrWhole), errors.Is(err, slots.ErrWhole):
		return term.Hint(err, "the program that it agrees with has whole weights only")
	case errors.Is(err, ring.ErrNoPoints), errors.Is(err, ring.ErrTooManyPoints):
		return term.Hint(err, "change --points or the weights; for the algorithm ring, --unit scales them")
	default:
		return term.Hint(err, "see proxenos help algorithms")
	}
}

// indexes returns the indexes of nodes, which rankings hold.
func indexes(nodes []mapper.Node) []int {
	p := make([]int, len(nodes))
	for i := range p {
		p[i] = i
	}
	return p
}
