//go:build unix

package servertest

import (
	"syscall"
	"time"

	"github.com/stretchr/testify/require"
)

// Suspend stops the server with SIGSTOP: the kernel still accepts connections to
// its ports, but the server does not respond until Resume.
func (p *Process) Suspend() {
	p.tb.Helper()
	p.Signal(syscall.SIGSTOP)
	require.Eventually(p.tb, func() bool { return suspended(p.Pid()) }, startTimeout, time.Millisecond)
}

// Resume continues a suspended server.
func (p *Process) Resume() {
	p.tb.Helper()
	p.Signal(syscall.SIGCONT)
}
