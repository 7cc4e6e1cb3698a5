package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"os"

	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/sd"
	"github.com/proxenos/proxenos/mapper/static"
)

// staticSource is a source of the nodes of flags, followed by those of a file. It
// keeps their order, on which some algorithms depend.
type staticSource struct {
	flags []string
	file  mapper.Mapper // nil if there is none
	path  string        // of the file, for messages
}

func openStatic(_ context.Context, o *Flags, std *term.Streams) (mapper.Mapper, error) {
	s := staticSource{flags: o.nodes, path: o.file}
	switch o.file {
	case "":
	case "-":
		s.file, s.path = standardInput{std.In}, "standard input"
	default:
		s.file = &static.File{Path: o.file, Log: slog.New(slog.NewTextHandler(std.Err, nil))}
	}
	return s, nil
}

// explainStatic returns err unchanged: an error in a file is a configuration
// error, which is the default.
func explainStatic(err error) error { return err }

// watchedFile is a staticSource whose file is watched, so that a list that is
// being written is not taken for a whole one.
type watchedFile struct {
	staticSource
	list *static.File
}

// Watch yields the nodes of the flags and of the file.
func (s watchedFile) Watch(ctx context.Context) iter.Seq[mapper.Update] {
	return func(yield func(mapper.Update) bool) {
		var last mapper.Update
		for u := range s.list.Watch(ctx) {
			if u.Known() {
				u = s.add(ctx, u, last)
				last = u.Clone()
			}
			if !yield(u) {
				return
			}
		}
	}
}

// add adds the nodes of the flags to an update of the file. If they contradict
// each other, the last set stands.
func (s watchedFile) add(ctx context.Context, u, last mapper.Update) mapper.Update {
	flags, err := s.ofFlags(ctx)
	if err == nil {
		flags, err = s.merge(flags, u.Nodes)
	}
	if err != nil {
		last.Err = err
		return last
	}
	u.Nodes = flags
	return u
}

// Nodes returns the nodes of the flags and of the file.
func (s staticSource) Nodes(ctx context.Context) ([]mapper.Node, error) {
	nodes, err := s.ofFlags(ctx)
	if err != nil || s.file == nil {
		return nodes, err
	}
	more, err := s.file.Nodes(ctx)
	partial, isPartial := errors.AsType[*mapper.PartialError](err)
	if err != nil && !isPartial {
		return nil, term.Hint(err, "%s", s.formatHint())
	}
	if nodes, err = s.merge(nodes, more); err == nil && isPartial {
		err = partial
	}
	return nodes, err
}

// formatHint returns the hint for a list that cannot be read.
func (s staticSource) formatHint() string {
	if list, ok := s.file.(*static.File); ok && isSD(list.Path) {
		return fmt.Sprintf("the file holds target groups of Prometheus: give it by -b sd --sd-file %s", list.Path)
	}
	return "proxenos help sources describes the format of nodes"
}

// isSD reports whether a regular file is a list for Prometheus.
func isSD(path string) bool {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() > sd.MaxYAMLSize {
		return false
	}
	data, err := os.ReadFile(path)
	return err == nil && sd.IsSD(data, path)
}

// ofFlags returns the nodes of the flags.
func (s staticSource) ofFlags(ctx context.Context) ([]mapper.Node, error) {
	flags, err := static.Flags(s.flags)
	var duplicate *static.DuplicateError
	switch {
	case errors.As(err, &duplicate):
		return nil, term.Hint(term.AsUsage(err), "two -n flags differ for %q: remove one or change its ID", duplicate.ID)
	case err != nil:
		return nil, term.Hint(term.AsUsage(err), "a node is ID[=ADDR][,w=2][,zone=a], such as -n web-1=10.0.0.1:80,w=2")
	}
	return flags.Nodes(ctx)
}

// merge appends the nodes of the file to those of the flags, except for equal
// ones.
func (s staticSource) merge(nodes, more []mapper.Node) ([]mapper.Node, error) {
	flags := make(map[string]mapper.Node, len(nodes))
	for _, n := range nodes {
		flags[n.ID()] = n
	}
	for _, n := range more {
		flag, duplicate := flags[n.ID()]
		switch {
		case !duplicate:
			nodes = append(nodes, n)
		case !flag.Equal(n):
			err := fmt.Errorf("%s: node %q differs from the one given by -n", s.path, n.ID())
			return nil, term.Hint(err, "-n and -f are merged: remove one of the two nodes or make them equal")
		}
	}
	return nodes, nil
}

// standardInput is a source of the nodes on standard input. If the context ends
// before the input does, a goroutine stays blocked until the process ends.
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
