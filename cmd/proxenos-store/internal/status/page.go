package status

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/node"
	"github.com/proxenos/proxenos/internal/report"
)

// member is a member in JSON.
type member struct {
	Name  string     `json:"name"`
	Zone  string     `json:"zone,omitempty"`
	State node.State `json:"state"`
	Self  bool       `json:"self,omitempty"`
	Share float64    `json:"share"`
}

// overview serves the members and figures.
func (p *Page) overview(w http.ResponseWriter, r *http.Request) {
	figures, err := p.figures()
	if err != nil {
		http.Error(w, "cannot read the keys; see the node's log", http.StatusInternalServerError)
		return
	}
	page := p.live()
	counts := map[string]int64{}
	for _, f := range figures {
		counts[f.name] = f.value
		page.Figures = append(page.Figures, report.Input{Name: f.help, Value: strconv.FormatInt(f.value, 10)})
	}
	var members []member
	for _, m := range p.Node.Shares() {
		members = append(members, member{m.Name, m.Zone, m.State, m.Name == p.Node.Self(), m.Share})
	}
	page.Answer(w, r, struct {
		Schema  string           `json:"schema"`
		State   node.State       `json:"state"`
		Members []member         `json:"members"`
		Figures map[string]int64 `json:"figures"`
	}{"proxenos.store.status/v1", p.Node.State(), members, counts})
}

// refreshInterval is how often a browser reloads the figures.
const refreshInterval = 3 * time.Second

// grades maps states to colors.
var grades = map[node.State]report.Grade{node.StateJoining: report.Warn, node.StateServing: report.Good, node.StateLeaving: report.Warn}

// live returns the page without the figures.
func (p *Page) live() *report.Live {
	page := &report.Live{
		Title: "Nodes of the store", Lead: "As seen by " + p.Node.Self() + ".",
		Placement: fmt.Sprintf("Keys are placed on a ring. Replicas of a key: %d. A share is the part of the keys that a node is the first replica of.", p.Node.Replicas()),
		Ask:       "/select", Every: refreshInterval,
	}
	counts := map[node.State]int{}
	for _, m := range p.Node.Shares() {
		counts[m.State]++
		page.Members = append(page.Members, report.Member{
			Name: m.Name, Addr: m.Name, Self: m.Name == p.Node.Self(),
			Status: string(m.State), Grade: grades[m.State], Share: m.Share, About: about(m.Member),
		})
	}
	for _, state := range []node.State{node.StateServing, node.StateJoining, node.StateLeaving} {
		tile := report.Tile{Name: string(state), Value: strconv.Itoa(counts[state])}
		if counts[state] > 0 {
			tile.Grade = grades[state]
		}
		page.Tiles = append(page.Tiles, tile)
	}
	return page
}

func about(m node.Member) string {
	if m.Zone == "" {
		return ""
	}
	return "zone=" + m.Zone
}

// owners serves the replicas of ?key=, the first one first.
func (p *Page) owners(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	if !query.Has("key") && !report.WantsHTML(r) {
		http.Error(w, "key is missing: /select?key=user:42", http.StatusBadRequest)
		return
	}
	key, names := query.Get("key"), p.Node.Owners(query.Get("key"))
	switch {
	case report.WantsHTML(r):
		page := p.live()
		page.Question = &report.Question{Asked: query.Has("key"), Key: key}
		for _, name := range names {
			page.Question.Owners = append(page.Question.Owners, report.Owner{Name: name, Addr: name})
		}
		page.Answer(w, r, nil)
	case report.WantsJSON(r):
		report.WriteJSON(w, struct {
			Schema string   `json:"schema"`
			Key    string   `json:"key"`
			Nodes  []string `json:"nodes"`
		}{"proxenos.store.select/v1", key, names})
	default:
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		for _, name := range names {
			_, _ = fmt.Fprintln(w, name)
		}
	}
}
