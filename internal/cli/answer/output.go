// Package answer reads keys and writes their owners as text, JSON, CSV or by a
// template. Keys are a few arguments or a stream of any length.
package answer

import (
	"strings"
	"sync"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/proxenos/proxenos/internal/cli/place"
	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/ring/rules"
)

// formats lists the formats of owners. In addition there are templates; see
// [Output.Set].
var formats = []struct {
	name      string
	newWriter newWriter
}{
	{"text", textWriter},
	{"json", jsonWriter},
	{"jsonl", jsonLinesWriter},
	{"csv", csvWriter},
}

// writer writes owners of one placement: records in a frame.
type writer struct {
	frame
	newRecord func() record
	plain     plain        // nil if records cannot be pasted
	mold      func() *mold // made by the first call
}

// pasted returns a writer whose records can be pasted from a mold.
func pasted(p *place.Placement, f frame, newRecord func() record, plain plain) *writer {
	return &writer{frame: f, newRecord: newRecord, plain: plain, mold: sync.OnceValue(func() *mold {
		return newMold(newRecord(), f.separator, len(p.Nodes))
	})}
}

// owners returns a worker that writes the first count owners of keys.
func (w *writer) owners(p *place.Placement, count int, spread place.Spreader, check *expectation) *owners {
	return &owners{ranking: p.Ranking, count: count, spread: spread, record: w.newRecord(), writer: w, check: check}
}

// newWriter returns the writer for a placement.
type newWriter func(*Output, *place.Placement) *writer

// record appends the record of one key to dst. It may have buffers, so every
// goroutine needs its own.
type record func(dst []byte, key string, owners []int) ([]byte, error)

// Output is the flag --output of select, which chooses the format of owners.
type Output struct {
	Many      bool // there may be several keys
	Terminal  bool // standard output is a terminal
	Count     int  // the value of --count
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

// MarksStale reports whether the format can mark answers from stale nodes.
func (o *Output) MarksStale() bool { return o.format != "text" && o.format != "csv" }

// Choices returns the values of the flag for completion.
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

// Set chooses a format. It accepts the empty string, which the root command
// rejects for all flags.
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

// Answer holds the owners of one key, as JSON and for templates.
type Answer struct {
	Schema    string     `json:"schema"`
	Key       string     `json:"key"`
	KeyBase64 string     `json:"key_base64,omitempty"`
	Nodes     []NodeView `json:"nodes"`
	Short     bool       `json:"short,omitempty"`
	Algorithm string     `json:"algorithm"`
	Hash      string     `json:"hash,omitempty"`
	Checksum  string     `json:"checksum"`
	Addresses string     `json:"address_checksum"`
	Partial   bool       `json:"partial,omitempty"`
	Stale     bool       `json:"stale,omitempty"`
	Breaks    []Break    `json:"breaks,omitempty"`
}

// Break is a limit of the rule of failure domains that the nodes of a key do not meet.
type Break struct {
	Level  string `json:"level"`
	Domain string `json:"domain,omitempty"` // absent: the domains other than that of the first node
	Have   int    `json:"have"`
	Most   int    `json:"most"`
}

// answerer returns answers.
type answerer struct {
	answer Answer // reused for every key
	views  []NodeView
	count  int
	levels *rules.Levels[int] // nil if there is no rule
}

func newAnswerer(o *Output, p *place.Placement, escaped bool) *answerer {
	return &answerer{
		answer: Answer{
			Schema:    "proxenos.select/v1",
			Algorithm: p.Algorithm,
			Hash:      p.Hash,
			Checksum:  p.ChecksumText(),
			Addresses: place.AddressChecksum(p.Nodes),
			Partial:   p.Partial,
			Stale:     p.Stale,
		},
		views:  Views(p.Nodes, escaped),
		count:  o.Count,
		levels: p.Levels,
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
	if a.levels != nil {
		a.answer.Breaks = a.answer.Breaks[:0]
		for _, b := range a.levels.Breaks(owners) {
			a.answer.Breaks = append(a.answer.Breaks, Break{b.Level, b.Domain, b.Have, b.Most})
		}
	}
	return &a.answer
}

// Of returns the answer of select for a key: its first count owners. Without a
// placement the answer is empty. If escaped is set, names have no control
// characters.
func Of(p *place.Placement, key string, count int, escaped bool) *Answer {
	if p == nil {
		return &Answer{}
	}
	a := newAnswerer(&Output{Count: count}, p, escaped).fill(key, p.SelectN(nil, key, count))
	a.KeyBase64 = term.Base64IfNotUTF8(key)
	return a
}
