package report

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite the files in testdata")

// joined returns a page on which c joins two nodes, one of which has a hostile
// name.
func joined() *Page {
	const script = `<script>alert("x")</script>`
	return &Page{
		Title:  "Keys & <i>owners</i>",
		Inputs: []Input{{"nodes", `"><img src=x>`}, {"checksum", "0123456789abcdef"}},
		Load: Load{
			Keys: 1200, Sampled: true, Ratio: 1.05, RatioByChance: 1.08, Spread: 0.04, SpreadByChance: 0.05, P: 0.3456,
			Nodes: []Node{
				{Name: script, Zone: "x", Weight: 1, Keys: 400, Share: 1.0 / 3, Fair: 1.0 / 3, Low: 0.31, High: 0.36},
				{Name: "b", Weight: 1, Keys: 380, Share: 0.95 / 3, Fair: 1.0 / 3, Low: 0.31, High: 0.36},
				{Name: "c", Weight: 1, Keys: 420, Share: 1.05 / 3, Fair: 1.0 / 3, Low: 0.31, High: 0.345},
			},
		},
		Losses: []Loss{{What: "node", Lost: "c", Share: 0.35, Heaviest: script, Ratio: 1.6}},
		Change: &Change{
			Keys: 1200, Moved: 420, Ideal: 420, Expected: 1.0 / 3, Low: 0.32, High: 0.38,
			Nodes: []Moved{{script, "kept", 620, 400}, {"b", "kept", 580, 380}, {"c", "added", 0, 420}},
			Flows: []Flow{{0, 2, 220}, {1, 2, 200}},
		},
	}
}

func htmlOf(t *testing.T, p *Page) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, HTML(&b, p))
	return b.String()
}

func svgOf(t *testing.T, p *Page, picture string) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, SVG(&b, p, picture))
	return b.String()
}

// golden compares got with a file in testdata. With -update it writes the file.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(file, []byte(got), 0o600))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(want), got, "go test ./internal/report -update accepts the change")
}

func TestGoldenPage(t *testing.T) { golden(t, "joined.html", htmlOf(t, joined())) }

func TestGoldenPictures(t *testing.T) {
	t.Parallel()
	for _, name := range Pictures() {
		t.Run(name, func(t *testing.T) {
			drawn := svgOf(t, joined(), name)
			golden(t, name+".svg", drawn)
			decoder := xml.NewDecoder(strings.NewReader(drawn))
			for {
				_, err := decoder.Token()
				if errors.Is(err, io.EOF) {
					break
				}
				require.NoError(t, err, "well-formed XML")
			}
		})
	}
}

// TestHostileNames: names never become markup.
func TestHostileNames(t *testing.T) {
	t.Parallel()
	outputs := map[string]string{"page": htmlOf(t, joined())}
	for _, name := range Pictures() {
		outputs[name] = svgOf(t, joined(), name)
	}
	for name, text := range outputs {
		assert.NotContains(t, text, "<script", name)
		assert.NotContains(t, text, "<img", name)
		assert.NotContains(t, text, "<i>", name)
		assert.Contains(t, text, "&lt;script&gt;", name)
	}
}

