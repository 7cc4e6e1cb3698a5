package source

import (
	"context"
	"errors"

	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/locator"
)

// openP2P returns a source of the nodes known to a node of the location service.
func openP2P(_ context.Context, o *Flags, _ *term.Streams) (mapper.Mapper, error) {
	return locator.NewClient(o.address(), locator.CallConfig{Limits: locator.Limits{Call: o.timeout}}), nil
}

// explainP2P adds an exit code and a hint to an error of the location service.
func explainP2P(err error) error {
	switch {
	case errors.Is(err, locator.ErrUnreachable):
		return term.WithCode(term.ErrUnreachable, term.Hint(err, "is a node running there? start one with: proxenos p2p"))
	case errors.Is(err, locator.ErrNoReply):
		return term.WithCode(term.ErrUnreachable, term.Hint(err, "is the program there a node of the location service?"))
	default:
		return err
	}
}
