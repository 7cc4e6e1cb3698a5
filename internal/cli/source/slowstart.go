package source

import (
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

// BindSlowStart declares --slow-start on a command.
func (o *Flags) BindSlowStart(c *cobra.Command) {
	term.AddGroup(c, "Nodes", func(fs *pflag.FlagSet) {
		fs.DurationVar(&o.Outages.slow.over, "slow-start", 0, "`time` for a node to gain its weight from start_at on, and to lose it from drain_at on, such as 5m")
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
