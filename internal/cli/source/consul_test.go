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

// A broken pipe is a quiet end if it is our output's, and a failure if it is a
// server's: to print nothing and exit with 0 would be the worst of answers.
func TestBrokenPipes(t *testing.T) {
	broken := os.NewSyscallError("write", syscall.EPIPE)
	output := term.WithCode(term.ErrIO, &fs.PathError{Op: "write", Path: "/dev/stdout", Err: broken})
	assert.Equal(t, term.ExitDone, term.ExitCode(output))
	server := &url.Error{Op: "Get", URL: "https://localhost:8501", Err: &net.OpError{Op: "write", Net: "tcp", Err: broken}}
	assert.Equal(t, term.ExitUnreachable, term.ExitCode(explainConsul(fmt.Errorf("consul: %w", term.WithCode(term.ErrUnreachable, server)))))
	assert.NotEqual(t, term.ExitDone, term.ExitCode(server))
}
