package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/proxenos/proxenos/internal/cli/source"
	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/mapper"
)

// watchOptions say whose nodes to watch, and what to do about changes.
type watchOptions struct {
	std    *term.Streams
	source source.Flags
	format term.Format[*watchEvent]
	poll   time.Duration
	hook   hook
}

func newWatch(std *term.Streams) *cobra.Command {
	o := &watchOptions{std: std}
	c := &cobra.Command{
		Use:   "watch [flags] [--exec PROGRAM [-- ARG...]]",
		Short: "Tell of every change of the nodes",
		Long: `Tell of every change of the nodes, after the filters, until interrupted (130).
The first line is the nodes as they are. A change is a line: when, how many
nodes there are, and +ID for a node that came, -ID for one that went, ~ID for
one that is described differently. With -o json it is an object a line, with
the nodes.

A source that fails is told of as a warning (-o json: an object with "error"),
the nodes stay, and it is tried on. Consul and files are watched; other sources
are asked again and again.

--exec runs a program for every change, without a shell: the object that
-o json writes is its standard input, its arguments are those after --, and
what it writes goes to standard error. Changes that come while it runs are one
change afterwards. One that fails is warned of, and one that takes more than
--exec-timeout is ended, with all that it started.`,
		Example: `  # Tell of every change of web in Consul
  proxenos watch -b consul -s web

  # Reload a proxy when the list of nodes changes
  proxenos watch -f nodes.txt --exec ./reload -- --gently`,
		RunE: func(c *cobra.Command, args []string) error {
			if err := o.parse(c, args); err != nil {
				return err
			}
			return o.run(c.Context())
		},
	}
	o.format.Bind(c, "text or json, a line for every change", watchWriters...)
	term.AddGroup(c, "Watching", func(fs *pflag.FlagSet) {
		fs.DurationVar(&o.poll, "poll", mapper.DefaultPoll, "how often to ask a source that does not tell of changes")
		fs.StringVar(&o.hook.program, "exec", "", "`program` to run for every change; its arguments come after --")
		fs.DurationVar(&o.hook.timeout, "exec-timeout", 30*time.Second, "how long the program may take")
	})
	o.source.Bind(c)
	o.source.Outages.Bind(c)
	return c
}

// parse checks what the flags do not check by themselves.
func (o *watchOptions) parse(c *cobra.Command, args []string) error {
	o.hook.args = args
	switch {
	case o.poll <= 0:
		return term.Usagef("--poll %v: must be more than 0", o.poll)
	case o.hook.timeout <= 0:
		return term.Usagef("--exec-timeout %v: must be more than 0", o.hook.timeout)
	case len(args) > 0 && o.hook.program == "":
		return term.Hint(term.Usagef("watch takes no arguments, got %q", args[0]), "arguments are for --exec PROGRAM")
	case o.source.ReadsStandardInput():
		return term.Hint(term.Usagef("standard input cannot be watched"), "put the nodes in a file: -f FILE")
	}
	if err := o.source.Parse(c); err != nil {
		return err
	}
	return o.hook.find()
}

func (o *watchOptions) run(ctx context.Context) error {
	source, err := o.source.Watched(o.poll, o.std)
	if err != nil {
		return err
	}
	return o.follow(ctx, source)
}

// follow tells of the changes of a source.
func (o *watchOptions) follow(ctx context.Context, source mapper.Watcher) error {
	w := watching{watchOptions: o}
	for u := range source.Watch(ctx) {
		if err := w.take(ctx, u); err != nil {
			return err
		}
	}
	return context.Cause(ctx)
}

// watching is a watch under way.
type watching struct {
	*watchOptions
	nodes   []mapper.Node
	begun   bool
	failing bool
}

// take tells of what the source reports.
func (w *watching) take(ctx context.Context, u mapper.Update) error {
	if ctx.Err() != nil {
		return nil
	}
	if u.Known() {
		if err := w.change(ctx, u); err != nil {
			return err
		}
	}
	if w.failing = u.Err != nil; w.failing {
		return w.fail(u.Err)
	}
	return nil
}

// change tells of the nodes if they are others than before, or good again.
func (w *watching) change(ctx context.Context, u mapper.Update) error {
	nodes := w.source.Filters.Apply(u.Nodes)
	e := changeOf(w.nodes, nodes)
	e.Recovered = w.failing && u.Err == nil
	same := w.begun && mapper.Equal(w.nodes, nodes)
	w.nodes, w.begun = nodes, true
	if same && !e.Recovered {
		return nil
	}
	if err := w.write(e); err != nil || same {
		return err
	}
	w.hook.run(ctx, e, w.std)
	return nil
}

// fail tells that the source fails, and ends the watch if it always will.
func (w *watching) fail(err error) error {
	if err = w.source.Classify(err); term.IsUsage(err) {
		return err
	}
	if w.format.Is("json") {
		return w.write(&watchEvent{Error: err.Error()})
	}
	w.std.Warn("%v", err)
	return nil
}
