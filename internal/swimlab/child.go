package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
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
)

// child is a member until it is killed.
func child(name string) {
	_, err := swim.Join(context.Background(), swim.Config{
		Name: name, Bind: "127.0.0.1:" + os.Getenv(childPort), Peers: []string{os.Getenv(childSeed)},
		Metadata: map[string][]byte{valueKey: []byte(os.Getenv(childRun))},
		Logger:   slog.New(slog.DiscardHandler),
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	select {}
}

func spawn(name, port, seed, run string) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), childName+"="+name, childPort+"="+port, childSeed+"="+seed, childRun+"="+run)
	cmd.Stderr = os.Stderr
	return cmd, cmd.Start()
}

// childNamed is the member that has a process of its own.
const childNamed = "child"

// withChild runs a scenario with ten members here and one there.
func withChild(o options, run func(f fleet, cmd *exec.Cmd, port string) (string, error)) (us, plain string, err error) {
	const plainNot = "not measured"
	f, err := settled(o.world(), newSwim, 10)
	defer f.close()
	if err != nil {
		return "", plainNot, err
	}
	t, port, err := transport()
	if err != nil {
		return "", plainNot, err
	}
	if err := t.Shutdown(); err != nil {
		return "", plainNot, err
	}
	cmd, err := spawn(childNamed, fmt.Sprint(port), f[0].addr, "first")
	if err != nil {
		return "", plainNot, err
	}
	defer reap(cmd)
	if _, err := until(20*time.Second, func() bool { return f.all(func(m *member) bool { return m.value(childNamed) == "first" }) }); err != nil {
		return "", plainNot, err
	}
	us, err = run(f, cmd, fmt.Sprint(port))
	return us, plainNot, err
}

func reap(cmd *exec.Cmd) {
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
}

// stop asks what a member that did not run for a while does to others.
func stop(o options) (us, plain string, err error) {
	return withChild(o, func(f fleet, cmd *exec.Cmd, _ string) (string, error) {
		if err := cmd.Process.Signal(syscall.SIGSTOP); err != nil {
			return "", err
		}
		time.Sleep(10 * time.Second)
		if err := cmd.Process.Signal(syscall.SIGCONT); err != nil {
			return "", err
		}
		back, err := until(30*time.Second, func() bool { return f.all(func(m *member) bool { return m.status(childNamed) == swim.Online }) })
		if err != nil {
			return "", err
		}
		harmed := 0
		for range 100 {
			time.Sleep(100 * time.Millisecond)
			for _, m := range f {
				for _, other := range f {
					if m.status(other.name) != swim.Online {
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
	return withChild(o, func(f fleet, cmd *exec.Cmd, port string) (string, error) {
		var took []time.Duration
		last := cmd
		for i := range 10 {
			reap(last)
			time.Sleep(time.Duration(i) * 100 * time.Millisecond)
			run := fmt.Sprint("run ", i)
			next, err := spawn(childNamed, port, f[0].addr, run)
			if err != nil {
				return "", err
			}
			last = next
			start := time.Now()
			_, err = until(30*time.Second, func() bool {
				return f.all(func(m *member) bool { return m.value(childNamed) == run && m.status(childNamed) == swim.Online })
			})
			if err != nil {
				return "", errors.Join(err, last.Process.Kill())
			}
			took = append(took, time.Since(start))
		}
		reap(last)
		return spread(took), nil
	})
}
