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
// again, told by its environment.
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

// child is a member until it is killed.
func child(name string) {
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

// birth starts a process that is a member on that port.
type birth func(port, seed, run string) (*exec.Cmd, error)

func births(kind string) birth {
	return func(port, seed, run string) (*exec.Cmd, error) {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		cmd := exec.Command(self)
		cmd.Env = append(os.Environ(), childKind+"="+kind, childName+"="+childNamed, childPort+"="+port, childSeed+"="+seed, childRun+"="+run)
		cmd.Stderr = os.Stderr
		return cmd, cmd.Start()
	}
}

// childNamed is the member that has a process of its own.
const childNamed = "child"

// family is ten members here and one there.
type family struct {
	fleet
	child *exec.Cmd
	bear  birth
	port  string
}

// withChild runs a scenario with a family of each kind.
func withChild(o options, run func(family) (string, error)) (us, plain string, err error) {
	return both(o, func(w world, make maker) (string, error) {
		f, err := settled(w, make, 10)
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
		kin := family{fleet: f, bear: births(f[0].kind), port: fmt.Sprint(port)}
		if kin.child, err = kin.bear(kin.port, f[0].addr, "first"); err != nil {
			return "", err
		}
		defer reap(kin.child)
		if _, err := kin.hears("first"); err != nil {
			return "", err
		}
		return run(kin)
	})
}

// hears waits until all here hold the child online and know what it says.
func (f family) hears(run string) (time.Duration, error) {
	return until(2*time.Minute, func() bool {
		return f.all(func(m *member) bool { return m.value(childNamed) == run && m.status(childNamed) == swim.StatusOnline })
	})
}

func reap(cmd *exec.Cmd) {
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
}

// stop asks what a member that did not run for a while does to others.
func stop(o options) (us, plain string, err error) {
	return withChild(o, func(f family) (string, error) {
		if err := f.child.Process.Signal(syscall.SIGSTOP); err != nil {
			return "", err
		}
		time.Sleep(10 * time.Second)
		if err := f.child.Process.Signal(syscall.SIGCONT); err != nil {
			return "", err
		}
		back, err := f.hears("first")
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
		return fmt.Sprintf("back everywhere after %v; others doubted in %d of 10,000 looks", back.Round(10*time.Millisecond), harmed), nil
	})
}

// restart asks how soon a member that was killed is back.
func restart(o options) (us, plain string, err error) {
	return withChild(o, func(f family) (string, error) {
		var took []time.Duration
		last := f.child
		for i := range 10 {
			reap(last)
			time.Sleep(time.Duration(i) * 100 * time.Millisecond)
			run := fmt.Sprint("run ", i)
			next, err := f.bear(f.port, f.fleet[0].addr, run)
			if err != nil {
				return "", err
			}
			last = next
			back, err := f.hears(run)
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
