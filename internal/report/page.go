package report

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"math"
	"strconv"
	"strings"
)

// Page is all that the HTML page and the pictures show.
type Page struct {
	Title  string
	Inputs []Input // what the figures are about, and what made them
	Load   Load
	// Circle is who owns which part of the circle of a ring. Without one,
	// every node has one arc as long as its share.
	Circle []Arc
	Losses []Loss
	Change *Change // nil if nothing is compared
}

// Input is a line about where the figures come from.
type Input struct{ Name, Value string }

// Load is how many keys each node holds, and how even that is.
type Load struct {
	Keys                   int64
	Sampled                bool
	Ratio, RatioByChance   float64 // the greatest load over what is expected
	Spread, SpreadByChance float64 // the standard deviation of that
	P                      float64 // of Pearson's chi-square
	Nodes                  []Node
}

// Node is a node with its keys. Share, Fair, Low and High are fractions of all
// keys: what it has, what its weight asks for, and the band in which chance
// leaves it 19 times of 20.
type Node struct {
	Name, Zone             string
	Weight                 float64
	Keys                   int64
	Share, Fair, Low, High float64
}

// Ratio returns what the node has over what its weight asks for.
func (n Node) Ratio() float64 {
	switch {
	case n.Fair > 0:
		return n.Share / n.Fair
	case n.Share > 0:
		return math.Inf(1)
	default:
		return 1
	}
}

// Inside reports whether chance explains the load.
func (n Node) Inside() bool { return n.Low <= n.Share && n.Share <= n.High }

// Arc is a part of the circle, from 0 to 1, and the place of its owner among
// the nodes.
type Arc struct {
	Node     int
	From, To float64
}

// Loss is the worst loss of its kind: of a node or of a zone.
type Loss struct {
	What     string // "node" or "zone"
	Lost     string
	Share    float64
	Heaviest string  // "" if nobody is left
	Ratio    float64 // the load of Heaviest then, over what its weight asks for
}

// Change is what moved.
type Change struct {
	Keys, Moved, Ideal, Excess, Survivors int64
	Expected                              float64 // the ideal by shares
	Low, High                             float64 // where the truth about Moved is
	Nodes                                 []Moved // by ascending name
	Flows                                 []Flow  // the greatest first; nil if there are too many nodes to tell
}

// Moved is what a change did to one node.
type Moved struct {
	Name, Kind    string
	Before, After int64
}

// Flow is how many keys went from one node to another, by their places among
// the nodes of the change.
type Flow struct {
	From, To int
	Keys     int64
}

//go:embed page.gohtml
var pageText string

//go:embed pictures.gohtml
var picturesText string

//go:embed page.css
var css string

var templates = template.Must(template.New("page").Funcs(template.FuncMap{
	"count":   count,
	"percent": percent,
	"ratio":   ratio,
	"add":     func(x, y float64) float64 { return x + y },
	"px":      func(x float64) string { return strconv.FormatFloat(x, 'f', 1, 64) },
	"number":  func(x float64) string { return strconv.FormatFloat(x, 'g', 6, 64) },
	"len64":   func(nodes []Node) int64 { return int64(len(nodes)) },
	"css":     func() template.CSS { return template.CSS(css) },
	"policy":  policy,
}).Parse(picturesText + pageText))

// policy lets the page do nothing but use the one style sheet that it holds.
func policy() string {
	sum := sha256.Sum256([]byte(css))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; img-src data:; base-uri 'none'; form-action 'none'"
}

// HTML writes the page: one file that needs no other, and runs no script.
func HTML(w io.Writer, p *Page) error {
	return templates.ExecuteTemplate(w, "page", newView(p))
}

// Pictures are the names that SVG takes.
func Pictures() []string { return []string{"shares", "ring", "moves"} }

// SVG writes one picture of the page as a file of its own. It refuses a name
// that is not among Pictures, and moves without a change to show.
func SVG(w io.Writer, p *Page, picture string) error {
	v := newView(p)
	var drawn any
	switch {
	case picture == "shares":
		drawn = v.Shares
	case picture == "ring":
		drawn = v.Circle
	case picture == "moves" && v.Flows != nil:
		drawn = v.Flows
	case picture == "moves":
		return fmt.Errorf("no picture of moves: nothing is compared, or too many nodes are")
	default:
		return fmt.Errorf("unknown picture %q: choose from %s", picture, strings.Join(Pictures(), ", "))
	}
	return writeFile(w, picture, drawn)
}

