package cli

import (
	"context"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/proxenos/proxenos/internal/cli/place"
	"github.com/proxenos/proxenos/internal/cli/source"
	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/mapper"
)

// followFlags are the flags of select --follow.
type followFlags struct {
	given     bool
	poll      time.Duration
	whenStale term.Choice
}

func (o *followFlags) bind(c *cobra.Command) {
	o.whenStale = term.Choose("--when-stale", "end", "mark")
	term.AddGroup(c, "Following", func(fs *pflag.FlagSet) {
		fs.BoolVar(&o.given, "follow", false, "keep the nodes up to date while keys arrive on standard input")
		fs.DurationVar(&o.poll, "poll", mapper.DefaultPoll, "how often --follow polls a source that cannot be watched")
		fs.Var(&o.whenStale, "when-stale", "what --follow does when nodes exceed --max-staleness: end (exit 66), or mark answers")
	})
}

// parse validates the flags for a command whose other flags are not parsed yet.
func (o *followFlags) parse(c *cobra.Command, of *selectOptions) error {
	if !o.given {
		for _, flag := range []string{"poll", "when-stale"} {
			if c.Flags().Changed(flag) {
				return term.Hint(term.Usagef("--%s requires --follow", flag), "add --follow")
			}
		}
		return nil
	}
	of.source.Outages.Following()
	switch {
	case !of.Stream:
		return term.Hint(term.Usagef("--follow applies to keys on standard input only"), "give - as the only KEY")
	case of.Expect != "":
		return term.Usagef("--follow and --expect are mutually exclusive")
	case o.poll <= 0:
		return term.Usagef("--poll %v: must be more than 0", o.poll)
	case o.marks() && !c.Flags().Changed("max-staleness"):
		return term.Hint(term.Usagef("--when-stale requires --max-staleness"), "add --max-staleness, such as 5m")
	case o.marks() && !of.output.MarksStale():
		return term.Hint(term.Usagef("--when-stale mark: the output format %s has no place for a mark", of.output.String()), "use -o jsonl, or a template with {{.Stale}}")
	}
	return nil
}

func (o *followFlags) marks() bool { return o.whenStale.String() == "mark" }

// runFollowing answers keys from the nodes that are current when a key is read.
func (o *selectOptions) runFollowing(ctx context.Context) error {
	live, err := o.source.Follow(ctx, o.follow.poll, o.std, &o.placement)
	if err != nil {
		return err
	}
	defer live.Close()
	f := &followed{selectOptions: o, live: live}
	o.Follow, o.Zones = f.next, o.spread
	p, err := f.next()
	if err != nil {
		return err
	}
	source.WarnPartial(o.std, live.Current().Skipped)
	return o.answer(ctx, p)
}

// followed returns the placement of the moment. It is safe for concurrent use.
type followed struct {
	*selectOptions
	live *source.Live

	mu     sync.Mutex
	stale  *place.Placement // the marked copy of marked
	marked *place.Placement
}

// next returns the current placement, or an error if no node can own keys or
// the nodes are too old. A placement that is too old is marked if --when-stale says
// so.
func (f *followed) next() (*place.Placement, error) {
	c := f.live.Current()
	if c.Placement == nil {
		return nil, f.source.RequireNodes(c.Nodes, c.Reported)
	}
	err := f.source.Fresh(f.live)
	if err == nil || !f.follow.marks() {
		return c.Placement, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.marked != c.Placement {
		marked := *c.Placement
		marked.Stale = true
		f.marked, f.stale = c.Placement, &marked
	}
	return f.stale, nil
}
