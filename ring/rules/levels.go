package rules

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/proxenos/proxenos/internal/nodeset"
)

// Errors of [Levels].
var (
	// ErrLevel reports a level that has no name, the name of another, or a name that no
	// level has.
	ErrLevel = errors.New("not a level")
	// ErrDomain reports a node whose path does not have a name for every level.
	ErrDomain = errors.New("the domain must have a name for every level")
	// ErrRule reports a rule that no nodes can meet.
	ErrRule = errors.New("invalid rule")
	// ErrUnmet reports a rule that these nodes cannot meet.
	ErrUnmet = errors.New("the rule cannot be met")
)

// Limit allows at most Most replicas of a key in one domain of a level.
type Limit struct {
	Level string
	Most  int
}

// String returns the limit in words.
func (l Limit) String() string { return fmt.Sprintf("at most %d per %s", l.Most, l.Level) }

// Rule says where the replicas of a key may be.
type Rule struct {
	// Replicas is the number of nodes of a key, at least 1.
	Replicas int
	// Limits holds at most one limit for each level. Levels without one have none.
	Limits []Limit
	// HomeLevel and Home, if set, put Home replicas into the domain of that level that
	// has the first replica, and the others elsewhere: two in the nearest region, one
	// elsewhere. Wider levels must have no limits then.
	HomeLevel string
	Home      int
}

// home returns HomeLevel and Home in words.
func (r Rule) home() string {
	return fmt.Sprintf("%d in the nearest %s, %d elsewhere", r.Home, r.HomeLevel, r.Replicas-r.Home)
}

// Check returns an error for a rule that makes no sense for levels of these names,
// widest first. The error wraps [ErrLevel], [ErrReplicas] or [ErrRule].
func (r Rule) Check(levels []string) error {
	for i, name := range levels {
		if name == "" || slices.Contains(levels[:i], name) {
			return fmt.Errorf("level %d, %q: empty or given twice: %w", i+1, name, ErrLevel)
		}
	}
	if r.Replicas < 1 {
		return fmt.Errorf("%d replicas: %w", r.Replicas, ErrReplicas)
	}
	for i, limit := range r.Limits {
		if err := checkLevel(levels, limit.Level); err != nil {
			return fmt.Errorf("rule %q: %w", limit, err)
		}
		if limit.Most < 1 {
			return fmt.Errorf("%w %q: must be at least 1", ErrRule, limit)
		}
		if slices.ContainsFunc(r.Limits[:i], func(o Limit) bool { return o.Level == limit.Level }) {
			return fmt.Errorf("%w %q: the second limit of that level", ErrRule, limit)
		}
	}
	if r.HomeLevel == "" {
		return nil
	}
	return r.checkHome(levels)
}

func (r Rule) checkHome(levels []string) error {
	if err := checkLevel(levels, r.HomeLevel); err != nil {
		return fmt.Errorf("rule %q: %w", r.home(), err)
	}
	if r.Home < 1 || r.Home > r.Replicas {
		return fmt.Errorf("%w %q: the first number must be from 1 to %d", ErrRule, r.home(), r.Replicas)
	}
	for _, limit := range r.Limits {
		if slices.Index(levels, limit.Level) < slices.Index(levels, r.HomeLevel) {
			return fmt.Errorf("%w %q: it limits a level wider than %s, of which there is a nearest one", ErrRule, limit, r.HomeLevel)
		}
	}
	return nil
}

func checkLevel(levels []string, name string) error {
	if slices.Contains(levels, name) {
		return nil
	}
	return fmt.Errorf("%q is none of %s: %w", name, strings.Join(levels, ", "), ErrLevel)
}

// LevelsConfig configures [Levels].
type LevelsConfig[N any] struct {
	// ID returns the ID of a node. It is required; IDs must be non-empty and distinct.
	ID func(N) string
	// Domain returns the path of a node, with a name for every level, such as
	// eu/eu-1/r07/h3. It is required. Domains with equal names in different domains of
	// the level above are different.
	Domain func(N) string
	// Names are the names of the levels, widest first, such as region, zone, rack, host.
	Names []string
	// Rule is the rule.
	Rule Rule
	// Degrade permits nodes that cannot meet the rule. Answers then break limits, the
	// widest level's first, and say which.
	Degrade bool
}