// writeFile writes a picture with the style sheet that it has from the page
// otherwise.
func writeFile(w io.Writer, picture string, drawn any) error {
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, picture, drawn); err != nil {
		return err
	}
	head, rest, _ := bytes.Cut(b.Bytes(), []byte("</desc>\n"))
	_, err := fmt.Fprintf(w, "%s</desc>\n<style>%s</style>\n%s\n", head, css, rest)
	return err
}

// view is what the templates see: the page with its pictures laid out.
type view struct {
	*Page
	Shares *sharesPicture
	Circle *circlePicture
	Flows  *flowsPicture
}

func newView(p *Page) *view {
	tones := newPalette(p)
	v := &view{Page: p, Shares: drawShares(p.Load, tones), Circle: drawCircle(p, tones)}
	if p.Change != nil && p.Change.Flows != nil {
		v.Flows = drawFlows(p.Change, tones)
	}
	return v
}

// Even says in words how even the load is.
func (l Load) Even() string {
	switch {
	case math.IsInf(l.Ratio, 1):
		return "A node has keys though its weight asks for none."
	case l.P < 0.001:
		return "The load is less even than chance would leave it: the algorithm is at work. Rings always do that, and a table deals in whole slots."
	default:
		return "The load is as even as chance allows."
	}
}

// Probability writes P as far as it says something.
func (l Load) Probability() string {
	if l.P < 0.0001 {
		return "< 0.0001"
	}
	return fmt.Sprintf("%.4f", l.P)
}

// Grade is good if nothing moves that need not, bad if a move is without any
// reason, and nothing if more moves than has to.
func (c *Change) Grade() string {
	switch {
	case c.Survivors > 0:
		return "bad"
	case c.Excess == 0:
		return "good"
	default:
		return ""
	}
}

// Fraction returns keys as a part of all that were compared.
func (c *Change) Fraction(keys int64) float64 {
	if c.Keys == 0 {
		return 0
	}
	return float64(keys) / float64(c.Keys)
}

// Verdict says in words what moved.
func (c *Change) Verdict() string {
	switch {
	case c.Moved == 0:
		return "No key moves."
	case c.Excess == 0 && c.Survivors == 0:
		return "Nothing moves that need not."
	case c.Survivors == 0:
		return "Nothing moves between nodes that stay as they are, but more moves than the new load needs."
	default:
		return "Keys move between nodes that stay as they are, which nothing called for."
	}
}

// Difference is what the node gained.
func (m Moved) Difference() string { return signed(m.After - m.Before) }

// Tables have no more rows than a person looks through and a browser bears,
// and long ones are folded up.
const (
	shownFlows = 100
	shownNodes = 1000
	longTable  = 40
)

// ShownFlows returns the flows that are shown, the greatest.
func (c *Change) ShownFlows() []Flow { return c.Flows[:min(shownFlows, len(c.Flows))] }

// MoreFlows returns how many flows are not shown.
func (c *Change) MoreFlows() int { return max(0, len(c.Flows)-shownFlows) }

// ShownNodes returns the nodes of the change that are shown.
func (c *Change) ShownNodes() []Moved { return c.Nodes[:min(shownNodes, len(c.Nodes))] }

// MoreNodes returns how many nodes are not shown.
func (c *Change) MoreNodes() int { return max(0, len(c.Nodes)-shownNodes) }

// Long reports whether the table of nodes is folded up.
func (c *Change) Long() bool { return len(c.Nodes) > longTable }

// Shown returns the nodes of the load that are shown.
func (l Load) Shown() []Node { return l.Nodes[:min(shownNodes, len(l.Nodes))] }

// More returns how many nodes are not shown.
func (l Load) More() int { return max(0, len(l.Nodes)-shownNodes) }

// Long reports whether the table of nodes is folded up.
func (l Load) Long() bool { return len(l.Nodes) > longTable }

// Name returns the name of a node of the change.
func (c *Change) Name(i int) string { return c.Nodes[i].Name }

// count writes a number with commas between thousands.
func count(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

func signed(n int64) string {
	if n > 0 {
		return "+" + count(n)
	}
	return count(n)
}

func percent(x float64) string { return fmt.Sprintf("%.2f%%", 100*x) }

func ratio(x float64) string {
	if math.IsInf(x, 0) {
		return "∞"
	}
	return fmt.Sprintf("%.3f", x)
}
