package source

import (
	"context"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/mapper"
)

// slowStart holds --slow-start.
type slowStart struct {
	over  time.Duration
	given bool
}

// SlowStartGroup is the title of --slow-start in help texts.
const SlowStartGroup = "Slow start"

// bind declares --slow-start on a command.
func (s *slowStart) bind(c *cobra.Command) {
	term.AddGroup(c, SlowStartGroup, func(fs *pflag.FlagSet) {
		fs.DurationVar(&s.over, "slow-start", 0, "`time` for a node to gain its weight from start_at on, and to lose it from drain_at on, such as 5m")
	})
}

// parse validates the flag.
func (s *slowStart) parse(c *cobra.Command) error {
	if s.given = c.Flags().Changed("slow-start"); s.given && s.over <= 0 {
		return term.Usagef("--slow-start %v: must be more than 0", s.over)
	}
	return nil
}

// around wraps a source with its cache, which keeps the own weights of the nodes.
func (s *slowStart) around(source mapper.Watcher) mapper.Watcher {
	if !s.given {
		return source
	}
	return &mapper.SlowStart{Source: source, Over: s.over}
}

// SlowStarts reports whether --slow-start changes the weights of nodes.
func (o *Flags) SlowStarts() bool { return o.Outages.slow.given }

// Weigh returns nodes that are no answer of the source with the weights that
// --slow-start gives them, and warns about times that cannot be read.
func (o *Flags) Weigh(ctx context.Context, nodes []mapper.Node, std *term.Streams) ([]mapper.Node, error) {
	if !o.SlowStarts() {
		return nodes, nil
	}
	list := mapper.Func(func(context.Context) ([]mapper.Node, error) { return mapper.Clone(nodes), nil })
	u, err := mapper.Ask(ctx, o.Outages.slow.around(&mapper.Polled{Source: list}))
	if partial := u.Partial(); partial != nil && o.complete.required {
		return nil, o.complete.explain(partial)
	}
	WarnPartial(std, u.Skipped)
	return u.Nodes, err
}