// Break is a limit that an answer does not meet.
type Break struct {
	Limit
	Domain string // the path of the domain that has too many, or "" for a number of replicas
	Have   int
}

// String says what is broken.
func (b Break) String() string {
	if b.Domain == "" {
		return fmt.Sprintf("%d replicas in a %s other than that of the first: the rule has %d", b.Have, b.Level, b.Most)
	}
	return fmt.Sprintf("%s %q has %d replicas: the rule allows %d", b.Level, b.Domain, b.Have, b.Most)
}

// Levels chooses replicas by failure domains in levels, over any ranking. It is
// immutable, and safe for concurrent use if the ranking is.
//
// A key gets the best nodes of its ranking that the rule permits, each in turn. Its
// first replica is therefore the best node: a rule never moves it. Without HomeLevel, a
// node that joins or leaves changes at most one replica of a key, and the replicas for n
// are the first of those for n+1.
type Levels[N any] struct {
	ranking Ranking[N]
	best    interface { // the ranking, if it has SelectN
		SelectN(dst []N, key string, n int) []N
	}
	cfg     LevelsConfig[N]
	nodes   *nodeset.Set[N]
	domains [][]int32  // by level, by node
	paths   [][]string // by level, by domain
	most    []int      // by level, 0 for no limit
	home    int        // the level of HomeLevel, or -1
	scratch sync.Pool  // of *levelScratch[N]
}

// levelScratch is memory that lookups reuse.
type levelScratch[N any] struct {
	ranked []N
	order  []int32   // nodes, best first
	chosen []int32   // nodes
	held   [][]int32 // by level, by domain; all 0 between uses
}

// NewLevels returns the levels over a ranking. The error wraps [ErrNoID],
// [ErrNoRanking], [ErrLevel], [ErrDomain] or [ErrRule], and names the level, the node or
// the rule. It wraps [ErrUnmet], and names a domain, if the nodes cannot meet the
// rule, and [ErrReplicas] if they are fewer than the replicas.
func NewLevels[N any](ranking Ranking[N], cfg LevelsConfig[N]) (*Levels[N], error) {
	switch {
	case ranking == nil:
		return nil, ErrNoRanking
	case cfg.Domain == nil:
		return nil, fmt.Errorf("no function for domains: %w", ErrDomain)
	}
	nodes, err := nodeset.New(slices.Collect(ranking.Rank("")), cfg.ID, nil)
	if err != nil {
		return nil, err
	}
	l := &Levels[N]{ranking: ranking, cfg: cfg, nodes: nodes, home: -1}
	l.best, _ = ranking.(interface {
		SelectN(dst []N, key string, n int) []N
	})
	if err := cfg.Rule.Check(cfg.Names); err != nil {
		return nil, err
	}
	l.setRule()
	if err := l.setDomains(); err != nil {
		return nil, err
	}
	if !cfg.Degrade {
		if err := l.feasible(); err != nil {
			return nil, err
		}
	}
	l.scratch.New = func() any {
		w := &levelScratch[N]{held: make([][]int32, len(l.paths))}
		for level, paths := range l.paths {
			w.held[level] = make([]int32, len(paths))
		}
		return w
	}
	return l, nil
}

// setRule numbers the levels of the rule.
func (l *Levels[N]) setRule() {
	l.most = make([]int, len(l.cfg.Names))
	for _, limit := range l.cfg.Rule.Limits {
		l.most[slices.Index(l.cfg.Names, limit.Level)] = limit.Most
	}
	if l.cfg.Rule.HomeLevel != "" {
		l.home = slices.Index(l.cfg.Names, l.cfg.Rule.HomeLevel)
	}
}

