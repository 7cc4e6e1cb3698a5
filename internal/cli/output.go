package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/proxenos/proxenos/mapper"
)

// formats are the values of --output that owners can be written in.
var formats = []string{"text", "json", "jsonl", "csv", "template="}

// outputOptions say how owners are written.
type outputOptions struct {
	format   string
	many     bool // several keys, or as many as standard input holds
	terminal bool // a person is looking
	count    int  // how many owners were asked for
}

// bind declares the flags of the options on a command.
func (o *outputOptions) bind(c *cobra.Command) {
	addGroup(c, "Output", func(fs *pflag.FlagSet) {
		fs.StringVarP(&o.format, "output", "o", "text", "text, json, jsonl, csv or template=GO-TEMPLATE")
	})
	complete(c, "output", formats)
}

// encoding is how the owners that one placement gives are written: records
// made by encoders, and what stands before, between and after them.
type encoding struct {
	head, separator, tail string
	newEncoder            func() encoder
}

// encoder appends the record of one key to dst. It has buffers of its own, so
// every goroutine that encodes needs one.
type encoder interface {
	encode(dst []byte, key string, owners []int) ([]byte, error)
}

// encodingMaker makes the encoding for a placement.
type encodingMaker func(*outputOptions, *placement) *encoding

// maker returns what --output names, or refuses it.
func (o *outputOptions) maker() (encodingMaker, error) {
	if text, ok := strings.CutPrefix(o.format, "template="); ok {
		return newTemplateEncoding(text)
	}
	switch o.format {
	case "text":
		return newTextEncoding, nil
	case "json":
		return newJSONEncoding, nil
	case "jsonl":
		return newJSONLEncoding, nil
	case "csv":
		return newCSVEncoding, nil
	default:
		return nil, unknownChoice("output format", o.format, formats)
	}
}

// nodeView is a node as answers show it.
type nodeView struct {
	ID      string  `json:"id"`
	Address string  `json:"address"`
	Weight  float64 `json:"weight"`
	Zone    string  `json:"zone,omitempty"`
}

// viewsOf returns the nodes of a placement as answers show them; escaped, they
// hold nothing that a terminal might obey.
func viewsOf(nodes []mapper.Node, escaped bool) []nodeView {
	views := make([]nodeView, len(nodes))
	for i, n := range nodes {
		v := nodeView{ID: n.ID(), Address: n.Address(), Weight: n.Capacity(), Zone: n.Zone}
		if escaped {
			v.ID, v.Address, v.Zone = printable(v.ID), printable(v.Address), printable(v.Zone)
		}
		views[i] = v
	}
	return views
}

// answer is the owners of one key as JSON and templates show them.
type answer struct {
	Schema    string     `json:"schema"`
	Key       string     `json:"key"`
	KeyBase64 string     `json:"key_base64,omitempty"`
	Nodes     []nodeView `json:"nodes"`
	Short     bool       `json:"short,omitempty"`
	Algorithm string     `json:"algorithm"`
	Hash      string     `json:"hash,omitempty"`
	Checksum  string     `json:"checksum"`
}

// answerer fills in answers.
type answerer struct {
	answer answer // what is the same for every key, and room for the rest
	views  []nodeView
	count  int
}

func newAnswerer(o *outputOptions, p *placement, escaped bool) *answerer {
	return &answerer{
		answer: answer{
			Schema:    "proxenos.select/v1",
			Algorithm: p.algorithm,
			Hash:      p.hash,
			Checksum:  checksumText(p),
		},
		views: viewsOf(p.nodes, escaped),
		count: o.count,
	}
}

// checksumText is the checksum of a placement as answers show it.
func checksumText(p *placement) string { return fmt.Sprintf("%016x", p.Checksum()) }

// fill returns the answer for a key. It is valid until the next call.
func (a *answerer) fill(key string, owners []int) *answer {
	a.answer.Key = key
	a.answer.Short = len(owners) < a.count
	a.answer.Nodes = a.answer.Nodes[:0]
	for _, i := range owners {
		a.answer.Nodes = append(a.answer.Nodes, a.views[i])
	}
	return &a.answer
}
