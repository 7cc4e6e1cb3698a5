package consultest

import (
	"os/exec"
	"runtime"
	"syscall"

	"github.com/proxenos/proxenos/internal/testkit/logbuf"
)

// process is an agent's process. Its output is logged if the test fails.
type process struct {
	cmd    *exec.Cmd
	output *logbuf.Buffer
	gone   chan struct{} // closed when the process has been waited for
}

// launch starts the program. On Linux the kernel kills it when the test process
// dies, so a test that times out leaves no agent running. That signal is tied to
// the thread that started the program, so the thread stays locked until it ends.
func launch(program string, args ...string) (*process, error) {
	p := &process{cmd: exec.Command(program, args...), output: &logbuf.Buffer{}, gone: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = p.output, p.output
	dieWithParent(p.cmd)
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := p.cmd.Start()
		started <- err
		if err == nil {
			_ = p.cmd.Wait() // the exit status depends on the test
			close(p.gone)
		}
	}()
	return p, <-started
}

// kill kills the process, even if it is suspended, and waits for its end.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended
	<-p.gone
}

func (p *process) signal(s syscall.Signal) error { return p.cmd.Process.Signal(s) }

// running reports whether the process has not ended.
func (p *process) running() bool {
	select {
	case <-p.gone:
		return false
	default:
		return true
	}
}
