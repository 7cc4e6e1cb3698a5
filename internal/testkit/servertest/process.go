package servertest

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/logbuf"
)

// On an idle machine servers are ready within seconds and respond in
// milliseconds. The timeouts are generous so that tests also pass on a busy one.
const (
	startTimeout = 2 * time.Minute
	readyTimeout = 10 * time.Second // for one readiness check
	readyPause   = 5 * time.Millisecond
)

// Command says how to run a server.
type Command struct {
	Program string // the path
	Args    []string
	Env     []string // nil means the environment of the test
	Dir     string   // the working directory; empty means that of the test
	// Ready returns nil once the server responds. It is called again and again
	// until then. It must not accept the response of another process on the port.
	Ready func(ctx context.Context) error
}

// Process is a running server. Its methods fail the test instead of returning an
// error, and must be called from the test's goroutine.
type Process struct {
	tb      testing.TB
	command Command
	run     *run
}

// Start runs the server and waits until it is ready. The server ends with the
// test, which logs its output if it fails.
func Start(tb testing.TB, c Command) *Process {
	tb.Helper()
	p, err := TryStart(tb, c)
	require.NoError(tb, err)
	return p
}

// TryStart is like [Start] but returns an error if the server exits before it is
// ready. The caller may then try again with other ports.
func TryStart(tb testing.TB, c Command) (*Process, error) {
	tb.Helper()
	p := &Process{tb: tb, command: c}
	tb.Cleanup(p.cleanUp)
	return p, p.launch()
}

func (p *Process) launch() (err error) {
	if p.run, err = start(p.command); err != nil {
		return err
	}
	deadline := time.Now().Add(startTimeout)
	for err = errors.New("not checked"); time.Now().Before(deadline); time.Sleep(readyPause) {
		if !p.Running() {
			return fmt.Errorf("%s exited:\n%s", p.command.Program, p.run.output)
		}
		if err = p.ready(); err == nil {
			return nil
		}
	}
	p.Kill()
	return fmt.Errorf("%s is not ready after %v: %w\n%s", p.command.Program, startTimeout, err, p.run.output)
}

func (p *Process) ready() error {
	ctx, cancel := context.WithTimeout(context.Background(), readyTimeout)
	defer cancel()
	return p.command.Ready(ctx)
}

// Restart starts the server again with the same command, after Kill or Stop.
func (p *Process) Restart() {
	p.tb.Helper()
	require.False(p.tb, p.Running(), "the server is still running: Kill or Stop it first")
	require.NoError(p.tb, p.launch())
}

// Running reports whether the process has not ended.
func (p *Process) Running() bool {
	select {
	case <-p.run.gone:
		return false
	default:
		return true
	}
}

// Kill sends SIGKILL to the server, suspended or not, and waits for its end.
func (p *Process) Kill() {
	_ = p.run.cmd.Process.Kill() // it may have ended
	<-p.run.gone
}

// Stop sends SIGTERM to the server and waits for its end.
func (p *Process) Stop() {
	p.tb.Helper()
	p.Signal(syscall.SIGTERM)
	select {
	case <-p.run.gone:
	case <-time.After(startTimeout):
		require.FailNow(p.tb, "the server does not exit", p.run.output.String())
	}
}

// Signal sends a signal to the server.
func (p *Process) Signal(s syscall.Signal) {
	p.tb.Helper()
	require.NoError(p.tb, p.run.cmd.Process.Signal(s))
}

// Pid returns the process ID of the server.
func (p *Process) Pid() int { return p.run.cmd.Process.Pid }

// Output returns what the server has written to its standard output and error
// since its last start.
func (p *Process) Output() string { return p.run.output.String() }

func (p *Process) cleanUp() {
	if p.run == nil {
		return
	}
	p.Kill()
	if p.tb.Failed() {
		p.tb.Logf("output of %s:\n%s", p.command.Program, p.run.output)
	}
}

// run is one execution of a command.
type run struct {
	cmd    *exec.Cmd
	output *logbuf.Buffer
	gone   chan struct{} // closed when the process has been waited for
}

// start starts the program. On Linux the kernel kills it when the test process
// dies, so a test that times out leaves no server running. That signal is tied to
// the thread that started the program, so the thread stays locked until it ends.
func start(c Command) (*run, error) {
	r := &run{cmd: exec.Command(c.Program, c.Args...), output: &logbuf.Buffer{}, gone: make(chan struct{})} //nolint:gosec // a test's own program
	r.cmd.Stdout, r.cmd.Stderr = r.output, r.output
	r.cmd.Env, r.cmd.Dir = c.Env, c.Dir
	dieWithParent(r.cmd)
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := r.cmd.Start()
		started <- err
		if err == nil {
			_ = r.cmd.Wait() // the exit status depends on the test
			close(r.gone)
		}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return r, nil
}
