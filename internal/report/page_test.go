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
	assert.ErrorContains(t, SVG(io.Discard, joined(), "pie"), `unknown picture "pie": choose from shares, ring, moves`)
	alone := joined()
	alone.Change = nil
	assert.ErrorContains(t, SVG(io.Discard, alone, "moves"), "no picture of moves")
}

// TestPageEdgeCases renders pages without keys, without nodes and with many
// nodes.
func TestPageEdgeCases(t *testing.T) {
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
	assert.Contains(t, page, "4000 more nodes")
	assert.Less(t, len(page), 1<<20)
	assert.NotContains(t, page, "NaN")
}

func TestCount(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", -1234567: "-1,234,567", 100: "100", -100: "-100"} {
		assert.Equal(t, want, count(n))
	}
	assert.Equal(t, "+1,000", signed(1000))
}

func TestClip(t *testing.T) {
	assert.Equal(t, "short", clip("short", 98))
	assert.Equal(t, "a-very-long…", clip("a-very-long-name-indeed", 98))
	assert.Equal(t, "漢字漢字漢字…", clip("漢字漢字漢字漢字", 98))
	assert.Equal(t, "…", clip("漢", 5))
}

// TestColorsAgree: a node has the same color in all pictures.
func TestColorsAgree(t *testing.T) {
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
