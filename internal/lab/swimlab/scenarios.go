//go:build unix

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/proxenos/proxenos/mapper/swim"
)

func storm(o options) (us, plain string, err error) {
	return both(o, func(n network, create newMember) (string, error) {
		var took []time.Duration
		for range o.runs {
			start := time.Now()
			f, err := settled(n, create, o.members)
			took = append(took, time.Since(start))
			f.close()
			if err != nil {
				return "", err
			}
		}
		return spread(took), nil
	})
}

func crash(o options) (us, plain string, err error) {
	return both(o, func(n network, create newMember) (string, error) {
		var suspected, offline []time.Duration
		for range o.runs {
			suspect, gone, err := crashOnce(n, create, o.members)
			if err != nil {
				return "", err
			}
			suspected, offline = append(suspected, suspect), append(offline, gone)
		}
		return "unavailable everywhere " + spread(suspected) + "; offline everywhere " + spread(offline), nil
	})
}

// crashOnce closes a member of a new fleet without leaving.
func crashOnce(n network, create newMember, members int) (suspected, offline time.Duration, err error) {
	f, err := settled(n, create, members)
	defer func() { f.close() }()
	if err != nil {
		return 0, 0, err
	}
	victim := f[len(f)/2]
	f = append(f[:len(f)/2:len(f)/2], f[len(f)/2+1:]...)
	if err := victim.close(); err != nil {
		return 0, 0, err
	}
	everywhere := func(set swim.Status) func() bool {
		return func() bool { return f.all(func(m *member) bool { return m.status(victim.name).In(set) }) }
	}
	start := time.Now()
	if suspected, err = await(5*time.Minute, everywhere(swim.StatusUnavailable)); err != nil {
		return 0, 0, err
	}
	_, err = await(5*time.Minute, everywhere(swim.StatusOffline))
	return suspected, time.Since(start), err
}

func metadataClean(o options) (us, plain string, err error) { return metadata(o, 0) }
func metadataLossy(o options) (us, plain string, err error) { return metadata(o, lost) }

// lost is the share of packets that scenarios with loss lose.
const lost = 0.3

func metadata(o options, share float64) (us, plain string, err error) {
	return both(o, func(n network, create newMember) (string, error) {
		f, err := settled(n, create, o.members)
		defer f.close()
		if err != nil {
			return "", err
		}
		n.lose(share)
		var took []time.Duration
		for i := range o.changes {
			from, value := f[i%len(f)], fmt.Sprint("value ", i)
			start := time.Now()
			if err := from.publish(value); err != nil {
				return "", err
			}
			if _, err := await(10*time.Minute, func() bool {
				return f.all(func(m *member) bool { return m == from || m.value(from.name) == value })
			}); err != nil {
				return "", err
			}
			took = append(took, time.Since(start))
		}
		return spread(took), nil
	})
}

func large(o options) (us, plain string, err error) {
	f, err := settled(o.network(), newSwim, 20)
	defer f.close()
	if err != nil {
		return "", "", err
	}
	var took []time.Duration
	for i := range f {
		value := strings.Repeat(string(rune('a'+i)), swim.MaxValue)
		start := time.Now()
		if err := f[i].publish(value); err != nil {
			return "", "", err
		}
		if _, err := await(time.Minute, func() bool {
			return f.all(func(m *member) bool { return m.value(f[i].name) == value })
		}); err != nil {
			return "", "", err
		}
		took = append(took, time.Since(start))
	}
	return spread(took), "none above 512 bytes", nil
}

// lineCounter counts lines.
type lineCounter struct {
	mu    sync.Mutex
	lines int
}

func (c *lineCounter) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lines += bytes.Count(b, []byte("\n"))
	return len(b), nil
}

