// Package answer reads keys and writes their owners: text, JSON, CSV or a
// template, for a few arguments or for a stream of any length.
package answer

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/proxenos/proxenos/internal/cli/place"
	"github.com/proxenos/proxenos/internal/cli/term"
)

// formats are the values of --output that owners can be written in.
var formats = []string{"text", "json", "jsonl", "csv", "template="}

// Output say how owners are written.
type Output struct {
	format   string
	Many     bool // several keys, or as many as standard input holds
	Terminal bool // a person is looking
	Count    int  // how many owners were asked for
}

// Bind declares the flags of the options on a command.
func (o *Output) Bind(c *cobra.Command) {
	term.AddGroup(c, "Output", func(fs *pflag.FlagSet) {
		fs.StringVarP(&o.format, "output", "o", "text", "text, json, jsonl, csv or template=GO-TEMPLATE")
	})
	term.Complete(c, "output", formats)
}

// Encoding is how the owners that one placement gives are written: records
// made by encoders, and what stands before, between and after them.
type Encoding struct {
	Head, separator, tail string
	newEncoder            func() encoder
}

// encoder appends the record of one key to dst. It has buffers of its own, so
// every goroutine that encodes needs one.
type encoder interface {
	encode(dst []byte, key string, owners []int) ([]byte, error)
}

// encodingMaker makes the encoding for a placement.
type encodingMaker func(*Output, *place.Placement) *Encoding

// Maker returns what --output names, or refuses it.
func (o *Output) Maker() (encodingMaker, error) {
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
		return nil, term.UnknownChoice("output format", o.format, formats)
	}
}

// answer is the owners of one key as JSON and templates show them.
type answer struct {
	Schema    string     `json:"schema"`
	Key       string     `json:"key"`
	KeyBase64 string     `json:"key_base64,omitempty"`
	Nodes     []NodeView `json:"nodes"`
	Short     bool       `json:"short,omitempty"`
	Algorithm string     `json:"algorithm"`
	Hash      string     `json:"hash,omitempty"`
	Checksum  string     `json:"checksum"`
}

// answerer fills in answers.
type answerer struct {
	answer answer // what is the same for every key, and room for the rest
	views  []NodeView
	count  int
}

func newAnswerer(o *Output, p *place.Placement, escaped bool) *answerer {
	return &answerer{
		answer: answer{
			Schema:    "proxenos.select/v1",
			Algorithm: p.Algorithm,
			Hash:      p.Hash,
			Checksum:  p.ChecksumText(),
		},
		views: Views(p.Nodes, escaped),
		count: o.Count,
	}
}

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

// Of answers as select does.
func Of(p *place.Placement, key string, count int, escaped bool) *answer {
	if p == nil {
		return &answer{}
	}
	a := newAnswerer(&Output{Count: count}, p, escaped).fill(key, p.SelectN(nil, key, count))
	a.KeyBase64 = term.Base64IfNotUTF8(key)
	return a
}
