package source

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/static"
)

// writtenDown is a source of the nodes given by flags and then those of a
// file, in the order given, as some algorithms depend on it.
type writtenDown struct {
	flags []string
	file  mapper.Mapper // nil if there is none
	path  string        // of the file, in messages
}

func openStatic(o *Flags, std *term.Streams) (mapper.Mapper, error) {
	w := writtenDown{flags: o.nodes, path: o.file}
	switch o.file {
	case "":
	case "-":
		w.file, w.path = standardInput{std.In}, "standard input"
	default:
		w.file = &static.File{Path: o.file}
	}
	return w, nil
}

// explainStatic leaves errors as they are: what is wrong with a file is a bad
// configuration.
func explainStatic(err error) error { return err }

// Nodes returns the nodes of the flags and of the file.
func (w writtenDown) Nodes(ctx context.Context) ([]mapper.Node, error) {
	flags, err := static.Flags(w.flags)
	var twice *static.DuplicateError
	switch {
	case errors.As(err, &twice):
		return nil, term.Hint(term.AsUsage(err), "two -n say different things about %q: leave one out, or name it otherwise", twice.ID)
	case err != nil:
		return nil, term.Hint(term.AsUsage(err), "a node is ID[=ADDR][,w=2][,zone=a], like -n web-1=10.0.0.1:80,w=2")
	}
	nodes, err := flags.Nodes(ctx)
	if err != nil || w.file == nil {
		return nodes, err
	}
	more, err := w.file.Nodes(ctx)
	if err != nil {
		return nil, term.Hint(err, "proxenos help sources tells how nodes are written")
	}
	return w.together(nodes, more)
}

// together adds the nodes of the file to those of the flags, less those that
// say the same.
func (w writtenDown) together(nodes, more []mapper.Node) ([]mapper.Node, error) {
	flags := make(map[string]mapper.Node, len(nodes))
	for _, n := range nodes {
		flags[n.ID()] = n
	}
	for _, n := range more {
		flag, twice := flags[n.ID()]
		switch {
		case !twice:
			nodes = append(nodes, n)
		case !flag.Equal(n):
			err := fmt.Errorf("%s: node %q is given by -n too, with other data", w.path, n.ID())
			return nil, term.Hint(err, "-n and -f are taken together: leave -n out, or say the same")
		}
	}
	return nodes, nil
}

// standardInput is a list of nodes on standard input. If the context ends
// first, a goroutine keeps waiting for it until the process ends.
type standardInput struct{ in io.Reader }

// Nodes reads standard input to its end.
func (s standardInput) Nodes(ctx context.Context) ([]mapper.Node, error) {
	type answer struct {
		list *static.List
		err  error
	}
	read := make(chan answer, 1)
	go func() {
		list, err := static.Read(s.in, "standard input")
		read <- answer{list, err}
	}()
	select {
	case a := <-read:
		if a.err != nil {
			return nil, a.err
		}
		return a.list.Nodes(ctx)
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}
