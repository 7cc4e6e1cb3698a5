//go:build unix

package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"

	"github.com/proxenos/proxenos/mapper/swim"
)

// A member that is stopped or killed needs a process of its own: this program
// with these variables.
const (
	childName = "SWIMLAB_CHILD"
	childPort = "SWIMLAB_PORT"
	childSeed = "SWIMLAB_SEED"
	childRun  = "SWIMLAB_RUN"
	childKind = "SWIMLAB_KIND"
)

// The kinds of member that a process can be.
const (
	kindSwim  = "swim"
	kindPlain = "plain"
)

// child runs a member until the process is killed.
func child(name string) {
	if size, err := strconv.Atoi(os.Getenv(childCrowd)); err == nil {
		if err := crowdChild(os.Getenv(childKind), os.Getenv(childPort), os.Getenv(childSeed), size); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	join := joinSwim
	if os.Getenv(childKind) == kindPlain {
		join = joinPlain
	}
	if err := join(name, os.Getenv(childPort), os.Getenv(childSeed), os.Getenv(childRun)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	select {}
}

func joinSwim(name, port, seed, run string) error {
	_, err := swim.Join(context.Background(), swim.Config{
		Name: name, Bind: "127.0.0.1:" + port, Peers: []string{seed},
		Metadata: map[string][]byte{valueKey: []byte(run)},
		Log:      slog.New(slog.DiscardHandler),
	})
	return err
}

func joinPlain(name, port, seed, run string) error {
	n, err := strconv.Atoi(port)
	if err != nil {
		return err
	}
	t, err := listen(n)
	if err != nil {
		return err
	}
	m, err := plainOn(name, "", t, io.Discard)
	if err != nil {
		return err
	}
	if err := m.publish(run); err != nil {
		return err
	}
	return m.join(seed)
}

// starter starts a process with a member on the port.
type starter func(port, seed, run string) (*exec.Cmd, error)

func starterOf(kind string) starter {
	return func(port, seed, run string) (*exec.Cmd, error) {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		cmd := exec.Command(self)
		cmd.Env = append(os.Environ(), childKind+"="+kind, childName+"="+childMember, childPort+"="+port, childSeed+"="+seed, childRun+"="+run)
		cmd.Stderr = os.Stderr
		return cmd, cmd.Start()
	}
}

// childMember is the name of the member with a process of its own.
const childMember = "child"

// mixedFleet is ten members in this process and one in another.
type mixedFleet struct {
	fleet
	child *exec.Cmd
	start starter
	port  string
}

// withChild runs a scenario with a mixed fleet of each kind of member.
func withChild(o options, run func(mixedFleet) (string, error)) (us, plain string, err error) {
	return both(o, func(n network, create newMember) (string, error) {
		f, err := settled(n, create, 10)
		defer f.close()
		if err != nil {
			return "", err
		}
		t, port, err := transport()
		if err != nil {
			return "", err
		}
		if err := t.Shutdown(); err != nil {
			return "", err
		}
		mixed := mixedFleet{fleet: f, start: starterOf(f[0].kind), port: fmt.Sprint(port)}
		if mixed.child, err = mixed.start(mixed.port, f[0].addr, "first"); err != nil {
			return "", err
		}
		defer reap(mixed.child)
		if _, err := mixed.knows("first"); err != nil {
			return "", err
		}
		return run(mixed)
	})
}

// knows waits until the child is online everywhere with the metadata of the run.
func (f mixedFleet) knows(run string) (time.Duration, error) {
	return await(2*time.Minute, func() bool {
		return f.all(func(m *member) bool { return m.value(childMember) == run && m.status(childMember) == swim.StatusOnline })
	})
}

func reap(cmd *exec.Cmd) {
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
}

// stop measures how a member that did not run for a while affects the others.
func stop(o options) (us, plain string, err error) {
	return withChild(o, func(f mixedFleet) (string, error) {
		if err := f.child.Process.Signal(syscall.SIGSTOP); err != nil {
			return "", err
		}
		time.Sleep(10 * time.Second)
		if err := f.child.Process.Signal(syscall.SIGCONT); err != nil {
			return "", err
		}
		back, err := f.knows("first")
		if err != nil {
			return "", err
		}
		harmed := 0
		for range 100 {
			time.Sleep(100 * time.Millisecond)
			for _, m := range f.fleet {
				for _, other := range f.fleet {
					if m.status(other.name) != swim.StatusOnline {
						harmed++
					}
				}
			}
		}
		return fmt.Sprintf("online everywhere after %v; others not online in %d of 10,000 samples", back.Round(10*time.Millisecond), harmed), nil
	})
}

// restart measures how soon a killed member is online again.
func restart(o options) (us, plain string, err error) {
	return withChild(o, func(f mixedFleet) (string, error) {
		var took []time.Duration
		last := f.child
		for i := range 10 {
			reap(last)
			time.Sleep(time.Duration(i) * 100 * time.Millisecond)
			run := fmt.Sprint("run ", i)
			next, err := f.start(f.port, f.fleet[0].addr, run)
			if err != nil {
				return "", err
			}
			last = next
			back, err := f.knows(run)
			if err != nil {
				reap(last)
				return "", err
			}
			took = append(took, back)
		}
		reap(last)
		return spread(took), nil
	})
}
