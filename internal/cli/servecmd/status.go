package servecmd

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/proxenos/proxenos/internal/cli/figures"
	"github.com/proxenos/proxenos/internal/cli/place"
	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/internal/report"
)

// checksumSchema names the JSON of /checksum, which compare reads.
const checksumSchema = "proxenos.checksum/v1"

// checksums is the JSON of /checksum.
type checksums struct {
	Schema string      `json:"schema"`
	Sets   []setStatus `json:"sets"`
}

// setStatus says what a set is and how sure that is.
type setStatus struct {
	Set       string `json:"set"`
	Algorithm string `json:"algorithm,omitempty"`
	Hash      string `json:"hash,omitempty"`
	Checksum  string `json:"checksum"` // "" without nodes
	Addresses string `json:"address_checksum"`
	Nodes     int    `json:"nodes"`
	Partial   bool   `json:"partial,omitempty"`
	Stale     bool   `json:"stale,omitempty"`       // the source fails
	Age       int64  `json:"age_seconds,omitempty"` // of the nodes then
}

// status returns the status of a snapshot.
func (s *set) status(at *snapshot) setStatus {
	v := setStatus{Set: s.name, Checksum: at.checksum, Addresses: at.addresses, Nodes: len(at.Nodes), Partial: at.partial, Stale: at.Err != nil, Age: s.age()}
	if at.Placement != nil {
		v.Algorithm, v.Hash = at.Placement.Algorithm, at.Placement.Hash
	}
	return v
}

// checksum responds with the checksums of all sets.
func (s *server) checksum(w http.ResponseWriter, r *http.Request) {
	all := checksums{Schema: checksumSchema}
	for _, one := range s.sets {
		all.Sets = append(all.Sets, one.status(one.current.Load()))
	}
	if report.WantsJSON(r) {
		report.WriteJSON(w, all)
		return
	}
	w.Header()["Content-Type"] = plainText
	for _, v := range all.Sets {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\n", v.Set, v.Checksum, v.Addresses)
	}
}

const (
	diffSample    = 100_000
	maxDiffSample = 10_000_000
	maxEdits      = 1000
)

// diff responds with the keys that would move if the nodes changed.
func (s *server) diff(w http.ResponseWriter, r *http.Request, one *set) {
	query, err := diffQuery(r.URL.RawQuery)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	edits := figures.Edits{Add: query["add"], Remove: query["remove"], Reweight: query["reweight"]}
	sample := int64(diffSample)
	if text := query.Get("sample"); text != "" {
		if sample, err = strconv.ParseInt(text, 10, 64); err != nil || sample < 1 || sample > maxDiffSample {
			http.Error(w, fmt.Sprintf("sample must be an integer from 1 to %d", maxDiffSample), http.StatusBadRequest)
			return
		}
	}
	if count := len(edits.Add) + len(edits.Remove) + len(edits.Reweight); count == 0 || count > maxEdits {
		http.Error(w, fmt.Sprintf("give 1 to %d of add, remove and reweight, as in /diff?add=web-4=10.0.0.4:80", maxEdits), http.StatusBadRequest)
		return
	}
	at := one.current.Load()
	one.describe(w.Header(), at)
	if at.Placement == nil {
		http.Error(w, at.lack(), http.StatusServiceUnavailable)
		return
	}
	select {
	case s.diffs <- struct{}{}:
		defer func() { <-s.diffs }()
	case <-r.Context().Done():
		return
	}
	_ = http.NewResponseController(w).SetWriteDeadline(noDeadline) // until it is computed
	change, err := one.whatIf(r, at, edits, sample)
	_ = http.NewResponseController(w).SetWriteDeadline(soon())
	switch {
	case err != nil && r.Context().Err() != nil:
	case err != nil:
		http.Error(w, err.Error(), http.StatusBadRequest)
	case report.WantsJSON(r):
		report.WriteJSON(w, change.JSON())
	default:
		w.Header()["Content-Type"] = plainText
		_ = change.WriteText(w)
	}
}

