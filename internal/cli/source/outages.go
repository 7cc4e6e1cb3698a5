package source

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/mapper"
)

// OutageFlags holds the flags for sources that are unavailable or report too few
// nodes.
type OutageFlags struct {
	minNodes int
	cache    string
	maxStale time.Duration
	query    string // that --cache is bound to
	slow     slowStart
	followed bool // the command follows the source, so --max-staleness needs no cache
}

// outageGroup is the title of the flags in help texts.
const outageGroup = "Outages"

// Bind declares all flags on a command.
func (o *OutageFlags) Bind(c *cobra.Command) {
	o.BindMinNodes(c)
	term.AddGroup(c, outageGroup, func(fs *pflag.FlagSet) {
		fs.StringVar(&o.cache, "cache", "", "`file` that stores the nodes, to use when the source is unavailable")
		fs.DurationVar(&o.maxStale, "max-staleness", 0, "maximum age of nodes from --cache, or of nodes that the command follows, such as 5m (default any age)")
	})
}

// BindMinNodes declares --min-nodes alone, for a command that lists the present
// nodes.
func (o *OutageFlags) BindMinNodes(c *cobra.Command) {
	term.AddGroup(c, outageGroup, func(fs *pflag.FlagSet) {
		fs.IntVar(&o.minNodes, "min-nodes", 0, "reject a result of the source with fewer nodes; drained nodes do not count")
	})
}

// parse validates the flags.
func (o *OutageFlags) parse(c *cobra.Command) error {
	if o.cache != "" {
		if err := term.CheckState("--cache", o.cache); err != nil {
			return err
		}
	}
	if err := o.slow.parse(c); err != nil {
		return err
	}
	stale := c.Flags().Lookup("max-staleness")
	switch {
	case o.minNodes < 0:
		return term.Usagef("--min-nodes %d: must be at least 0", o.minNodes)
	case stale == nil || !stale.Changed:
		return nil
	case o.cache == "" && !o.followed:
		return term.Hint(term.Usagef("--max-staleness requires --cache"), "add --cache FILE")
	case o.maxStale <= 0:
		return term.Usagef("--max-staleness %v: must be more than 0", o.maxStale)
	default:
		return nil
	}
}

// Following declares that the command follows the source. Then --max-staleness also
// limits the age of the nodes that the command has. Call it before Parse.
func (o *OutageFlags) Following() { o.followed = true }

// Limited reports whether --max-staleness is given.
func (o *OutageFlags) Limited() bool { return o.maxStale > 0 }

// guard wraps a source with the limit of --min-nodes.
func (o *OutageFlags) guard(source mapper.Mapper) *mapper.Guard {
	return &mapper.Guard{Source: source, MinNodes: o.minNodes}
}

// cached wraps a source with the cache of --cache. Wrap the guarded source, so
// that rejected results are not stored.
func (o *OutageFlags) cached(source mapper.Mapper, patience time.Duration, std *term.Streams) *mapper.Cached {
	return &mapper.Cached{
		Source: source, Path: o.cache, Query: o.query, MaxStale: o.maxStale, Patience: patience,
		Log: slog.New(slog.NewTextHandler(std.Err, &slog.HandlerOptions{Level: slog.LevelError})),
	}
}

// ask queries a source once, and uses the cache if the source is unavailable.
func (o *OutageFlags) ask(ctx context.Context, source mapper.Mapper, patience time.Duration, late error, std *term.Streams) (mapper.Update, error) {
	u, err := o.update(ctx, o.guard(source), patience, late, std)
	if u.Err != nil {
		std.Warn("%v", u.Err)
	}
	if ageUnknown(u) {
		std.Warn("the age of the nodes is not known: they are from the cache of the agent (--consistency cached)")
	}
	WarnPartial(std, u.Skipped)
	return u, err
}

// ageUnknown reports whether the nodes are from the cache of a Consul agent, which
// says that it is fresh even while all servers are dead.
func ageUnknown(u mapper.Update) bool {
	return u.Origin == mapper.OriginAgentCache && u.Confirmed.IsZero()
}

// update returns the update that ask reports.
func (o *OutageFlags) update(ctx context.Context, source mapper.Watcher, patience time.Duration, late error, std *term.Streams) (mapper.Update, error) {
	if o.cache != "" {
		return mapper.Ask(ctx, o.slow.around(o.cached(source, patience, std)))
	}
	ctx, cancel := context.WithTimeoutCause(ctx, patience, late)
	defer cancel()
	u, err := mapper.Ask(ctx, o.slow.around(source))
	if err != nil && errors.Is(context.Cause(ctx), term.ErrUnreachable) {
		err = context.Cause(ctx)
	}
	return u, err
}

// cacheHint returns a hint if the file of --cache exists but cannot stand in for
// the source.
func (o *OutageFlags) cacheHint() string {
	if o.cache == "" {
		return ""
	}
	s, err := mapper.ReadSnapshot(o.cache)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return ""
	case err != nil:
		return "the source is unavailable, and the file of --cache is not usable: correct or remove it"
	case s.Query != "" && s.Query != o.query:
		return "the source is unavailable, and the file of --cache is for another query: use a file for each query"
	default:
		return ""
	}
}

// explainOutage adds an exit code and a hint to the errors of the cache and of
// --min-nodes, and reports whether err is one of them.
func explainOutage(err error) (explained error, known bool) {
	var stale *mapper.StaleError
	var guard *mapper.GuardError
	switch {
	case errors.As(err, &stale):
		return term.Hint(term.WithCode(term.ErrStale, err), "%s", staleHint(stale)), true
	case errors.As(err, &guard):
		return term.Hint(term.WithCode(term.ErrNoNodes, err), "the limit is --min-nodes %d; proxenos nodes lists the nodes", guard.Min), true
	default:
		return err, false
	}
}

func staleHint(e *mapper.StaleError) string {
	switch {
	case e.Limit == 0:
		return "is the source running?"
	case e.Saved.IsZero():
		return "is the source running? without --max-staleness, nodes of unknown age are used"
	default:
		return "is the source running? a greater --max-staleness accepts older nodes"
	}
}