// TestPolicy: the policy allows the style sheet by its hash, and the page has
// nothing that the policy blocks.
func TestPolicy(t *testing.T) {
	t.Parallel()
	page := htmlOf(t, joined())
	style := regexp.MustCompile(`(?s)<style>(.*?)</style>`).FindAllStringSubmatch(page, -1)
	require.Len(t, style, 1)
	sum := sha256.Sum256([]byte(style[0][1]))
	assert.Contains(t, page, "sha256-"+strings.ReplaceAll(base64.StdEncoding.EncodeToString(sum[:]), "+", "&#43;"))
	assert.Contains(t, page, `content="default-src &#39;none&#39;; `)
	for _, forbidden := range []string{"<script", " style=", "javascript:", "@import", "url(", "src="} {
		assert.NotContains(t, strings.ReplaceAll(page, "src=x", ""), forbidden)
	}
	for _, link := range regexp.MustCompile(`(?:href|src)="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		assert.Equal(t, "data:,", link[1], "no external resources")
	}
}

func TestSVGErrors(t *testing.T) {
	t.Parallel()
	assert.ErrorContains(t, SVG(io.Discard, joined(), "pie"), `unknown picture "pie": choose from shares, ring, moves`)
	alone := joined()
	alone.Change = nil
	assert.ErrorContains(t, SVG(io.Discard, alone, "moves"), "no picture of moves")
}

// TestPageEdgeCases renders pages without keys, without nodes and with many
// nodes.
func TestPageEdgeCases(t *testing.T) {
	t.Parallel()
	nothing := &Page{Title: "nothing"}
	assert.Contains(t, htmlOf(t, nothing), "0 nodes")
	drained := joined()
	drained.Load.Nodes[1].Fair, drained.Load.Ratio = 0, math.Inf(1)
	assert.Contains(t, htmlOf(t, drained), "∞")
	many := joined()
	many.Change.Flows = nil
	many.Load.Nodes = make([]Node, 5000)
	page := htmlOf(t, many)
	assert.Contains(t, page, "too many nodes")
	assert.Contains(t, page, "4,000 more nodes")
	assert.Less(t, len(page), 1<<20)
	assert.NotContains(t, page, "NaN")
}

func TestCount(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", -1234567: "−1,234,567", 100: "100", -100: "−100"} {
		assert.Equal(t, want, count(n))
	}
	assert.Equal(t, "+1,000", signed(1000))
}

// TestLabels checks that names that differ have labels that differ, and that
// labels fit.
func TestLabels(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		names, want []string
		room        float64
	}{
		{[]string{"short", "a"}, []string{"short", "a"}, 98},
		{[]string{"memcached-production-0", "memcached-production-15"}, []string{"…0", "…15"}, 98},
		{[]string{"node-000.rack-0.example.com", "node-001.rack-1.example.com"}, []string{"…000.rack-0…", "…001.rack-1…"}, 110},
		{[]string{"a-very-long-name-indeed"}, []string{"a-ve…-indeed"}, 98},
		{[]string{"漢字漢字漢字漢字一", "漢字漢字漢字漢字二"}, []string{"漢字…漢字一", "漢字…漢字二"}, 80},
		{[]string{"漢"}, []string{"…"}, 11},
		{[]string{"10.0.0.1:11211", "10.0.0.2:11211"}, []string{"…1…", "…2…"}, 60},
		{[]string{"node-", "node-", "node-node-"}, []string{"node-", "node-", "n…de-"}, 50},
	} {
		got := labels(c.names, c.room)
		assert.Equal(t, c.want, got)
		for _, label := range got {
			assert.LessOrEqual(t, measure(label), c.room+advance('…'), label)
		}
	}
	assert.InDelta(t, measure("e"), measure("e\u0301"), 1e-9, "a combining mark has no width")
	assert.NotContains(t, cut(strings.Repeat("e\u0301", 40), 90), "…\u0301", "no mark without its base")
}

// TestThousandNodes checks that many nodes are drawn as a strip with percentiles
// in place of a circle, and that the page tells how many outliers chance explains.
func TestThousandNodes(t *testing.T) {
	t.Parallel()
	p := &Page{Title: "many", Load: Load{Keys: 1e6, Ratio: 1.3}}
	for i := range 1000 {
		n := Node{Name: "cache-" + count(int64(i)), Weight: 1, Fair: 0.001, Low: 0.0008, High: 0.0012}
		n.Share = 0.001 * (1.3 - 0.6*float64(i)/999)
		p.Load.Nodes = append(p.Load.Nodes, n)
	}
	page, ring := htmlOf(t, p), svgOf(t, p, "ring")
	assert.NotContains(t, page, `class="sector`)
	assert.Contains(t, page, `class="strip"`)
	assert.Contains(t, page, "Outside the band: 334 of 1,000 nodes. Chance alone puts about 50 there.")
	strip := drawStrip(p.Load.Nodes)
	var rows []string
	for _, r := range strip.Rows {
		rows = append(rows, r.What+" "+r.Name+" "+r.Value)
		assert.Contains(t, ring, r.Value)
	}
	assert.Equal(t, []string{
		"highest cache-0 ×1.300", "95th percentile cache-50 ×1.270", "median cache-500 ×1.000",
		"5th percentile cache-949 ×0.730", "lowest cache-999 ×0.700",
	}, rows)
	assert.Equal(t, stripSteps, strings.Count(strip.Line, "L")+1)

	p.Load.Nodes[0].Fair = 0
	assert.Equal(t, "Without 1 node with an expected share of 0.", drawStrip(p.Load.Nodes).Note)
	for i := range p.Load.Nodes {
		p.Load.Nodes[i].Fair = 0
	}
	assert.Equal(t, "0.13%", drawStrip(p.Load.Nodes).Rows[0].Value, "shares, where no expected shares are known")
}

func TestOutliers(t *testing.T) {
	t.Parallel()
	l := Load{Nodes: make([]Node, 30)}
	assert.Equal(t, "Outside the band: 0 of 30 nodes. Chance alone puts about 1.5 there.", l.Outliers())
	l.Nodes = []Node{{Share: 1}}
	assert.Equal(t, "Outside the band: 1 of 1 node. Chance alone puts about 0.05 there.", l.Outliers())
}

// TestColorsAgree: a node has the same color in all pictures.
func TestColorsAgree(t *testing.T) {
	t.Parallel()
	p := joined()
	tones := newPalette(p)
	assert.Equal(t, "c2", tones.tone("c"))
	assert.Contains(t, svgOf(t, p, "moves"), `class="moving c2"`)
	assert.Equal(t, "rest", tones.tone("5 others"))
	p.Change.Nodes = append(p.Change.Nodes, Moved{"gone", "removed", 1, 0})
	assert.Equal(t, "c3", newPalette(p).tone("gone"))
}

// TestFlowsAddUp: the bands of a block fill its height exactly.
func TestFlowsAddUp(t *testing.T) {
	t.Parallel()
	p := drawFlows(joined().Change, palette{})
	assert.Len(t, p.Bands, 4, "two bands of keys that stay and two of keys that move")
	assert.Len(t, p.Before, 2)
	assert.Len(t, p.After, 3)
	for _, b := range append(p.Before, p.After...) {
		assert.InDelta(t, b.Y+b.Height, b.next, 1e-9, b.Name)
	}
}

// TestManyNodesAreGrouped: the number of parts of a picture is bounded.
func TestManyNodesAreGrouped(t *testing.T) {
	t.Parallel()
	c := &Change{Keys: 100_000, Flows: []Flow{}}
	for i := range 100 {
		c.Nodes = append(c.Nodes, Moved{Name: strings.Repeat("x", i+1), Kind: "kept", Before: 1000, After: 1000})
	}
	c.Nodes[60].Kind, c.Nodes[60].After = "removed", 0
	c.Nodes[3].After = 2000
	c.Flows = []Flow{{60, 3, 1000}}
	p := drawFlows(c, palette{})
	assert.Len(t, p.Before, shownBlocks+1)
	assert.Equal(t, "88 others", p.Before[shownBlocks].Name)
	assert.Contains(t, p.Note, "12 of 100")
	shown, note := mostDeviating(make([]Node, 100))
	assert.Len(t, shown, shownShares)
	assert.Contains(t, note, "40 of 100")
}