// diffQuery parses the parameters of /diff. It rejects unknown ones: a misspelled edit
// would be missing from the figures.
func diffQuery(raw string) (url.Values, error) {
	query, err := url.ParseQuery(raw)
	if err != nil {
		return nil, errBadQuery
	}
	known := []string{"add", "remove", "reweight", "sample"}
	for _, name := range slices.Sorted(maps.Keys(query)) {
		if !slices.Contains(known, name) {
			return nil, unknownParameter(name, known...)
		}
	}
	return query, nil
}

// whatIf measures the change from the placement of a snapshot to one with edits.
func (s *set) whatIf(r *http.Request, at *snapshot, edits figures.Edits, sample int64) (*figures.Change, error) {
	nodes, err := edits.Apply(at.Nodes)
	if err != nil {
		return nil, err
	}
	if !place.AnyEligible(nodes) {
		return nil, errNoNodes
	}
	after, err := s.placement.Build(nodes)
	if err != nil {
		return nil, err
	}
	after.Partial = at.partial
	return figures.Measure(r.Context(), at.Placement, after, sample)
}

// metrics responds with the metrics of all sets in the text format of Prometheus.
func (s *server) metrics(w http.ResponseWriter, _ *http.Request) {
	var m exposition
	m.family("proxenos_placement_info", "gauge", "The placement of a set. Processes with equal checksums agree on the owner of every key.")
	for _, one := range s.sets {
		v := one.status(one.current.Load())
		m.sample(1, "set", one.name, "checksum", v.Checksum, "address_checksum", v.Addresses, "algorithm", v.Algorithm, "hash", v.Hash)
	}
	for _, f := range []struct {
		name, kind, help string
		value            func(*set, *snapshot) float64
	}{
		{"proxenos_nodes", "gauge", "The number of nodes.", func(_ *set, at *snapshot) float64 { return float64(len(at.Nodes)) }},
		{"proxenos_eligible_nodes", "gauge", "The number of nodes that are not drained.", func(_ *set, at *snapshot) float64 { return float64(place.Eligible(at.Nodes)) }},
		{"proxenos_skipped_records", "gauge", "The number of records that are left out; above 0 the set is partial.", func(_ *set, at *snapshot) float64 { return float64(len(at.Skipped)) }},
		{"proxenos_age_seconds", "gauge", "For how long the nodes may have been stale; 0 while the source responds, NaN if it is not known.", func(one *set, at *snapshot) float64 { return one.exactAge(at) }},
		{"proxenos_source_up", "gauge", "1 while the source responds.", func(_ *set, at *snapshot) float64 { return truth(at.Err == nil) }},
		{"proxenos_ready", "gauge", "1 while the set is ready, as /readyz says.", func(one *set, _ *snapshot) float64 { return truth(one.unready() == nil) }},
		{"proxenos_changes_total", "counter", "Changes of the placement.", func(one *set, _ *snapshot) float64 { return float64(one.changes.Load()) }},
		{"proxenos_last_change_moved_ratio", "gauge", "The fraction of keys that the last change moved.", func(one *set, _ *snapshot) float64 { return one.movedRatio() }},
		{"proxenos_lookups_total", "counter", "Keys looked up.", func(one *set, _ *snapshot) float64 { return float64(one.lookups.Load()) }},
	} {
		m.family(f.name, f.kind, f.help)
		for _, one := range s.sets {
			m.sample(f.value(one, one.current.Load()), "set", one.name)
		}
	}
	m.family("proxenos_connections", "gauge", "Open connections.")
	m.sample(float64(s.limiter.Len()))
	m.family("proxenos_build_info", "gauge", "The version of the program.")
	m.sample(1, "version", term.ReadBuild().Version)
	w.Header().Set("Content-Type", expositionType)
	_, _ = w.Write(m.text)
}

// exactAge returns the age in seconds, or NaN if it is not known.
func (s *set) exactAge(at *snapshot) float64 {
	if !at.AgeKnown {
		return math.NaN()
	}
	return s.live.Age().Seconds()
}

// movedRatio returns the fraction of keys that the last change moved.
func (s *set) movedRatio() float64 {
	if c := s.moved.Load(); c != nil {
		return c.change.Fraction(c.change.Moved)
	}
	return 0
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

var errTooMany = errors.New("too many clients watch: try later")
