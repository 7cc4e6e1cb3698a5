package figures

import (
	"bytes"
	"context"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/proxenos/proxenos/internal/cli/answer"
	"github.com/proxenos/proxenos/internal/cli/place"
	"github.com/proxenos/proxenos/internal/cli/source"
	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/internal/compare"
	"github.com/proxenos/proxenos/internal/report"
)

// reportOptions are the options of report.
type reportOptions struct {
	std       *term.Streams
	source    source.Flags
	before    string
	placement place.Flags
	keys      answer.Keys
	out       string
	picture   string
	title     string
}

// NewReport returns the command report.
func NewReport(std *term.Streams) *cobra.Command {
	o := &reportOptions{std: std}
	c := &cobra.Command{
		Use:   "report [flags] -o FILE",
		Short: "Write a page or a picture of load and movement",
		Long: `Write a page or a picture of load and movement: shares with the range that chance
explains, the ring, the worst losses and, with --before, the keys that move between
nodes.

A FILE that ends in .html is a self-contained page: it runs no script, loads no
other file, and suits screens of any size, dark mode and print. A FILE that ends
in .svg is a single picture, which --picture selects. - is a page on standard
output.`,
		Example: `  proxenos report -f nodes.txt -o report.html
  proxenos report -f new.txt --before old.txt -a ring -o report.html
  proxenos report -f new.txt --before old.txt -o moves.svg --picture moves`,
		Args: term.Args(),
		RunE: func(c *cobra.Command, _ []string) error {
			if err := o.parse(c); err != nil {
				return err
			}
			return o.run(c.Context())
		},
	}
	term.AddGroup(c, "Output", func(fs *pflag.FlagSet) {
		fs.StringVarP(&o.out, "output", "o", "", "the `file` to write: .html, .svg or -")
		fs.StringVar(&o.picture, "picture", "", "the picture of a .svg: "+strings.Join(report.Pictures(), ", ")+" (default shares)")
		fs.StringVar(&o.title, "title", "Placement of keys", "the title of the page")
	})
	term.Complete(c, "picture", report.Pictures())
	term.AddGroup(c, "Sides", func(fs *pflag.FlagSet) {
		fs.StringVar(&o.before, "before", "", "a `file` of the nodes before, to show movement")
	})
	o.keys.Bind(c)
	o.placement.Bind(c, place.Algorithms)
	o.placement.BindLevels(c)
	o.source.Bind(c)
	return c
}

func (o *reportOptions) parse(c *cobra.Command) error {
	if err := o.keys.Parse(c); err != nil {
		return err
	}
	if err := o.placement.Parse(c, o.std); err != nil {
		return err
	}
	if err := o.placement.ParseRule(1); err != nil {
		return err
	}
	if err := o.parseOutput(); err != nil {
		return err
	}
	if o.keys.File == "-" {
		return term.Hint(term.Usagef("--keys -: report reads the keys twice, and standard input only once"), "put the keys in a file")
	}
	if o.before == "-" && o.source.ReadsStandardInput() {
		return term.Hint(term.Usagef("standard input cannot hold both sides"), "put one of them in a file")
	}
	return o.source.Parse(c)
}

// parseOutput validates the file and the picture.
func (o *reportOptions) parseOutput() error {
	isPicture := strings.EqualFold(filepath.Ext(o.out), ".svg")
	switch extension := strings.ToLower(filepath.Ext(o.out)); {
	case o.out == "":
		return term.Hint(term.Usagef("no file to write"), "give -o report.html or -o shares.svg")
	case o.out != "-" && !slices.Contains([]string{".html", ".htm", ".svg"}, extension):
		return term.Hint(term.Usagef("-o %q: must end in .html or .svg", o.out), "the extension selects the format")
	case o.picture != "" && !isPicture:
		return term.Hint(term.Usagef("--picture %q applies to a .svg file", o.picture), "a page has all pictures")
	case o.picture == "":
		o.picture = report.Pictures()[0]
	case !slices.Contains(report.Pictures(), o.picture):
		return term.UnknownChoice("picture", o.picture, report.Pictures())
	case o.picture == "moves" && o.before == "":
		return term.Hint(term.Usagef("--picture moves needs the nodes before"), "give --before FILE")
	}
	return nil
}

