package report

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"time"
)

// Live is a page about a cluster as one of its members sees it now. Unlike a
// Page it is drawn anew for every request, and a browser asks for it again by
// itself.
type Live struct {
	Title string
	Lead  string // a sentence below the title
	Tiles []Tile
	// Members are shown in this order, and those with a share in a circle.
	Members []Member
	Figures []Input // whatever else there is to tell
	// Placement says in a sentence how keys find their members.
	Placement string
	// Ask is the path of the page with a Question, which tells who owns ?key=;
	// empty if there is none.
	Ask string
	// Question is what that page asks and answers. It does not renew itself:
	// what is being typed would be lost.
	Question *Question
	Now      time.Time     // when this was so; zero means when it is drawn
	Every    time.Duration // how often to look again; zero means never
}

// Grade colours a figure or a status; the word is what counts.
type Grade string

// The grades.
const (
	Plain Grade = ""
	Good  Grade = "good"
	Warn  Grade = "warn"
	Bad   Grade = "bad"
)

// Tile is a figure that is seen at a glance.
type Tile struct {
	Name, Value, Note string
	Grade             Grade
}

// Member is a row of the table.
type Member struct {
	Name, Addr string
	Self       bool // the one that answers
	Status     string
	Grade      Grade
	Since      time.Time // of the status; zero if that is not known
	Share      float64   // of all keys, from 0 to 1
	About      string    // what the member says of itself
}

// Question is who owns a key.
type Question struct {
	Asked  bool // there is a key, which may be empty
	Key    string
	Owners []Owner // the first one first; none if there is nobody to choose
}

// Owner is a member that a key belongs to.
type Owner struct{ Name, Addr string }

//go:embed live.gohtml
var liveText string

//go:embed live.css
var liveCSS string

var liveTemplate = template.Must(template.Must(templates.Clone()).Funcs(template.FuncMap{
	"css":   func() template.CSS { return template.CSS(css + liveCSS) },
	"since": since,
}).Parse(liveText))

// livePolicy lets the page use its style sheet and send its form to where it
// comes from.
var livePolicy = func() string {
	sum := sha256.Sum256([]byte(css + liveCSS))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; img-src data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
}()

// HTML writes the page. It runs no script and loads nothing.
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
		v.Circle = drawCircle(owners, v.tones)
	}
	return liveTemplate.ExecuteTemplate(w, "live", v)
}

// owners are the members with a share, as the circle shows them.
func (l *Live) owners() *Page {
	p := &Page{}
	for _, m := range l.Members {
		if m.Share > 0 {
			p.Load.Nodes = append(p.Load.Nodes, Node{Name: m.Name, Share: m.Share})
		}
	}
	return p
}

// liveView is what the template sees.
type liveView struct {
	*Live
	Circle *circlePicture
	Now    time.Time
	Paused bool
	tones  palette
}

// Tone is the colour that a member has in the circle.
func (v liveView) Tone(m Member) string { return v.tones.tone(m.Name) }

// Renewing reports whether this page renews itself.
func (v liveView) Renewing() bool { return v.Every > 0 && !v.Paused && v.Question == nil }

// Seconds is how long a browser waits, one at least.
func (v liveView) Seconds() int { return max(1, int(v.Every.Round(time.Second)/time.Second)) }

// Shown returns the members that are shown.
func (v liveView) Shown() []Member { return v.Members[:min(shownNodes, len(v.Members))] }

// More returns how many members are not shown.
func (v liveView) More() int { return max(0, len(v.Members)-shownNodes) }

// Clock is when this was so.
func (v liveView) Clock() string { return v.Now.UTC().Format("15:04:05 UTC") }

// since says how long ago a time was, as exactly as a glance needs.
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
