package source

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/mapper"
)

// OutageFlags say how few nodes are believed, and what answers when the source
// cannot.
type OutageFlags struct {
	minNodes int
	cache    string
	maxStale time.Duration
}

// outageGroup is the title of the flags of keepOptions.
const outageGroup = "Outages"

// Bind declares all flags of the options on a command.
func (o *OutageFlags) Bind(c *cobra.Command) {
	o.BindMinNodes(c)
	term.AddGroup(c, outageGroup, func(fs *pflag.FlagSet) {
		fs.StringVar(&o.cache, "cache", "", "`file` that keeps the nodes, and answers when the source does not")
		fs.DurationVar(&o.maxStale, "max-staleness", 0, "greatest age of what --cache answers, like 5m (default any)")
	})
}

// BindMinNodes declares the flags for a command that lists what there is now.
func (o *OutageFlags) BindMinNodes(c *cobra.Command) {
	term.AddGroup(c, outageGroup, func(fs *pflag.FlagSet) {
		fs.IntVar(&o.minNodes, "min-nodes", 0, "refuse an answer of the source with fewer nodes, drained ones not counted")
	})
}

// parse checks the flags against one another.
func (o *OutageFlags) parse(c *cobra.Command) error {
	stale := c.Flags().Lookup("max-staleness")
	switch {
	case o.minNodes < 0:
		return term.Usagef("--min-nodes %d: must not be below 0", o.minNodes)
	case stale == nil || !stale.Changed:
		return nil
	case o.cache == "":
		return term.Hint(term.Usagef("--max-staleness is about --cache"), "name the file: --cache FILE")
	case o.maxStale <= 0:
		return term.Usagef("--max-staleness %v: must be more than 0", o.maxStale)
	default:
		return nil
	}
}

// guard puts --min-nodes around a source.
func (o *OutageFlags) guard(source mapper.Mapper) *mapper.Guard {
	return &mapper.Guard{Source: source, MinNodes: o.minNodes}
}

// cached puts --cache around a guarded source, so that what is refused is not
// kept.
func (o *OutageFlags) cached(source mapper.Mapper, patience time.Duration, std *term.Streams) *mapper.Cached {
	return &mapper.Cached{
		Source: source, Path: o.cache, MaxStale: o.maxStale, Patience: patience,
		Log: slog.New(slog.NewTextHandler(std.Err, &slog.HandlerOptions{Level: slog.LevelError})),
	}
}

// ask asks a source once, or else what is kept of it.
func (o *OutageFlags) ask(ctx context.Context, source mapper.Mapper, patience time.Duration, late error, std *term.Streams) ([]mapper.Node, error) {
	u, err := o.update(ctx, o.guard(source), patience, late, std)
	for _, reason := range []error{u.Err, u.Partial()} {
		if reason != nil {
			std.Warn("%v", reason)
		}
	}
	return u.Nodes, err
}

func (o *OutageFlags) update(ctx context.Context, source mapper.Mapper, patience time.Duration, late error, std *term.Streams) (mapper.Update, error) {
	if o.cache != "" {
		return o.cached(source, patience, std).Ask(ctx)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, patience, late)
	defer cancel()
	u, err := mapper.Ask(ctx, source)
	if err != nil && errors.Is(context.Cause(ctx), term.ErrUnreachable) {
		err = context.Cause(ctx)
	}
	return u, err
}

// explainOutage adds advice to what the options refuse, and tells whether it did.
func explainOutage(err error) (explained error, known bool) {
	var stale *mapper.StaleError
	var guard *mapper.GuardError
	switch {
	case errors.As(err, &stale):
		return term.Hint(term.WithCode(term.ErrStale, err), "--max-staleness allows more; is the source running?"), true
	case errors.As(err, &guard):
		return term.Hint(term.WithCode(term.ErrNoNodes, err), "--min-nodes %d is the limit; proxenos nodes lists who is there", guard.Min), true
	default:
		return err, false
	}
}
