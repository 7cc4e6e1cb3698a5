package figures

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/proxenos/proxenos/internal/cli/place"
	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/internal/compare"
	"github.com/proxenos/proxenos/mapper"
)

// search is the search for the placement of some nodes.
type search struct {
	nodes      []mapper.Node
	std        *term.Streams
	hypotheses []hypothesis // by level
}

// hypothesis is a placement that may explain the observations. Its level counts
// how far it is from an algorithm with its defaults on the nodes as they are.
type hypothesis struct {
	settings place.Settings
	prepared *place.Prepared // the settings with their file read, or nil
	view     nodesView
	level    int
}

// newSearch returns the search among the known placements, and those with files.
func newSearch(nodes []mapper.Node, filed []place.Prepared, std *term.Streams) *search {
	s := &search{nodes: nodes, std: std}
	tiers := place.Known()
	for _, v := range nodesViews(nodes) {
		for tier, known := range tiers {
			for _, settings := range known {
				if !v.permits(settings) {
					continue
				}
				s.hypotheses = append(s.hypotheses, hypothesis{settings: settings, view: v, level: tier + differences(v.note)})
			}
		}
		for _, p := range filed {
			if v.permits(p.Settings) {
				s.hypotheses = append(s.hypotheses, hypothesis{p.Settings, &p, v, differences(v.note)})
			}
		}
	}
	slices.SortStableFunc(s.hypotheses, func(a, b hypothesis) int { return cmp.Compare(a.level, b.level) })
	return s
}

// run tries the hypotheses by level. It ends one level after a placement that
// explains all observations, so that equal ones of other names are found, unless
// that may be a coincidence. Keys on one node may always be: a weak hash gives
// similar keys to one node.
func (s *search) run(ctx context.Context, seen []compare.Observation) *compare.Fits {
	all := new(compare.Fits)
	last := math.MaxInt
	for begin, end := 0, 0; begin < len(s.hypotheses) && s.hypotheses[begin].level <= last; begin = end {
		level := s.hypotheses[begin].level
		for end < len(s.hypotheses) && s.hypotheses[end].level == level {
			end++
		}
		fits := compare.FitAll(ctx, end-begin, func(i int) (compare.Lookup, error) { return s.build(begin + i) }, seen)
		for _, f := range fits.Fits {
			f.Hypothesis += begin
			all.Fits = append(all.Fits, f)
		}
		all.Refused += fits.Refused
		all.Untried += fits.Untried
		explains := slices.ContainsFunc(all.Fits, func(f compare.Fit) bool { return f.Lookup != nil })
		if explains && !onOneNode(seen) && s.coincidence(all, seen) <= certain {
			last = min(last, level+1)
		}
	}
	return all
}

func onOneNode(seen []compare.Observation) bool {
	return !slices.ContainsFunc(seen, func(o compare.Observation) bool { return o.Node != seen[0].Node })
}

// certain is the probability of a coincidence that identify takes for none.
const certain = 1e-6

func (s *search) coincidence(fits *compare.Fits, seen []compare.Observation) float64 {
	return compare.Coincidence(len(fits.Fits), s.fair(), seen)
}

// fair returns the fraction of all keys that each node ought to have.
func (s *search) fair() []float64 {
	weights := make([]float64, len(s.nodes))
	for i, n := range s.nodes {
		weights[i] = n.Capacity()
	}
	return compare.Fair(weights)
}

// build returns the lookup of a hypothesis, of indices into the nodes given.
func (s *search) build(i int) (compare.Lookup, error) {
	h := s.hypotheses[i]
	lookup, err := h.lookup(s.std)
	if err != nil {
		return nil, err
	}
	return func(key string) (int, bool) {
		at, ok := lookup(key)
		if !ok {
			return 0, false
		}
		return h.view.places[at], true
	}, nil
}

func (h *hypothesis) lookup(std *term.Streams) (compare.Lookup, error) {
	if h.prepared != nil {
		return h.prepared.Lookup(h.view.nodes)
	}
	return h.settings.Lookup(h.view.nodes, std)
}

// identification is the output of identify -o json.
type identification struct {
	Schema      string      `json:"schema"`
	Keys        int         `json:"keys"`
	Nodes       int         `json:"nodes"`
	Tried       int         `json:"tried"`                 // placements
	Untried     int         `json:"untried,omitempty"`     // for want of time
	Explaining  int         `json:"explaining"`            // placements that explain all observations
	Explains    []explained `json:"explains"`              // the first of them
	Coincidence *float64    `json:"coincidence,omitempty"` // the probability
	EnoughKeys  int         `json:"enough_keys,omitempty"` // for a probability of one in a million
	OneNode     bool        `json:"one_node,omitempty"`    // all keys are on one node
	Ask         *question   `json:"ask,omitempty"`
	Nearest     []explained `json:"nearest,omitempty"`
}

