package cli

import (
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
)

// A broken pipe is a quiet end if it is our output's, and a failure if it is a
// server's: to print nothing and exit with 0 would be the worst of answers.
func TestBrokenPipes(t *testing.T) {
	broken := os.NewSyscallError("write", syscall.EPIPE)
	output := as(errIO, &fs.PathError{Op: "write", Path: "/dev/stdout", Err: broken})
	assert.Equal(t, exitDone, exitCode(output))
	server := &url.Error{Op: "Get", URL: "https://localhost:8501", Err: &net.OpError{Op: "write", Net: "tcp", Err: broken}}
	assert.Equal(t, exitUnreachable, exitCode(explainConsul(fmt.Errorf("consul: %w", as(errUnreachable, server)))))
	assert.NotEqual(t, exitDone, exitCode(server))
}