func (o *reportOptions) run(ctx context.Context) error {
	page, err := o.page(ctx)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if strings.EqualFold(filepath.Ext(o.out), ".svg") {
		err = report.SVG(&b, page, o.picture)
	} else {
		err = report.HTML(&b, page)
	}
	if err != nil {
		return err
	}
	return o.std.WriteStream("-o", o.out, func(w io.Writer) error {
		_, err := w.Write(b.Bytes())
		return err
	})
}

// page measures the data of the page.
func (o *reportOptions) page(ctx context.Context) (*report.Page, error) {
	p, err := o.source.Place(ctx, o.std, &o.placement)
	if err != nil {
		return nil, err
	}
	page := &report.Page{Title: term.Escape(o.title), Inputs: o.inputs(p), Circle: arcsOf(p)}
	load, err := measureLoad(ctx, o.std, p, &o.keys)
	if err != nil {
		return nil, err
	}
	page.Load = o.loadOf(p, load)
	lost, err := measureLosses(ctx, o.std, p, load)
	if err != nil {
		return nil, err
	}
	page.Losses = lossesOf(p, lost)
	domains, err := measureDomains(ctx, o.std, p, o.placement.LevelNames(), load, answer.EscapedViews(p.Nodes, true))
	if err != nil {
		return nil, err
	}
	domains.addTo(page)
	if o.before != "" {
		if err := o.compare(ctx, page, p); err != nil {
			return nil, err
		}
	}
	return page, nil
}

// compare adds the movement since the nodes of --before.
func (o *reportOptions) compare(ctx context.Context, page *report.Page, after *place.Placement) error {
	side := (&sidesOptions{source: o.source}).file(o.before)
	before, err := side.Place(ctx, o.std, &o.placement)
	if err != nil {
		return err
	}
	m, err := measureChange(ctx, o.std, before, after, &o.keys, nil)
	if err != nil {
		return err
	}
	page.Change = o.changeOf(m)
	page.Inputs = append(page.Inputs,
		report.Input{Name: "nodes before", Value: term.Escape(o.before)},
		report.Input{Name: "checksum before", Value: before.ChecksumText()},
		report.Input{Name: "address checksum before", Value: place.AddressChecksum(before.Nodes)})
	return nil
}

// inputs describe the origin of the figures.
func (o *reportOptions) inputs(p *place.Placement) []report.Input {
	version := term.ReadBuild()
	inputs := []report.Input{
		{Name: "proxenos", Value: strings.TrimSpace(version.Version + " " + version.Revision)},
		{Name: "built with", Value: version.Go + " for " + version.Platform},
		{Name: "keys", Value: o.keys.Describe()},
		{Name: "nodes", Value: term.Escape(o.source.Describe())},
		{Name: "algorithm", Value: p.Algorithm},
	}
	if p.Hash != "" {
		inputs = append(inputs, report.Input{Name: "hash", Value: p.Hash})
	}
	if p.Partial {
		inputs = append(inputs, report.Input{Name: "partial", Value: "the source has records that are not usable as nodes"})
	}
	return append(inputs,
		report.Input{Name: "checksum", Value: p.ChecksumText()},
		report.Input{Name: "address checksum", Value: place.AddressChecksum(p.Nodes)})
}

func (o *reportOptions) loadOf(p *place.Placement, load *compare.Load) report.Load {
	l := report.Load{Keys: load.Keys, Sampled: o.keys.Sampled(), RatioByChance: load.ChanceImbalance()}
	l.Ratio, _ = load.Imbalance()
	l.Spread, l.SpreadByChance = load.Deviation()
	_, _, l.P = load.ChiSquare()
	for i, v := range answer.EscapedViews(p.Nodes, true) {
		band := load.Band(i)
		l.Nodes = append(l.Nodes, report.Node{
			Name: v.ID, Zone: v.Zone, Weight: v.Weight, Keys: load.Held[i], Share: share(load.Held[i], load.Keys), Fair: load.Fair[i],
			Low: band.Low / float64(max(1, load.Keys)), High: band.High / float64(max(1, load.Keys)),
		})
	}
	return l
}

