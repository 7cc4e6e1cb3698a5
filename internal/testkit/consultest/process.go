package consultest

import (
	"bytes"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
)

// process is a running agent. Its output is kept for the test that fails.
type process struct {
	cmd    *exec.Cmd
	output *syncBuffer
	gone   chan struct{} // closed once it has been waited for
}

// launch starts the program. The kernel ends it with the test's process where
// it can, so that a test that times out leaves no agent behind; as Linux ties
// that to the thread, one thread stays with the program to its end.
func launch(program string, args ...string) (*process, error) {
	p := &process{cmd: exec.Command(program, args...), output: &syncBuffer{}, gone: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = p.output, p.output
	dieWithParent(p.cmd)
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := p.cmd.Start()
		started <- err
		if err == nil {
			_ = p.cmd.Wait() // how an agent ends is the test's choice
			close(p.gone)
		}
	}()
	return p, <-started
}

// kill ends the process without a chance to say goodbye, also a suspended one.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may be gone already
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

// syncBuffer is written by the process and read by the test.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
