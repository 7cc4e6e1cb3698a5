package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/proxenos/proxenos/internal/childenv"
	"github.com/proxenos/proxenos/internal/cli/term"
)

// hook is the program that watch runs after every change.
type hook struct {
	program string
	args    []string
	timeout time.Duration
	grace   time.Duration // between SIGTERM and SIGKILL
}

// hookGrace is the default grace.
const hookGrace = 2 * time.Second

// find checks that the program exists, before the watch starts.
func (h *hook) find() error {
	if h.program == "" {
		return nil
	}
	if _, err := exec.LookPath(h.program); err != nil {
		return term.Hint(term.AsUsage(fmt.Errorf("--exec: %w", err)), "it runs one program without a shell; arguments go after --")
	}
	return nil
}

// run runs the program and waits for its end. On a timeout it also ends the child
// processes, so that no two runs overlap. A failure is a warning, as the next run
// may succeed.
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
	cmd.Env = childenv.Filter(os.Environ())
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(input), std.Err, std.Err
	kill := endTogether(cmd)
	cmd.WaitDelay = h.grace
	err = cmd.Run()
	if limited.Err() != nil {
		kill()
	}
	switch {
	case err == nil, ctx.Err() != nil:
	case errors.Is(limited.Err(), context.DeadlineExceeded):
		std.Warn("--exec %s: timed out after %v", h.program, h.timeout)
	default:
		std.Warn("--exec %s: %v", h.program, err)
	}
}