func garbage(options) (us, plain string, err error) {
	var ours, theirs lineCounter
	t, _, err := transport()
	if err != nil {
		return "", "", err
	}
	c, err := swim.Join(context.Background(), swim.Config{Name: "a", Transport: t, Log: slog.New(slog.NewTextHandler(&ours, nil))})
	if err != nil {
		return "", "", err
	}
	defer c.Close() //nolint:errcheck // ends with the process
	other, _, err := transport()
	if err != nil {
		return "", "", err
	}
	p, err := plainOn("a", "", other, &theirs)
	if err != nil {
		return "", "", err
	}
	defer p.close() //nolint:errcheck // ends with the process
	for _, addr := range []string{c.Local().Addr, p.addr} {
		if err := sendGarbage(addr, 20_000); err != nil {
			return "", "", err
		}
	}
	time.Sleep(time.Second)
	return fmt.Sprint(ours.lines), fmt.Sprint(theirs.lines), nil
}

// sendGarbage sends packets of random bytes.
func sendGarbage(addr string, packets int) error {
	conn, err := net.Dial("udp", addr)
	if err != nil {
		return err
	}
	defer conn.Close() //nolint:errcheck // UDP
	for i := range packets {
		b := make([]byte, rand.IntN(200)+1)
		for j := range b {
			b[j] = byte(rand.Uint32())
		}
		b[0] = byte(i % 20)
		if _, err := conn.Write(b); err != nil {
			return err
		}
	}
	return nil
}

func idle(o options) (us, plain string, err error) {
	return both(o, func(n network, create newMember) (string, error) {
		f, err := settled(n, create, 10)
		defer f.close()
		if err != nil {
			return "", err
		}
		before := runtime.NumGoroutine()
		var open []io.Closer
		defer func() {
			for _, c := range open {
				_ = c.Close()
			}
		}()
		for range 1000 {
			conn, err := net.Dial("tcp", f[0].addr)
			if err != nil {
				return "", err
			}
			open = append(open, conn)
		}
		time.Sleep(500 * time.Millisecond)
		held := runtime.NumGoroutine() - before
		lost := 0
		for range 50 {
			time.Sleep(200 * time.Millisecond)
			if !f.all(func(m *member) bool { return m.members() == len(f) }) {
				lost++
			}
		}
		return fmt.Sprintf("%d goroutines more, not converged in %d of 50 samples", held, lost), nil
	})
}

func chain(o options) (us, plain string, err error) {
	const links = 12
	return both(o, func(n network, create newMember) (string, error) {
		var took []time.Duration
		for range o.runs {
			start := time.Now()
			var f fleet
			seed := ""
			for i := range links {
				m, err := create(n, fmt.Sprint("m", i), seed)
				if err != nil {
					f.close()
					return "", err
				}
				f, seed = append(f, m), m.addr
			}
			_, err := await(2*time.Minute, func() bool { return f.all(func(m *member) bool { return m.members() == links }) })
			took = append(took, time.Since(start))
			f.close()
			if err != nil {
				return "", err
			}
		}
		return spread(took), nil
	})
}

func footprint(o options) (us, plain string, err error) {
	const members, watched = 100, 30 * time.Second
	return both(o, func(n network, create newMember) (string, error) {
		heapBefore := heap()
		f, err := settled(n, create, members)
		defer f.close()
		if err != nil {
			return "", err
		}
		time.Sleep(10 * time.Second) // after the join storm
		cpu := cpuTime()
		time.Sleep(watched)
		cpu = cpuTime() - cpu
		return fmt.Sprintf("%d KiB of heap, %.2f %% of a CPU",
			(heap()-heapBefore)/members>>10, 100*cpu.Seconds()/watched.Seconds()/members), nil
	})
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// cpuTime returns the CPU time that this process has used.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func loss(o options) (us, plain string, err error) {
	return both(o, func(n network, create newMember) (string, error) {
		f, err := settled(n, create, o.members)
		defer f.close()
		if err != nil {
			return "", err
		}
		n.lose(lost)
		samples, suspects, offline := 0, 0, 0
		for end := time.Now().Add(o.lossFor); time.Now().Before(end); time.Sleep(time.Second) {
			for _, m := range f {
				for _, other := range f {
					samples++
					switch m.status(other.name) {
					case swim.StatusSuspect:
						suspects++
					case swim.StatusOffline, swim.StatusLeft:
						offline++
					}
				}
			}
		}
		return fmt.Sprintf("%d offline, %.3f %% suspect of %d samples in %v", offline, 100*float64(suspects)/float64(samples), samples, o.lossFor), nil
	})
}
