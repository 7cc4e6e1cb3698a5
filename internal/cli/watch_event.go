package cli

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/mapper"
)

// watchEvent is a line of watch -o json.
type watchEvent struct {
	Schema    string        `json:"schema"`
	Time      time.Time     `json:"time"`
	Error     string        `json:"error,omitempty"` // why the source failed; all else is empty then
	Recovered bool          `json:"recovered,omitzero"`
	Partial   bool          `json:"partial,omitzero"`
	Added     []string      `json:"added,omitempty"`
	Removed   []string      `json:"removed,omitempty"`
	Changed   []string      `json:"changed,omitempty"`
	Nodes     []mapper.Node `json:"nodes,omitzero"`
}

// changeOf compares two sets of nodes by name.
func changeOf(before, after []mapper.Node) *watchEvent {
	e := &watchEvent{Nodes: append([]mapper.Node{}, after...)} // never nil, so that JSON shows []
	known := map[string]mapper.Node{}
	for _, n := range before {
		known[n.Name] = n
	}
	for _, n := range after {
		old, was := known[n.Name]
		switch {
		case !was:
			e.Added = append(e.Added, n.Name)
		case !old.Equal(n):
			e.Changed = append(e.Changed, n.Name)
		}
		delete(known, n.Name)
	}
	for _, n := range before {
		if _, gone := known[n.Name]; gone {
			e.Removed = append(e.Removed, n.Name)
		}
	}
	return e
}

// json returns the event as a line.
func (e *watchEvent) json() ([]byte, error) { return term.NewJSONBuffer("", "").Encode(e) }

// text returns the event as a line, with names escaped.
func (e *watchEvent) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", e.Time.Format(time.RFC3339), term.Plural(len(e.Nodes), "node"))
	if e.Recovered {
		b.WriteString(" recovered")
	}
	if e.Partial {
		b.WriteString(" partial")
	}
	list := func(sign string, names []string) {
		for _, name := range names {
			b.WriteString(" " + sign + term.Escape(name))
		}
	}
	list("+", e.Added)
	list("-", e.Removed)
	list("~", e.Changed)
	return b.String() + "\n"
}

// watchWriters are the values of --output.
var watchWriters = []term.Writer[*watchEvent]{
	{Name: "text", Write: func(w io.Writer, e *watchEvent) error {
		_, err := io.WriteString(w, e.text())
		return err
	}},
	{Name: "json", Write: func(w io.Writer, e *watchEvent) error {
		line, err := e.json()
		if err == nil {
			_, err = w.Write(line)
		}
		return err
	}},
}

// write stamps an event and writes it to standard output.
func (o *watchOptions) write(e *watchEvent) error {
	e.Schema, e.Time = "proxenos.watch/v1", time.Now().UTC()
	return o.format.Write(o.std.Out, e)
}