// explained is a placement with how well it explains the observations.
type explained struct {
	Flags     string     `json:"flags"`
	Algorithm string     `json:"algorithm"`
	Hash      string     `json:"hash,omitempty"`
	KeyHash   string     `json:"key_hash,omitempty"`
	HashBy    string     `json:"hash_by,omitempty"`
	Points    int        `json:"points,omitempty"`
	TableBits int        `json:"table_bits,omitempty"`
	Nodes     string     `json:"nodes,omitempty"` // how it sees the nodes
	Group     int        `json:"group,omitempty"`
	Right     int        `json:"right"`
	Compared  int        `json:"compared"`
	Wrong     []mismatch `json:"wrong,omitempty"` // the first few
}

// mismatch is an observation that a placement does not explain.
type mismatch struct {
	Key  string `json:"key"`
	ID   string `json:"id"`             // as observed
	Says string `json:"says,omitempty"` // the node of the placement
}

// question is a key whose owner tells groups of placements apart.
type question struct {
	Key    string        `json:"key"`
	Owners []groupsOwner `json:"owners"`
}

type groupsOwner struct {
	Group int    `json:"group"`
	ID    string `json:"id"`
}

// identify sums up the search in at most show placements.
func (s *search) identify(fits *compare.Fits, seen []compare.Observation, show int) *identification {
	answer := &identification{
		Schema: "proxenos.identify/v1", Keys: len(seen), Nodes: len(s.nodes),
		Tried: len(fits.Fits), Untried: fits.Untried, Explains: []explained{}, OneNode: onOneNode(seen),
	}
	groups := s.group(fits)
	for i, g := range groups {
		for _, f := range g.fits {
			if answer.Explaining++; answer.Explaining <= show {
				e := s.explained(f, seen)
				e.Group = i + 1
				answer.Explains = append(answer.Explains, e)
			}
		}
	}
	if len(groups) == 0 {
		answer.Nearest = s.nearest(fits, seen, show)
		return answer
	}
	chance := s.coincidence(fits, seen)
	answer.Coincidence = &chance
	answer.EnoughKeys = compare.KeysToTell(answer.Tried, s.fair(), certain)
	answer.Ask = s.ask(groups[:answer.Explains[len(answer.Explains)-1].Group])
	return answer
}

func (s *search) explained(f compare.Fit, seen []compare.Observation) explained {
	h := s.hypotheses[f.Hypothesis]
	return explained{
		Flags: h.settings.CommandLine(), Algorithm: h.settings.Algorithm, Hash: h.settings.Hash, KeyHash: h.settings.KeyHash, HashBy: h.settings.HashBy,
		Points: h.settings.Points, TableBits: h.settings.TableBits, Nodes: h.view.note,
		Right: f.Right, Compared: f.Tried, Wrong: s.mismatches(f, seen),
	}
}

// mismatches returns the first few observations that a placement does not explain.
func (s *search) mismatches(f compare.Fit, seen []compare.Observation) (wrong []mismatch) {
	const few = 3
	lookup, err := s.build(f.Hypothesis)
	if err != nil {
		return nil
	}
	for _, at := range f.Wrong[:min(few, len(f.Wrong))] {
		m := mismatch{Key: seen[at].Key, ID: s.nodes[seen[at].Node].ID()}
		if i, ok := lookup(m.Key); ok {
			m.Says = s.nodes[i].ID()
		}
		wrong = append(wrong, m)
	}
	return wrong
}

// nearest returns the placements that explain most, each with its simplest view:
// those that explain half of the observations, and the next one.
func (s *search) nearest(fits *compare.Fits, seen []compare.Observation, show int) (all []explained) {
	type result struct {
		settings place.Settings
		right    int
	}
	shown := map[result]bool{}
	for _, f := range fits.Nearest() {
		r := result{s.hypotheses[f.Hypothesis].settings, f.Right}
		if shown[r] {
			continue
		}
		shown[r] = true
		if all = append(all, s.explained(f, seen)); len(all) == show || 2*f.Right < f.Tried {
			break
		}
	}
	return all
}

// group is a number of placements with the same owners for the keys of a sample.
type group struct {
	owners []int
	fits   []compare.Fit
}

// sampleKeys is the number of keys that distinguish placements.
const sampleKeys = 512

// group sorts the placements that explain all observations by their owners of
// sample keys. It keeps the simplest view of each algorithm and its settings.
func (s *search) group(fits *compare.Fits) (groups []*group) {
	for _, f := range fits.Fits {
		if f.Lookup == nil {
			continue
		}
		owners := make([]int, sampleKeys)
		for i := range owners {
			owners[i] = ambiguous
			if node, ok := f.Lookup(sampleKey(i)); ok {
				owners[i] = node
			}
		}
		at := slices.IndexFunc(groups, func(g *group) bool { return slices.Equal(g.owners, owners) })
		if at < 0 {
			groups = append(groups, &group{owners: owners, fits: []compare.Fit{f}})
		} else if !groups[at].has(s, f) {
			groups[at].fits = append(groups[at].fits, f)
		}
	}
	return groups
}

