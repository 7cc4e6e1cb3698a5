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

// Page is the content of the HTML page and of the pictures.
type Page struct {
	Title  string
	Inputs []Input // how the figures were made
	Load   Load
	// Circle lists the owners of the parts of a ring. If it is nil, every node
	// has one arc as long as its share.
	Circle []Arc
	Losses []Loss
	// Domains are the failure domains, level by level; nil if no levels are named.
	Domains []Domain
	Change  *Change // nil if nothing is compared
}

// Input is a named value, such as an input of the figures.
type Input struct{ Name, Value string }

// Load is the number of keys that each node holds, with measures of evenness.
type Load struct {
	Keys                   int64
	Sampled                bool
	Ratio, RatioByChance   float64 // the greatest ratio of load to expected load
	Spread, SpreadByChance float64 // the standard deviation of the ratios
	P                      float64 // of Pearson's chi-square test
	Nodes                  []Node
}

// Node is a node with its load. Share, Fair, Low and High are fractions of all
// keys: the share that the node holds, the share that its weight calls for, and
// the 95% range of the share by chance.
type Node struct {
	Name, Zone             string
	Weight                 float64
	Keys                   int64
	Share, Fair, Low, High float64
}

// Ratio returns Share divided by Fair.
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

// Domain is a failure domain with its load.
type Domain struct {
	Level, Name string
	Nodes       int // that are not drained
	Weight      float64
	Keys        int64
	Share, Fair float64
}

// maxDomains is the number of domains that a page shows.
const maxDomains = 200

// ShownDomains returns the domains that the page shows.
func (p *Page) ShownDomains() []Domain { return p.Domains[:min(len(p.Domains), maxDomains)] }

// MoreDomains returns the number of the other domains.
func (p *Page) MoreDomains() int { return len(p.Domains) - len(p.ShownDomains()) }

// Arc is a part of the circle.
type Arc struct {
	Node     int     // index of the owner in Load.Nodes
	From, To float64 // in turns, from 0 to 1
}

// Loss is the worst loss of a node, of a zone or of a domain of a level.
type Loss struct {
	What     string // "node", "zone" or the name of the level
	Lost     string // its name
	Share    float64
	Heaviest string  // the node with the highest load after the loss; "" if no node is left
	Ratio    float64 // the load of Heaviest after the loss over the load that its weight calls for before it
}

// Change describes the keys that moved. compare.Movement defines the counts.
type Change struct {
	Keys, Moved, Ideal, Excess, Survivors int64
	Expected                              float64 // the ideal fraction computed from shares
	Low, High                             float64 // the 95% confidence interval of the moved fraction
	Nodes                                 []Moved // by ascending name
	Flows                                 []Flow  // by descending Keys; nil if there are too many nodes
}

// Moved is the effect of a change on one node: its keys before and after.
type Moved struct {
	Name, Kind    string
	Before, After int64
}

// Flow is the number of keys that moved from one node to another.
type Flow struct {
	From, To int // indexes in Change.Nodes
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
	"plural":  plural[int],
	"keys":    func(n int64, sampled bool) string { return plural(n, keyWord(sampled)) },
	"css":     func() template.CSS { return template.CSS(css) },
	"policy":  policy,
}).Parse(picturesText + pageText))

// policy returns a content security policy that allows the page's inline style
// sheet and nothing else.
func policy() string {
	sum := sha256.Sum256([]byte(css))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; img-src data:; base-uri 'none'; form-action 'none'"
}

// HTML writes the page, a single file without scripts or external resources.
func HTML(w io.Writer, p *Page) error {
	return templates.ExecuteTemplate(w, "page", newView(p))
}

// Pictures returns the names of pictures for [SVG].
func Pictures() []string { return []string{"shares", "ring", "moves"} }

// SVG writes one of [Pictures] as an SVG file. With more than 100 nodes, the ring
// is a strip of the nodes sorted by load. SVG returns an error for an
// unknown name, and for moves if the page has no change with flows.
func SVG(w io.Writer, p *Page, picture string) error {
	v := newView(p)
	var drawn any
	switch {
	case picture == "shares":
		drawn = v.Shares
	case picture == "ring" && v.Strip != nil:
		picture, drawn = "strip", v.Strip
	case picture == "ring":
		drawn = v.Circle
	case picture == "moves" && v.Flows != nil:
		drawn = v.Flows
	case picture == "moves":
		return fmt.Errorf("no picture of moves: want two sets of nodes, of at most 2048 nodes together")
	default:
		return fmt.Errorf("unknown picture %q: choose from %s", picture, strings.Join(Pictures(), ", "))
	}
	return writeFile(w, picture, drawn)
}

// writeFile writes a picture with its own copy of the page's style sheet.
func writeFile(w io.Writer, picture string, drawn any) error {
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, picture, drawn); err != nil {
		return err
	}
	head, rest, _ := bytes.Cut(b.Bytes(), []byte("</desc>\n"))
	_, err := fmt.Fprintf(w, "%s</desc>\n<style>%s</style>\n%s\n", head, css, rest)
	return err
}

