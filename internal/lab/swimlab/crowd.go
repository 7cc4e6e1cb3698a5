//go:build unix

package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/memberlist"

	"github.com/proxenos/proxenos/mapper/swim"
)

// crowdLimit is the time in which a crowd must meet.
const crowdLimit = 2 * time.Minute

// crowd measures how many processes meet at once, beside processes that do other
// work, and what they take for failed although all run.
func crowd(o options) (us, plain string, err error) {
	for range o.busy {
		stop, err := startBusy()
		if err != nil {
			return "", "", err
		}
		defer stop()
	}
	plain, plainErr := crowdOf(kindPlain, o)
	if plainErr != nil {
		plain += " failed: " + plainErr.Error()
	}
	us, err = crowdOf(kindSwim, o)
	return us, plain, err
}

// startBusy starts a process that does nothing but work.
func startBusy() (stop func(), err error) {
	p, err := startChild(crowdEnv(kindBusy, "", "", 0)...)
	if err != nil {
		return nil, err
	}
	return p.kill, nil
}

func crowdOf(kind string, o options) (string, error) {
	ports, err := freePorts(o.members)
	if err != nil {
		return "", err
	}
	c := &gathering{kind: kind, ports: ports, members: make([]*process, o.members)}
	defer c.end()
	load, start := loadAverage(), time.Now()
	for i := range ports {
		if err := c.start(i); err != nil {
			return "", err
		}
	}
	_, err = await(crowdLimit, c.met)
	took := time.Since(start).Round(10 * time.Millisecond)
	if err != nil {
		return c.report(fmt.Sprintf("load %s: %d of %d complete", load, c.complete.Load(), o.members)), err
	}
	summary := fmt.Sprintf("load %s: met after %v", load, took)
	if o.kill {
		back, err := c.killHalf()
		if err != nil {
			return c.report(summary), err
		}
		summary += fmt.Sprintf("; half killed and started again, complete after %v", back.Round(10*time.Millisecond))
	}
	time.Sleep(o.watch)
	return c.report(summary), nil
}

// freePorts returns ports that were free a moment ago.
func freePorts(n int) ([]string, error) {
	var ports []string
	var open []memberlist.NodeAwareTransport
	defer func() {
		for _, t := range open {
			_ = t.Shutdown()
		}
	}()
	for range n {
		t, port, err := transport()
		if err != nil {
			return nil, err
		}
		open, ports = append(open, t), append(ports, fmt.Sprint(port))
	}
	return ports, nil
}

// gathering is a crowd of processes, each at a port of its own.
type gathering struct {
	kind     string
	ports    []string
	members  []*process
	complete atomic.Int64 // members that know all
}

func (g *gathering) met() bool { return g.complete.Load() == int64(len(g.ports)) }

// start starts the i-th process, which joins the first one.
func (g *gathering) start(i int) error {
	p, err := startChild(crowdEnv(g.kind, g.ports[i], "127.0.0.1:"+g.ports[0], len(g.ports))...)
	if err != nil {
		return err
	}
	g.members[i] = p
	p.reading.Go(func() { p.follow(&g.complete) })
	return nil
}

// killHalf kills every second member, starts them again when the others have
// noticed, and returns how long it took after that until all knew all.
func (g *gathering) killHalf() (time.Duration, error) {
	for i := 1; i < len(g.members); i += 2 {
		g.members[i].kill()
	}
	if _, err := await(crowdLimit, func() bool { return g.complete.Load() == 0 }); err != nil {
		return 0, fmt.Errorf("the others do not notice: %w", err)
	}
	for i := 1; i < len(g.members); i += 2 {
		if err := g.start(i); err != nil {
			return 0, err
		}
	}
	return await(crowdLimit, g.met)
}

// report asks every member for its counts and returns them summed up.
func (g *gathering) report(summary string) string {
	var sum counts
	for _, p := range g.members {
		_, _ = io.WriteString(p.stdin, "\n")
	}
	for _, p := range g.members {
		select {
		case one := <-p.counts:
			sum.lines += one.lines
			sum.suspects += one.suspects
			sum.offline += one.offline
		case <-time.After(time.Minute):
			summary += "; one does not answer"
		}
	}
	g.end()
	var cpu time.Duration
	for _, p := range g.members {
		cpu += p.cmd.ProcessState.UserTime() + p.cmd.ProcessState.SystemTime()
	}
	return fmt.Sprintf("%s; %d log lines, %v of CPU, %d suspicions, %d offline", summary, sum.lines, cpu.Round(100*time.Millisecond), sum.suspects, sum.offline)
}

func (g *gathering) end() {
	for _, p := range g.members {
		if p != nil {
			p.kill()
		}
	}
}

// counts are what one member has logged and taken for failed.
type counts struct{ lines, suspects, offline int }

// process is a child that ends with its standard input.
type process struct {
	cmd     *exec.Cmd
	stdin   io.WriteCloser
	stdout  io.Reader
	counts  chan counts
	reading sync.WaitGroup
	once    sync.Once
}

