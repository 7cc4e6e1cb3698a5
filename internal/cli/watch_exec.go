package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"time"

	"github.com/proxenos/proxenos/internal/cli/term"
)

// hook is the program that watch runs for every change.
type hook struct {
	program string
	args    []string
	timeout time.Duration
}

// hookGrace is how long a program that is asked to end may take, before it is
// killed.
const hookGrace = 2 * time.Second

// find looks for the program before anything is watched.
func (h *hook) find() error {
	if h.program == "" {
		return nil
	}
	if _, err := exec.LookPath(h.program); err != nil {
		return term.Hint(term.AsUsage(fmt.Errorf("--exec: %w", err)), "it is one program, run without a shell; arguments come after --")
	}
	return nil
}

// run runs the program and waits for its end. One that has to end does so with
// all that it started, so that the next one runs alone. Its failure is a warning, as the
// next change may find it well.
func (h *hook) run(ctx context.Context, e *watchEvent, std *term.Streams) {
	if h.program == "" {
		return
	}
	input, err := e.json()
	if err != nil {
		std.Warn("--exec: %v", err)
		return
	}
	limited, cancel := context.WithTimeout(ctx, h.timeout)
	defer cancel()
	cmd := exec.CommandContext(limited, h.program, h.args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(input), std.Err, std.Err
	kill := endTogether(cmd)
	cmd.WaitDelay = hookGrace
	err = cmd.Run()
	if limited.Err() != nil {
		kill()
	}
	switch {
	case err == nil, ctx.Err() != nil:
	case errors.Is(limited.Err(), context.DeadlineExceeded):
		std.Warn("--exec %s: ended, as it took more than %v", h.program, h.timeout)
	default:
		std.Warn("--exec %s: %v", h.program, err)
	}
}
