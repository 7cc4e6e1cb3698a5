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

// watchOptions are the options of watch.
type watchOptions struct {
	std    *term.Streams
	source source.Flags
	format term.Format[*watchEvent]
	poll   time.Duration
	hook   hook
}

func newWatch(std *term.Streams) *cobra.Command {
	o := &watchOptions{std: std, hook: hook{grace: hookGrace}}
	c := &cobra.Command{
		Use:   "watch [flags] [--exec PROGRAM [-- ARG...]]",
		Short: "Print every change of the nodes",
		Long: `Print every change of the nodes that pass the filters, until interrupted.
The first line shows the current nodes. Each change is a line with the time, the
number of nodes, +ID for each added node, -ID for each removed node and ~ID for
each changed node. With -o json it is an object per line, with the nodes.

A source that fails causes a warning (-o json: an object with "error"). The nodes
stay, and the source is retried. Consul and files are watched; other sources are
polled.

--exec runs a program after every change, without a shell. Its standard input is
the object that -o json prints, its arguments are those after --, and its output
goes to standard error. Of the environment it gets PATH, HOME, the locale and the
like, but no token and no key. Changes during a run are combined into one for the
next.
A program that fails causes a warning; one that exceeds --exec-timeout is ended
with all its child processes.`,
		Example: `  # Print every change of web in Consul
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
	o.format.Bind(c, "text or json, one line per change", watchWriters...)
	term.AddGroup(c, "Watching", func(fs *pflag.FlagSet) {
		fs.DurationVar(&o.poll, "poll", mapper.DefaultPoll, "how often to poll a source that cannot be watched")
		fs.StringVar(&o.hook.program, "exec", "", "`program` to run after every change; its arguments go after --")
		fs.DurationVar(&o.hook.timeout, "exec-timeout", 30*time.Second, "time limit of the program")
	})
	o.source.Bind(c)
	o.source.Outages.Bind(c)
	return c
}

// parse validates the flags and arguments.
func (o *watchOptions) parse(c *cobra.Command, args []string) error {
	o.hook.args = args
	switch {
	case o.poll <= 0:
		return term.Usagef("--poll %v: must be more than 0", o.poll)
	case o.hook.timeout <= 0:
		return term.Usagef("--exec-timeout %v: must be more than 0", o.hook.timeout)
	case len(args) > 0 && o.hook.program == "":
		return term.Hint(term.Usagef("watch takes no arguments, got %q", args[0]), "arguments apply to --exec PROGRAM only")
	case o.source.ReadsStandardInput():
		return term.Hint(term.Usagef("standard input cannot be watched"), "put the nodes in a file: -f FILE")
	}
	if err := o.source.Parse(c); err != nil {
		return err
	}
	return o.hook.find()
}

func (o *watchOptions) run(ctx context.Context) error {
	source, err := o.source.Watched(ctx, o.poll, o.std)
	if err != nil {
		return err
	}
	return o.follow(ctx, source)
}

// follow prints the changes of a source.
func (o *watchOptions) follow(ctx context.Context, source mapper.Watcher) error {
	w := watching{watchOptions: o}
	for u := range source.Watch(ctx) {
		if err := w.take(ctx, u); err != nil {
			return err
		}
	}
	return context.Cause(ctx)
}

// watching is the state of a running watch.
type watching struct {
	*watchOptions
	nodes   []mapper.Node
	skipped []error // the causes of a partial set
	begun   bool
	failing bool
	hint    string // of the last failure, which is not repeated
}

// take handles one update of the source.
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
	w.hint = ""
	return nil
}

// change prints the nodes if they changed, became partial or complete, or the
// source recovered. Causes of a partial set are warnings.
func (w *watching) change(ctx context.Context, u mapper.Update) error {
	nodes := w.source.Filters.Apply(u.Nodes)
	e := changeOf(w.nodes, nodes)
	e.Recovered = w.failing && u.Err == nil
	e.Partial = len(u.Skipped) > 0
	same := w.begun && mapper.Equal(w.nodes, nodes)
	asSure := e.Partial == (len(w.skipped) > 0)
	if !source.SamePartial(w.skipped, u.Skipped) {
		source.WarnPartial(w.std, u.Skipped)
	}
	w.nodes, w.skipped, w.begun = nodes, u.Skipped, true
	if same && asSure && !e.Recovered {
		return nil
	}
	if err := w.write(e); err != nil {
		return err
	}
	if err := w.source.RequireNodes(nodes, len(u.Nodes)); err != nil {
		w.std.WarnOf(err)
	}
	if same {
		return nil
	}
	w.hook.run(ctx, e, w.std)
	return nil
}

// fail reports an error of the source. It ends the watch on a usage error, which
// retrying cannot fix.
func (w *watching) fail(err error) error {
	if err = w.source.Classify(err); term.IsUsage(err) {
		return err
	}
	if w.format.Is("json") {
		return w.write(&watchEvent{Error: err.Error()})
	}
	if hint := term.HintOf(err); hint != w.hint {
		w.hint = hint
		w.std.WarnOf(err)
		return nil
	}
	w.std.Warn("%v", err)
	return nil
}