func startChild(env ...string) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &process{cmd: exec.Command(self), counts: make(chan counts, 1)}
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stderr = os.Stderr
	var out error
	p.stdin, err = p.cmd.StdinPipe()
	p.stdout, out = p.cmd.StdoutPipe()
	if err := errors.Join(err, out); err != nil {
		return nil, err
	}
	return p, p.cmd.Start()
}

// follow reads what the child prints, and keeps account of whether it knows all.
func (p *process) follow(complete *atomic.Int64) {
	was := false
	note := func(now bool) {
		if now != was {
			complete.Add(map[bool]int64{true: 1, false: -1}[now])
		}
		was = now
	}
	defer note(false)
	for in := bufio.NewScanner(p.stdout); in.Scan(); {
		var c counts
		if _, err := fmt.Sscanf(in.Text(), "counts %d %d %d", &c.lines, &c.suspects, &c.offline); err == nil {
			p.counts <- c
			continue
		}
		note(in.Text() == "complete")
	}
}

func (p *process) kill() {
	p.once.Do(func() {
		_ = p.cmd.Process.Kill()
		p.reading.Wait()
		_ = p.cmd.Wait()
	})
}

// Variables of a child of a crowd, besides those of other children.
const (
	childCrowd = "SWIMLAB_CROWD" // how many members there are
	kindBusy   = "busy"
)

func crowdEnv(kind, port, seed string, size int) []string {
	return []string{childName + "=crowd", childKind + "=" + kind, childPort + "=" + port, childSeed + "=" + seed, childCrowd + "=" + fmt.Sprint(size)}
}

// crowdChild is one member of a crowd, or a process that does other work, until
// its standard input ends.
func crowdChild(kind, port, seed string, size int) error {
	v := &view{size: size, up: map[string]bool{}}
	var err error
	switch kind {
	case kindBusy:
		go func() {
			for { //nolint:staticcheck // the loop is the work
			}
		}()
	case kindPlain:
		err = v.joinPlain(port, seed)
	default:
		err = v.joinSwim(port, seed)
	}
	if err != nil {
		return err
	}
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		v.print(func() {
			fmt.Println("counts", v.counts.lines, v.counts.suspects, v.counts.offline)
		})
	}
	return nil
}

// view is what a member of a crowd knows of the others.
type view struct {
	mu       sync.Mutex
	size     int
	up       map[string]bool
	complete bool
	counts   counts
}

func (v *view) print(do func()) {
	v.mu.Lock()
	defer v.mu.Unlock()
	do()
}

// Write counts the log lines of a member, and the suspicions in those of plain
// memberlist.
func (v *view) Write(b []byte) (int, error) {
	v.print(func() {
		for line := range strings.Lines(string(b)) {
			switch {
			case strings.Contains(line, "[DEBUG]"):
				continue
			case strings.Contains(line, "memberlist: Suspect "):
				v.counts.suspects++
			}
			v.counts.lines++
		}
	})
	return len(b), nil
}

// set notes whether a member is up, and prints when that completes the view or
// makes it incomplete.
func (v *view) set(name string, status swim.Status) {
	v.print(func() {
		switch status {
		case swim.StatusOnline:
			v.up[name] = true
		case swim.StatusSuspect:
			v.counts.suspects++
		default:
			v.counts.offline++
			delete(v.up, name)
		}
		if now := len(v.up) == v.size; now != v.complete {
			v.complete = now
			fmt.Println(map[bool]string{true: "complete", false: "incomplete"}[now])
		}
	})
}

func (v *view) joinSwim(port, seed string) error {
	c, err := swim.Join(context.Background(), swim.Config{
		Name: "127.0.0.1:" + port, Peers: []string{seed},
		Log: slog.New(slog.NewTextHandler(v, nil)),
	})
	if err != nil {
		return err
	}
	go func() {
		for e := range c.Events(context.Background()) {
			if e.Status {
				v.set(e.Member.Name, e.Member.Status)
			}
		}
	}()
	return nil
}

func (v *view) NotifyJoin(n *memberlist.Node)  { v.set(n.Name, swim.StatusOnline) }
func (v *view) NotifyLeave(n *memberlist.Node) { v.set(n.Name, swim.StatusOffline) }
func (*view) NotifyUpdate(*memberlist.Node)    {}

// joinPlain tries to join until it succeeds, as the seed may be late.
func (v *view) joinPlain(port, seed string) error {
	var n int
	if _, err := fmt.Sscan(port, &n); err != nil {
		return err
	}
	t, err := listen(n)
	if err != nil {
		return err
	}
	conf := memberlist.DefaultLANConfig()
	conf.Name, conf.Transport, conf.LogOutput, conf.Events = "127.0.0.1:"+port, t, v, v
	l, err := memberlist.Create(conf)
	if err != nil {
		return err
	}
	_, err = await(crowdLimit, func() bool {
		_, err := l.Join([]string{seed})
		return err == nil
	})
	return err
}

// loadAverage returns the load of the machine over the last minute.
func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	load, _, _ := strings.Cut(string(text), " ")
	return cmp.Or(load, "unknown")
}
