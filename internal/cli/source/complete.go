package source

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/mapper"
)

// completeness is the flag --require-complete. A partial set lacks nodes of
// which the source has an unusable record, so keys of these nodes get others.
type completeness struct {
	required bool
	given    bool // on the command line
}

func (o *completeness) declare(fs *pflag.FlagSet) {
	fs.BoolVar(&o.required, "require-complete", false, "reject a partial set of nodes (78); the default of checks and limits")
}

func (o *completeness) parse(c *cobra.Command) { o.given = c.Flags().Changed("require-complete") }

// Gate requires a complete set of nodes for a command whose exit code depends on
// it, unless --require-complete=false is given. It follows [Flags.Parse].
func (o *Flags) Gate() {
	if !o.complete.given {
		o.complete.required = true
	}
}

// explain returns the error of a rejected set. It drops the causes from the
// chain, because they would select an exit code.
func (o *completeness) explain(err error) error {
	err = errors.New(err.Error())
	if o.given {
		return term.Hint(err, "correct these records; without --require-complete, the other nodes are used")
	}
	return term.Hint(err, "correct these records; --require-complete=false uses the other nodes")
}

// shownCauses is the number of causes of a partial set that are shown.
const shownCauses = 10

// WarnPartial warns of each record that was left out, up to a limit.
func WarnPartial(std *term.Streams, skipped []error) {
	for i, err := range skipped {
		if i == shownCauses {
			std.Warn("partial: %d more", len(skipped)-i)
			return
		}
		std.Warn("partial: %v", err)
	}
}

// complete is a source that rejects partial sets.
type complete struct{ source mapper.Watcher }

// Nodes asks the source.
func (c complete) Nodes(ctx context.Context) ([]mapper.Node, error) {
	u, err := c.Ask(ctx)
	return u.Nodes, err
}

// Ask asks the source.
func (c complete) Ask(ctx context.Context) (mapper.Update, error) {
	u, err := mapper.Ask(ctx, c.source)
	if err == nil {
		err = u.Partial()
	}
	if err != nil {
		return mapper.Update{}, err
	}
	return u, nil
}

// Watch watches the source. While its set is partial, the last complete one
// stands.
func (c complete) Watch(ctx context.Context) iter.Seq[mapper.Update] {
	return func(yield func(mapper.Update) bool) {
		var last mapper.Update
		for u := range c.source.Watch(ctx) {
			if partial := u.Partial(); partial != nil {
				reason := partial
				if u.Err != nil {
					reason = fmt.Errorf("%w; %w", u.Err, partial)
				}
				u = last.Clone()
				u.Err = reason
			} else if u.Known() {
				last = u.Clone()
			}
			if !yield(u) {
				return
			}
		}
	}
}

// SamePartial reports whether two updates are partial for the same reasons.
func SamePartial(a, b []error) bool {
	return slices.EqualFunc(a, b, func(x, y error) bool { return x.Error() == y.Error() })
}
