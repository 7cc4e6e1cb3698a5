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

// formats are the formats that owners can be written in. A template is one too;
// see [Output.Set].
var formats = []struct {
	name      string
	newWriter newWriter
}{
	{"text", textWriter},
	{"json", jsonWriter},
	{"jsonl", jsonLinesWriter},
	{"csv", csvWriter},
}

// writer writes the owners that one placement gives: records, and what stands
// before, between and after them.
type writer struct {
	frame
	newRecord func() record
	endings   []string // by node, if a record is the key and the ending of its one owner
}

// newWriter makes the writer for a placement.
type newWriter func(*Output, *place.Placement) *writer

// record appends the record of one key to dst. It has buffers of its own, so
// every goroutine needs one.
type record func(dst []byte, key string, owners []int) ([]byte, error)

// Output is the flag --output of select: how owners are written.
type Output struct {
	Many      bool // several keys, or as many as standard input holds
	Terminal  bool // a person is looking
	Count     int  // how many owners were asked for
	format    string
	newWriter newWriter
}

// Bind declares the flag on a command.
func (o *Output) Bind(c *cobra.Command) {
	o.format, o.newWriter = formats[0].name, formats[0].newWriter
	term.AddGroup(c, "Output", func(fs *pflag.FlagSet) {
		fs.VarP(o, "output", "o", "text, json, jsonl, csv or template=GO-TEMPLATE")
	})
}

// Choices returns the values of the flag, for completion.
func (o *Output) Choices() (names []string) {
	for _, f := range formats {
		names = append(names, f.name)
	}
	return append(names, "template=")
}

// String returns the value of the flag.
func (o *Output) String() string { return o.format }

// Type names the value in help.
func (o *Output) Type() string { return "string" }

// Set chooses a format, or refuses it. The empty string passes, as the root
// command refuses that for every flag.
func (o *Output) Set(typed string) (err error) {
	o.format = typed
	if text, ok := strings.CutPrefix(typed, "template="); ok {
		o.newWriter, err = templateWriter(text)
		return err
	}
	for _, f := range formats {
		if f.name == typed {
			o.newWriter = f.newWriter
			return nil
		}
	}
	if typed == "" {
		return nil
	}
	return term.UnknownChoice("output format", typed, o.Choices())
}

// Answer is the owners of one key as JSON and templates show them.
type Answer struct {
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
	answer Answer // what is the same for every key, and room for the rest
	views  []NodeView
	count  int
}

func newAnswerer(o *Output, p *place.Placement, escaped bool) *answerer {
	return &answerer{
		answer: Answer{
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
func (a *answerer) fill(key string, owners []int) *Answer {
	a.answer.Key = key
	a.answer.Short = len(owners) < a.count
	a.answer.Nodes = a.answer.Nodes[:0]
	for _, i := range owners {
		a.answer.Nodes = append(a.answer.Nodes, a.views[i])
	}
	return &a.answer
}

// Of answers as select does.
func Of(p *place.Placement, key string, count int, escaped bool) *Answer {
	if p == nil {
		return &Answer{}
	}
	a := newAnswerer(&Output{Count: count}, p, escaped).fill(key, p.SelectN(nil, key, count))
	a.KeyBase64 = term.Base64IfNotUTF8(key)
	return a
}