// has reports whether the group has the settings of f with a simpler view.
func (g *group) has(s *search, f compare.Fit) bool {
	return slices.ContainsFunc(g.fits, func(k compare.Fit) bool {
		return s.hypotheses[k.Hypothesis].settings == s.hypotheses[f.Hypothesis].settings
	})
}

func sampleKey(i int) string { return string(compare.AppendSampleKey(nil, int64(i))) }

// ask returns the sample key for which the groups have the most owners, or nil if
// there is a single group.
func (s *search) ask(groups []*group) *question {
	if len(groups) < 2 {
		return nil
	}
	best, most := 0, 0
	for i := range sampleKeys {
		owners := map[int]bool{}
		for _, g := range groups {
			owners[g.owners[i]] = true
		}
		if len(owners) > most {
			best, most = i, len(owners)
		}
	}
	q := &question{Key: sampleKey(best)}
	for i, g := range groups {
		if owner := g.owners[best]; owner != ambiguous {
			q.Owners = append(q.Owners, groupsOwner{i + 1, s.nodes[owner].ID()})
		}
	}
	return q
}

// verdict returns an error unless a placement explains all observations.
func (a *identification) verdict() error {
	if a.Explaining > 0 {
		return nil
	}
	err := fmt.Errorf("none of %d known placements explains all observations (%d)", a.Tried, a.Keys)
	hint := "are these all nodes, with the names, ports, weights and order that the system has?"
	if a.Untried > 0 {
		err = fmt.Errorf("%w; --search-time ended before %s", err, term.Plural(a.Untried, "other placement"))
		hint = "raise --search-time"
	}
	return term.Hint(term.WithCode(term.ErrCheck, err), "%s", hint)
}

func writeIdentificationText(w io.Writer, a *identification) error {
	rows := [][]string{{"RIGHT", "GROUP", "PLACEMENT", "NODES"}}
	for _, e := range a.Explains {
		rows = append(rows, []string{e.rightOf(), strconv.Itoa(e.Group), e.Flags, e.Nodes})
	}
	if a.Explaining == 0 {
		rows = [][]string{{"RIGHT", "PLACEMENT", "NODES", "WRONG"}}
	}
	for _, e := range a.Nearest {
		rows = append(rows, []string{e.rightOf(), e.Flags, e.Nodes, e.wrong()})
	}
	if err := term.WriteTable(w, rows); err != nil {
		return err
	}
	for _, line := range a.remarks() {
		if _, err := fmt.Fprintln(w, term.Escape(line)); err != nil {
			return err
		}
	}
	return nil
}

func (e *explained) rightOf() string { return fmt.Sprintf("%d/%d", e.Right, e.Compared) }

// wrong describes the observations that a placement does not explain.
func (e *explained) wrong() string {
	if len(e.Wrong) == 0 {
		return ""
	}
	m := e.Wrong[0]
	text := fmt.Sprintf("%s is on %s, not %s", term.Escape(m.Key), term.Escape(m.ID), term.Escape(m.Says))
	if more := e.Compared - e.Right - 1; more > 0 {
		text += fmt.Sprintf(", and %d more", more)
	}
	return text
}

// remarks returns what is certain and how to learn more.
func (a *identification) remarks() (lines []string) {
	if a.Coincidence == nil {
		return nil
	}
	if hidden := a.Explaining - len(a.Explains); hidden > 0 {
		lines = append(lines, fmt.Sprintf("more placements explain all keys: %d; --show shows them", hidden))
	}
	lines = append(lines, fmt.Sprintf("tried %d placements; the probability of a coincidence is at most %s", a.Tried, probability(*a.Coincidence)))
	if *a.Coincidence > certain {
		lines = append(lines, fmt.Sprintf("with %s it is less than one in a million", term.Plural(a.EnoughKeys, "key")))
	}
	if a.OneNode {
		lines = append(lines, "all keys are on one node, to which a weak hash may give all similar keys: observe other nodes, too")
	}
	if a.Untried > 0 {
		lines = append(lines, fmt.Sprintf("--search-time ended before %s", term.Plural(a.Untried, "other placement")))
	}
	if a.Ask == nil {
		return lines
	}
	groups := map[string][]string{}
	var ids []string
	for _, o := range a.Ask.Owners {
		if groups[o.ID] == nil {
			ids = append(ids, o.ID)
		}
		groups[o.ID] = append(groups[o.ID], strconv.Itoa(o.Group))
	}
	lines = append(lines, "ask the system which node owns "+a.Ask.Key+":")
	for _, id := range ids {
		lines = append(lines, fmt.Sprintf("  %s: group %s", term.Escape(id), strings.Join(groups[id], ", ")))
	}
	return lines
}

func probability(p float64) string {
	switch {
	case p < 1e-12:
		return "1e-12"
	case p > 0.01:
		return strconv.FormatFloat(math.Ceil(p*100)/100, 'g', 2, 64)
	default:
		return strconv.FormatFloat(p, 'g', 2, 64)
	}
}