// view is the data of the templates: the page and the layout of its pictures.
type view struct {
	*Page
	Shares *sharesPicture
	Circle *circlePicture // nil if there are too many nodes
	Strip  *stripPicture  // drawn in place of Circle
	Flows  *flowsPicture
}

func newView(p *Page) *view {
	tones := newPalette(p)
	v := &view{Page: p, Shares: drawShares(p.Load, tones)}
	if len(p.Load.Nodes) > circleNodes {
		v.Strip = drawStrip(p.Load.Nodes)
	} else {
		v.Circle = drawCircle(p, tones)
	}
	if p.Change != nil && p.Change.Flows != nil {
		v.Flows = drawFlows(p.Change, tones)
	}
	return v
}

// Even describes in a sentence how even the load is.
func (l Load) Even() string {
	switch {
	case math.IsInf(l.Ratio, 1):
		return "A node whose weight calls for no keys holds some."
	case l.P < 0.001:
		return "The load is less even than chance explains, which is normal for a ring and for a table."
	case l.P < 0.05:
		return fmt.Sprintf("Chance alone makes the load this uneven once in %.0f times.", 1/l.P)
	default:
		return "The load is as even as chance allows."
	}
}

// Outliers says how many nodes are outside the band, and how many of them to
// expect there by chance: one in twenty.
func (l Load) Outliers() string {
	outside := 0
	for _, n := range l.Nodes {
		if !n.Inside() {
			outside++
		}
	}
	expected := strconv.FormatFloat(float64(len(l.Nodes))/20, 'g', 2, 64)
	if len(l.Nodes) >= 200 {
		expected = count(int64(math.Round(float64(len(l.Nodes)) / 20)))
	}
	return fmt.Sprintf("Outside the band: %s of %s. Chance alone puts about %s there.", count(int64(outside)), plural(len(l.Nodes), "node"), expected)
}

// Probability formats P, without digits below 0.0001.
func (l Load) Probability() string {
	if l.P < 0.0001 {
		return "< 0.0001"
	}
	return fmt.Sprintf("%.4f", l.P)
}

// Grade returns "good" if no move is unneeded, "bad" if keys move between
// unchanged nodes, and "" if other moves are unneeded.
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

// Fraction returns keys as a fraction of all keys compared, or 0 if there are
// none.
func (c *Change) Fraction(keys int64) float64 {
	if c.Keys == 0 {
		return 0
	}
	return float64(keys) / float64(c.Keys)
}

// Verdict describes the movement in a sentence.
func (c *Change) Verdict() string {
	switch {
	case c.Moved == 0:
		return "No key moves."
	case c.Excess == 0 && c.Survivors == 0:
		return "Every move is needed."
	case c.Survivors == 0:
		return "No key moves between unchanged nodes, but more keys move than the new load requires."
	default:
		return "Keys move between unchanged nodes, which no change requires."
	}
}

// Difference returns the number of keys that the node gained or lost.
func (m Moved) Difference() string { return signed(m.After - m.Before) }

// The rows of tables are limited for the sake of readers and browsers, and long
// tables are collapsed.
const (
	shownFlows = 100
	shownNodes = 1000
	longTable  = 40
)

// ShownFlows returns the flows in the table, which are the greatest.
func (c *Change) ShownFlows() []Flow { return c.Flows[:min(shownFlows, len(c.Flows))] }

// MoreFlows returns the number of flows left out of the table.
func (c *Change) MoreFlows() int { return max(0, len(c.Flows)-shownFlows) }

// ShownNodes returns the nodes in the table of changes.
func (c *Change) ShownNodes() []Moved { return c.Nodes[:min(shownNodes, len(c.Nodes))] }

// MoreNodes returns the number of nodes left out of the table of changes.
func (c *Change) MoreNodes() int { return max(0, len(c.Nodes)-shownNodes) }

// Long reports whether the table of changes is collapsed.
func (c *Change) Long() bool { return len(c.Nodes) > longTable }

// Shown returns the nodes in the table of loads.
func (l Load) Shown() []Node { return l.Nodes[:min(shownNodes, len(l.Nodes))] }

// More returns the number of nodes left out of the table of loads.
func (l Load) More() int { return max(0, len(l.Nodes)-shownNodes) }

// Long reports whether the table of loads is collapsed.
func (l Load) Long() bool { return len(l.Nodes) > longTable }

// Name returns the name of node i.
func (c *Change) Name(i int) string { return c.Nodes[i].Name }

// minus is the minus sign of all figures.
const minus = "−"

// count formats a number with commas between thousands.
func count(n int64) string {
	digits, negative := strings.CutPrefix(strconv.FormatInt(n, 10), "-")
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	if negative {
		return minus + digits
	}
	return digits
}

// keyWord returns the word for a key, of a sample or not.
func keyWord(sampled bool) string {
	if sampled {
		return "sample key"
	}
	return "key"
}

// plural formats a number of things.
func plural[N int | int64](n N, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return count(int64(n)) + " " + thing
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
