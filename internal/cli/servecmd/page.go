package servecmd

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/proxenos/proxenos/internal/cli/answer"
	"github.com/proxenos/proxenos/internal/cli/figures"
	"github.com/proxenos/proxenos/internal/cli/place"
	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/internal/compare"
	"github.com/proxenos/proxenos/internal/report"
)

// refreshInterval is how often browsers refresh the page.
const refreshInterval = 3 * time.Second

// page responds with the page of a set, or its status as JSON.
func (s *server) page(w http.ResponseWriter, r *http.Request, one *set) {
	at := one.current.Load()
	one.describe(w.Header(), at)
	s.livePage(one, at).Answer(w, r, one.status(at))
}

// ask responds with the page that looks up a key.
func (s *server) ask(w http.ResponseWriter, r *http.Request, one *set, q query) {
	at := one.current.Load()
	one.describe(w.Header(), at)
	page := s.livePage(one, at)
	page.Question = &report.Question{Asked: q.hasKey, Key: q.key}
	if q.hasKey {
		one.lookups.Add(1)
		for _, v := range answer.Of(at.Placement, q.key, q.count, true).Nodes {
			page.Question.Owners = append(page.Question.Owners, report.Owner{Name: v.ID, Addr: v.Address})
		}
	}
	page.Answer(w, r, nil)
}

// path returns the path of the page of a set.
func (s *server) path(one *set) string {
	if len(s.sets) == 1 {
		return "/"
	}
	return "/sets/" + one.name + "/"
}

// livePage returns the page of a set.
func (s *server) livePage(one *set, at *snapshot) *report.Live {
	l := &report.Live{
		Program: "proxenos " + term.ReadBuild().Version,
		Title:   "Nodes", Lead: "From " + one.source.Describe() + ", placed by " + one.placement.AlgorithmName() + ".",
		Heading: "Nodes", Home: s.path(one), Ask: s.path(one) + "select", Every: refreshInterval, Tiles: one.tiles(at),
	}
	if len(s.sets) > 1 {
		l.Title = "Nodes of " + one.name
		for _, other := range s.sets {
			l.Links = append(l.Links, report.Link{Name: other.name, Path: s.path(other)})
		}
	}
	shares := make([]float64, len(at.Nodes))
	if at.Placement != nil {
		shares = figures.Shares(at.Placement)
		l.Circle = figures.Circle(at.Placement)
		l.Figures = one.figures(at)
	}
	l.Change = one.last()
	for i, v := range answer.Views(at.Nodes, true) {
		m := report.Member{Name: v.ID, Addr: v.Address, Status: "in use", Grade: report.Good, Share: shares[i], About: about(v)}
		if v.Weight == 0 {
			m.Status, m.Grade = "drained", report.Plain
		}
		l.Members = append(l.Members, m)
	}
	return l
}

// about returns the metadata of a node in one line.
func about(v answer.NodeView) string {
	text := "weight=" + term.Number(v.Weight)
	if v.Zone != "" {
		text += " zone=" + v.Zone
	}
	return text
}

// tiles returns the values at the top of the page.
func (s *set) tiles(at *snapshot) []report.Tile {
	source := report.Tile{Name: "source", Value: "responds", Grade: report.Good}
	switch {
	case !at.Answered():
		source.Value, source.Grade = "no response yet", report.Warn
	case at.Err != nil:
		source.Value, source.Grade, source.Note = "fails", report.Bad, "nodes up to "+strconv.FormatInt(s.age(), 10)+" s old"
	case at.partial:
		source.Value, source.Grade, source.Note = "partial", report.Warn, strconv.Itoa(len(at.Skipped))+" records left out"
	}
	tiles := []report.Tile{
		{Name: "nodes", Value: strconv.Itoa(len(at.Nodes)), Note: strconv.Itoa(place.Eligible(at.Nodes)) + " in use"},
		source,
		{Name: "lookups", Value: strconv.FormatUint(s.lookups.Load(), 10)},
	}
	if c := s.moved.Load(); c != nil {
		tiles = append(tiles, report.Tile{
			Name: "last change moved", Value: term.Percent(c.change.Fraction(c.change.Moved)),
			Note: "at " + c.at.UTC().Format("15:04:05 UTC") + "; ideal " + term.Percent(c.change.Fraction(c.change.Ideal)),
		})
	}
	return tiles
}

// figures returns the details of the placement.
func (s *set) figures(at *snapshot) []report.Input {
	details := []report.Input{{Name: "algorithm", Value: at.Placement.Algorithm}}
	if at.Placement.Hash != "" {
		details = append(details, report.Input{Name: "hash", Value: at.Placement.Hash})
	}
	return append(details,
		report.Input{Name: "checksum", Value: at.checksum + ": servers with the same checksum agree on the ID of the owner of every key"},
		report.Input{Name: "address checksum", Value: at.addresses + ": if they have the same one too, they agree on its address"},
		report.Input{Name: "in use since", Value: at.since.UTC().Format("2006-01-02 15:04:05 UTC")})
}

const (
	shownKinds = 5 // of the changed nodes on the page
	shownMoves = 8
)

// last returns the last change of the placement, or nil.
func (s *set) last() *report.Last {
	c := s.moved.Load()
	if c == nil {
		return nil
	}
	var changed []string
	for _, n := range c.change.Nodes {
		if n.Kind != compare.Kept {
			changed = append(changed, term.Printable(n.ID)+" "+string(n.Kind))
		}
	}
	if more := len(changed) - shownKinds; more > 0 {
		changed = append(changed[:shownKinds], strconv.Itoa(more)+" more changed")
	}
	l := &report.Last{Lead: strings.Join(changed, ", ") + ".", More: max(0, len(c.change.Flows)-shownMoves)}
	if len(changed) == 0 {
		l.Lead = "The same nodes, with other addresses or metadata."
	}
	for _, f := range c.change.Flows[:min(shownMoves, len(c.change.Flows))] {
		l.Moves = append(l.Moves, report.Move{From: term.Printable(f.From), To: term.Printable(f.To), Share: c.change.Fraction(f.Keys)})
	}
	return l
}