// setDomains numbers the domains of every level.
func (l *Levels[N]) setDomains() error {
	known := make([]map[string]int32, len(l.cfg.Names))
	l.domains, l.paths = make([][]int32, len(known)), make([][]string, len(known))
	for i, n := range l.nodes.Nodes {
		path := l.cfg.Domain(n)
		parts := strings.Split(path, "/")
		if len(parts) != len(known) || slices.Contains(parts, "") {
			return fmt.Errorf("node %q: domain %q is not %s: %w", l.nodes.IDs[i], path, strings.Join(l.cfg.Names, "/"), ErrDomain)
		}
		for level := range known {
			if known[level] == nil {
				known[level] = map[string]int32{}
			}
			upTo := strings.Join(parts[:level+1], "/")
			number, ok := known[level][upTo]
			if !ok {
				number = int32(len(l.paths[level]))
				known[level][upTo] = number
				l.paths[level] = append(l.paths[level], upTo)
			}
			l.domains[level] = append(l.domains[level], number)
		}
	}
	return nil
}

// feasible reports the rule that the nodes cannot meet, if there is one. Limits are of
// nested domains, so the best nodes that they permit, taken in turn, are as many as any
// choice. That does not hold for HomeLevel, for which every home is tried.
func (l *Levels[N]) feasible() error {
	rule := l.cfg.Rule
	if l.nodes.Len() < rule.Replicas {
		return fmt.Errorf("%d replicas on %d nodes: %w", rule.Replicas, l.nodes.Len(), ErrReplicas)
	}
	if have, limit := l.capacity(nil); have < rule.Replicas {
		return fmt.Errorf("rule %q: the %s have room for %d of %d replicas: %w", limit, l.list(limit.Level), have, rule.Replicas, ErrUnmet)
	}
	if l.home < 0 {
		return nil
	}
	for home, path := range l.paths[l.home] {
		at := func(i int) bool { return l.domains[l.home][i] == int32(home) }
		inside, _ := l.capacity(at)
		outside, _ := l.capacity(func(i int) bool { return !at(i) })
		if inside < rule.Home || outside < rule.Replicas-rule.Home {
			return fmt.Errorf("rule %q: %s %q has room for %d, and the others for %d: %w", rule.home(), rule.HomeLevel, path, inside, outside, ErrUnmet)
		}
	}
	return nil
}

// list names the domains of a level, for errors.
func (l *Levels[N]) list(level string) string {
	paths := slices.Sorted(slices.Values(l.paths[slices.Index(l.cfg.Names, level)]))
	if most := 5; len(paths) > most {
		return fmt.Sprintf("%d %s domains %q to %q", len(paths), level, paths[0], paths[len(paths)-1])
	}
	for i, path := range paths {
		paths[i] = strconv.Quote(path)
	}
	return level + " domains " + strings.Join(paths, ", ")
}

// capacity returns the greatest number of replicas that the limits permit on some of the
// nodes, or on all for nil, and the limit that rejects most nodes.
func (l *Levels[N]) capacity(some func(i int) bool) (count int, limit Limit) {
	held := make([][]int, len(l.paths))
	for level, paths := range l.paths {
		held[level] = make([]int, len(paths))
	}
	rejected := make([]int, len(l.paths))
	for i := range l.nodes.Nodes {
		if some != nil && !some(i) {
			continue
		}
		full := -1
		for level, most := range l.most {
			if most > 0 && held[level][l.domains[level][i]] >= most {
				full = level
				break
			}
		}
		if full >= 0 {
			rejected[full]++
			continue
		}
		count++
		for level := range held {
			held[level][l.domains[level][i]]++
		}
	}
	worst := 0
	for level, n := range rejected {
		if n > rejected[worst] {
			worst = level
		}
	}
	if len(rejected) > 0 {
		limit = Limit{l.cfg.Names[worst], l.most[worst]}
	}
	return count, limit
}

// Select appends the replicas of a key to dst, best first, and returns the extended
// slice with the limits that they break, which are none unless LevelsConfig.Degrade is
// set. It appends fewer than Rule.Replicas only if there are fewer nodes. It takes the
// time of a ranking, and allocates only to extend dst, or for breaks, if the ranking has
// SelectN.
func (l *Levels[N]) Select(dst []N, key string) ([]N, []Break) {
	w := l.scratch.Get().(*levelScratch[N])
	defer l.scratch.Put(w)
	l.rank(w, key)
	w.chosen = w.chosen[:0]
	n := min(l.cfg.Rule.Replicas, len(w.order))
	// Limits are lifted one by one, the widest first. -1 lifts none, and the last
	// pass all, that of HomeLevel included.
	for lifted := -1; lifted <= len(l.most) && len(w.chosen) < n; lifted++ {
		l.choose(w, n, lifted)
	}
	dst = slices.Grow(dst, len(w.chosen))
	for _, i := range w.chosen {
		dst = append(dst, l.nodes.Nodes[i])
	}
	return dst, l.release(w)
}

