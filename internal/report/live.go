package report

import (
	"cmp"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"slices"
	"time"
)

// Live is the status page of a cluster as seen by one of its members. Unlike a
// [Page] it is rendered for every request, and browsers refresh it.
type Live struct {
	Title string
	Lead  string // a sentence below the title
	Tiles []Tile
	// Members are listed in this order. Those with a share are also drawn in a
	// circle.
	Members []Member
	Heading string  // of the table of members; "" means Members
	Circle  []Arc   // the parts of a ring, by index in Members; nil draws an arc per member
	Links   []Link  // other pages
	Home    string  // the path of the page; "" means /
	Figures []Input // further values
	Change  *Last   // the last change of the placement; nil if there was none
	// Placement is a sentence that explains the shares.
	Placement string
	// Ask is the path of the page with a Question, which takes ?key=. If it is
	// empty, there is no such page.
	Ask string
	// Question makes this the page that looks up a key. That page does not
	// refresh itself, which would discard a half-typed key.
	Question *Question
	Now      time.Time     // the time of the state; zero means the time of rendering
	Every    time.Duration // the refresh interval; zero means no refresh
	Program  string        // name and version of the program that serves the page
}

// Grade colors a value or a status. The text alone carries the meaning.
type Grade string

// The grades.
const (
	Plain Grade = ""
	Good  Grade = "good"
	Warn  Grade = "warn"
	Bad   Grade = "bad"
)

// Tile is a value shown in large type at the top of the page.
type Tile struct {
	Name, Value, Note string
	Grade             Grade
}

// Member is a row of the table.
type Member struct {
	Name, Addr string
	Self       bool // the member that serves the page
	Status     string
	Grade      Grade
	Since      time.Time // the time of the last change of Status; zero if unknown
	Share      float64   // the fraction of all keys
	About      string    // the member's metadata
}

// Question is the lookup of a key.
type Question struct {
	Asked  bool // whether a key was given; it may be empty
	Key    string
	Owners []Owner // in order of preference; empty if no node can own a key
}

// Last is the last change of the placement.
type Last struct {
	Lead  string // what changed
	Moves []Move // the largest ones first
	More  int    // the number of moves left out
}

// Move is the fraction of all keys that one change moved from a member to another.
type Move struct {
	From, To string
	Share    float64
}

// Link is a link to another page.
type Link struct{ Name, Path string }

// Owner is a member that owns a key.
type Owner struct{ Name, Addr string }

//go:embed live.gohtml
var liveText string

//go:embed live.css
var liveCSS string

var liveTemplate = template.Must(template.Must(templates.Clone()).Funcs(template.FuncMap{
	"css":   func() template.CSS { return template.CSS(css + liveCSS) },
	"since": since,
}).Parse(liveText))

// livePolicy is the content security policy of the page: it allows the inline
// style sheet and a form that submits to the page's own origin.
var livePolicy = func() string {
	sum := sha256.Sum256([]byte(css + liveCSS))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; img-src data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
}()

// HTML writes the page, which has no scripts and no external resources.
func (l *Live) HTML(w io.Writer) error { return l.draw(w, false) }

func (l *Live) draw(w io.Writer, paused bool) error {
	v := liveView{Live: l, Paused: paused}
	if l.Now.IsZero() {
		v.Now = time.Now()
	} else {
		v.Now = l.Now
	}
	if owners := l.owners(); len(owners.Load.Nodes) > 0 {
		v.tones = newPalette(owners)
		if len(owners.Load.Nodes) > circleNodes {
			v.Strip = drawStrip(owners.Load.Nodes)
		} else {
			v.Circle = drawCircle(owners, v.tones)
		}
	}
	return liveTemplate.ExecuteTemplate(w, "live", v)
}

// owners returns a page whose nodes are the members with a share, for the circle.
func (l *Live) owners() *Page {
	p := &Page{}
	index := make([]int, len(l.Members))
	for i, m := range l.Members {
		if m.Share > 0 {
			index[i] = len(p.Load.Nodes)
			p.Load.Nodes = append(p.Load.Nodes, Node{Name: m.Name, Share: m.Share})
		}
	}
	for _, a := range l.Circle {
		if l.Members[a.Node].Share > 0 {
			p.Circle = append(p.Circle, Arc{index[a.Node], a.From, a.To})
		}
	}
	return p
}

// liveView is the data of the template.
type liveView struct {
	*Live
	Circle *circlePicture
	Strip  *stripPicture
	Now    time.Time
	Paused bool
	tones  palette
}

// Tone returns the class of the member's color in the circle.
func (v liveView) Tone(m Member) string { return v.tones.tone(m.Name) }

// Timed reports whether the table says since when members have their status.
func (v liveView) Timed() bool {
	return slices.ContainsFunc(v.Members, func(m Member) bool { return !m.Since.IsZero() })
}

// Table returns the heading of the table.
func (v liveView) Table() string { return cmp.Or(v.Heading, "Members") }

// Start returns the path of the page.
func (v liveView) Start() string { return cmp.Or(v.Home, "/") }

// Refreshing reports whether browsers refresh this page.
func (v liveView) Refreshing() bool { return v.Every > 0 && !v.Paused && v.Question == nil }

// Seconds returns the refresh interval in seconds, at least 1.
func (v liveView) Seconds() int { return max(1, int(v.Every.Round(time.Second)/time.Second)) }

// Shown returns the members in the table.
func (v liveView) Shown() []Member { return v.Members[:min(shownNodes, len(v.Members))] }

// More returns the number of members left out of the table.
func (v liveView) More() int { return max(0, len(v.Members)-shownNodes) }

// Clock returns the time of the state.
func (v liveView) Clock() string { return v.Now.UTC().Format("15:04:05 UTC") }

// since returns the time from then to now in its largest unit.
func since(now, then time.Time) string {
	d := max(0, now.Sub(then))
	switch {
	case then.IsZero():
		return "–"
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	default:
		return fmt.Sprintf("%d days", int(d.Hours()/24))
	}
}