func lossesOf(p *place.Placement, l *losses) (losses []report.Loss) {
	nodes := answer.EscapedViews(p.Nodes, true)
	add := func(what, lost string, loss *compare.Loss) {
		shown := report.Loss{What: what, Lost: lost, Share: loss.Share, Ratio: loss.Ratio}
		if loss.Heaviest >= 0 {
			shown.Heaviest = nodes[loss.Heaviest].ID
		}
		losses = append(losses, shown)
	}
	if l.node != nil {
		add("node", nodes[l.node.Group].ID, l.node)
	}
	if l.zone != nil {
		add("zone", term.Escape(l.zoneName()), l.zone)
	}
	return losses
}

// addTo adds the domains to a page. The zones of the level zone are there already.
func (v *domainsView) addTo(page *report.Page) {
	for _, d := range v.Domains {
		page.Domains = append(page.Domains, report.Domain{Level: d.Level, Name: d.Domain, Nodes: d.Nodes, Weight: d.Weight, Keys: d.Keys, Share: d.Share, Fair: d.Fair})
	}
	for _, l := range v.Losses {
		if l.Level == "zone" {
			continue
		}
		loss := report.Loss{What: l.Level, Lost: l.Lost, Share: l.Share, Heaviest: l.Heaviest, Ratio: math.Inf(1)}
		if l.Ratio != nil {
			loss.Ratio = *l.Ratio
		}
		page.Losses = append(page.Losses, loss)
	}
}

func (o *reportOptions) changeOf(m *compare.Movement) *report.Change {
	band := movedBand(m, o.keys.Sampled())
	c := &report.Change{
		Keys: m.Keys, Moved: m.Moved, Ideal: m.Ideal, Excess: m.Excess, Survivors: m.Survivors,
		Expected: m.Expected, Low: band.Low, High: band.High,
	}
	places := map[string]int{}
	for i, n := range m.Nodes {
		places[n.ID] = i
		c.Nodes = append(c.Nodes, report.Moved{Name: term.Escape(n.ID), Kind: string(n.Kind), Before: n.Before, After: n.After})
	}
	if m.Flows != nil {
		c.Flows = []report.Flow{}
	}
	for _, f := range m.Flows {
		c.Flows = append(c.Flows, report.Flow{From: places[f.From], To: places[f.To], Keys: f.Keys})
	}
	return c
}

// circleSteps is the resolution of a drawn circle.
const circleSteps = 720

// arcsOf returns the owners of a ring in circleSteps steps, or nil for any other
// ranking. The owner of the middle of a step owns the step.
func arcsOf(p *place.Placement) []report.Arc {
	ring, ok := p.Ranking.(circle)
	if !ok {
		return nil
	}
	var last uint64
	for position := range ring.Points() {
		last = max(last, position)
	}
	whole := float64(1 << 32) // positions have 32 bits or 64
	if last >= 1<<32 {
		whole *= 1 << 32
	}
	owners := make([]int, 0, circleSteps)
	first := -1
	for position, node := range ring.Points() {
		if first < 0 {
			first = node
		}
		for len(owners) < circleSteps && (float64(len(owners))+0.5)/circleSteps <= float64(position)/whole {
			owners = append(owners, node)
		}
	}
	for len(owners) < circleSteps {
		owners = append(owners, first) // the arc after the last point wraps around
	}
	return joinSteps(owners)
}

// joinSteps joins adjacent steps of a node to an arc.
func joinSteps(owners []int) (arcs []report.Arc) {
	for i, node := range owners {
		end := float64(i+1) / circleSteps
		if len(arcs) > 0 && arcs[len(arcs)-1].Node == node {
			arcs[len(arcs)-1].To = end
			continue
		}
		arcs = append(arcs, report.Arc{Node: node, From: float64(i) / circleSteps, To: end})
	}
	return arcs
}