// Breaks returns the limits that nodes do not meet as the replicas of a key, the first
// replica first. Nodes that the ranking does not have are ignored. It allocates for
// breaks alone.
func (l *Levels[N]) Breaks(nodes []N) []Break {
	w := l.scratch.Get().(*levelScratch[N])
	defer l.scratch.Put(w)
	w.chosen = w.chosen[:0]
	for _, n := range nodes {
		if i, ok := l.nodes.Find(l.cfg.ID(n)); ok {
			l.add(w, int32(i))
		}
	}
	return l.release(w)
}

// add chooses a node.
func (l *Levels[N]) add(w *levelScratch[N], i int32) {
	w.chosen = append(w.chosen, i)
	for level := range w.held {
		w.held[level][l.domains[level][i]]++
	}
}

// release clears the counts of the chosen nodes, and returns the limits that they break.
func (l *Levels[N]) release(w *levelScratch[N]) (breaks []Break) {
	if len(w.chosen) > 0 {
		breaks = l.breaks(w)
	}
	for _, i := range w.chosen {
		for level := range w.held {
			w.held[level][l.domains[level][i]] = 0
		}
	}
	return breaks
}

// choose adds the best nodes that the limits of the levels beyond lifted permit.
func (l *Levels[N]) choose(w *levelScratch[N], n, lifted int) {
	for _, i := range w.order {
		if len(w.chosen) == n {
			return
		}
		if slices.Contains(w.chosen, i) || !l.permits(w, i, lifted) {
			continue
		}
		l.add(w, i)
	}
}

func (l *Levels[N]) permits(w *levelScratch[N], i int32, lifted int) bool {
	for level, most := range l.most {
		if level > lifted && most > 0 && int(w.held[level][l.domains[level][i]]) >= most {
			return false
		}
	}
	if l.home < 0 || len(w.chosen) == 0 || lifted == len(l.most) {
		return true
	}
	rule := l.cfg.Rule
	first := l.domains[l.home][w.chosen[0]]
	inside := int(w.held[l.home][first])
	if l.domains[l.home][i] == first {
		return inside < rule.Home
	}
	return len(w.chosen)-inside < rule.Replicas-rule.Home
}

// breaks returns the limits that the chosen nodes do not meet, each once.
func (l *Levels[N]) breaks(w *levelScratch[N]) (breaks []Break) {
	for level, most := range l.most {
		for at, i := range w.chosen {
			domain := l.domains[level][i]
			seen := slices.ContainsFunc(w.chosen[:at], func(o int32) bool { return l.domains[level][o] == domain })
			if have := int(w.held[level][domain]); most > 0 && have > most && !seen {
				breaks = append(breaks, Break{Limit{l.cfg.Names[level], most}, l.paths[level][domain], have})
			}
		}
	}
	if l.home < 0 {
		return breaks
	}
	rule := l.cfg.Rule
	first := l.domains[l.home][w.chosen[0]]
	inside := int(w.held[l.home][first])
	if inside > rule.Home {
		breaks = append(breaks, Break{Limit{rule.HomeLevel, rule.Home}, l.paths[l.home][first], inside})
	}
	if outside := len(w.chosen) - inside; outside > rule.Replicas-rule.Home {
		breaks = append(breaks, Break{Limit{rule.HomeLevel, rule.Replicas - rule.Home}, "", outside})
	}
	return breaks
}

// rank sets the order of all nodes for a key.
func (l *Levels[N]) rank(w *levelScratch[N], key string) {
	w.ranked = w.ranked[:0]
	if l.best != nil {
		w.ranked = l.best.SelectN(w.ranked, key, l.nodes.Len())
	} else {
		w.ranked = slices.AppendSeq(w.ranked, l.ranking.Rank(key))
	}
	w.order = w.order[:0]
	for _, n := range w.ranked {
		if i, ok := l.nodes.Find(l.cfg.ID(n)); ok {
			w.order = append(w.order, int32(i))
		}
	}
}
