package source

import (
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/proxenos/proxenos/internal/cli/term"
)

// TestBrokenPipes: EPIPE on standard output ends a command with 0, but EPIPE on a
// connection to a server is an error.
func TestBrokenPipes(t *testing.T) {
	t.Parallel()
	broken := os.NewSyscallError("write", syscall.EPIPE)
	output := term.WithCode(term.ErrIO, &fs.PathError{Op: "write", Path: "/dev/stdout", Err: broken})
	assert.Equal(t, term.ExitDone, term.ExitCode(output))
	server := &url.Error{Op: "Get", URL: "https://localhost:8501", Err: &net.OpError{Op: "write", Net: "tcp", Err: broken}}
	assert.Equal(t, term.ExitUnreachable, term.ExitCode(explainConsul(fmt.Errorf("consul: %w", term.WithCode(term.ErrUnreachable, server)))))
	assert.NotEqual(t, term.ExitDone, term.ExitCode(server))
}
