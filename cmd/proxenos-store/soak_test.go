//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/rpc"
	"github.com/proxenos/proxenos/mapper/locator"
)

// soakTime is the environment variable for how long TestSoak runs.
const soakTime = "PROXENOS_STORE_SOAK"

// register is one key. A single writer counts it up.
type register struct {
	key string

	mu        sync.Mutex
	acked     int // the last value that was acknowledged
	attempted int // the last value that was written, with whatever result
}

func (r *register) known() (acked, attempted int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.acked, r.attempted
}

// soak is a cluster under faults.
type soak struct {
	t      *testing.T
	args   [][]string
	clocks []clock
	net    *network
	regs   []*register

	mu    sync.Mutex
	nodes []*server
	addrs []string // of the nodes, which keep them over restarts
	seen  map[string]int
	kind  string // of the current fault
	cut   int    // the node that is or was cut off, and until when; the zero time means now
	until time.Time
	pause time.Duration
}

func (s *soak) count(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen[what]++
}

func (s *soak) counted(what string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen[what]
}

// countDuring counts an event under the kind of the last fault.
func (s *soak) countDuring(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen[what+" after "+s.kind]++
}

// cutOff records that a node is cut off, and the end of it.
func (s *soak) cutOff(node int, until time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cut, s.until = node, until
}

// wasCutOff reports whether a node has been cut off at any time since began.
func (s *soak) wasCutOff(node int, began time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cut == node && (s.until.IsZero() || s.until.After(began))
}

// begin begins a fault.
func (s *soak) begin(kind string) {
	s.count(kind)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kind = kind
}

// client returns a client of a node.
func (s *soak) client(i int) *rpc.Client {
	return rpc.NewClient(s.addrs[i], locator.CallConfig{})
}

// write counts registers up until the context ends, at one node after the other.
func (s *soak) write(ctx context.Context, regs []*register) {
	last := time.Now()
	for i := rand.IntN(len(regs)); ctx.Err() == nil; i = (i + 1) % len(regs) {
		r := regs[i]
		r.mu.Lock()
		r.attempted++
		value := r.attempted
		r.mu.Unlock()
		err := s.client(rand.IntN(len(s.args))).Put(context.WithoutCancel(ctx), r.key, strconv.Itoa(value))
		if err != nil {
			s.count("failed writes")
			continue
		}
		r.mu.Lock()
		r.acked = value
		r.mu.Unlock()
		s.count("acknowledged writes")
		s.mu.Lock()
		s.pause = max(s.pause, time.Since(last))
		s.mu.Unlock()
		last = time.Now()
	}
}

// read reads registers until the context ends.
func (s *soak) read(ctx context.Context) {
	for ctx.Err() == nil {
		r := s.regs[rand.IntN(len(s.regs))]
		acked, _ := r.known()
		node, began := rand.IntN(len(s.args)), time.Now()
		got, err := s.get(r, node)
		switch {
		case err != nil:
			s.count("failed reads")
		case got == 0 && acked > 0:
			s.countDuring("missed reads")
		case got < acked && s.wasCutOff(node, began):
			s.count("stale reads at a node that is cut off")
		case got < acked:
			s.countDuring("stale reads")
		default:
			s.count("good reads")
		}
	}
}

// get returns the value of a register at a node, 0 if it has none.
func (s *soak) get(r *register, node int) (int, error) {
	text, ok, err := s.client(node).Get(context.Background(), r.key)
	if err != nil || !ok {
		return 0, err
	}
	return strconv.Atoi(text)
}

// fault harms a node for some time and then heals it.
func (s *soak) fault(i int) {
	node := s.nodes[i]
	switch kind := rand.IntN(5); kind {
	case 0, 1:
		s.begin([]string{"kills", "terminations"}[kind])
		signal := []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM}[kind]
		err := node.end(signal)
		if signal == syscall.SIGTERM {
			assert.NoError(s.t, err)
		}
		s.nodes[i] = s.launch(i).serves()
	case 2:
		s.begin("stops")
		require.NoError(s.t, node.cmd.Process.Signal(syscall.SIGSTOP))
		time.Sleep(rand.N(4 * time.Second))
		require.NoError(s.t, node.cmd.Process.Signal(syscall.SIGCONT))
	case 3:
		s.begin("clock jumps")
		jumps := []time.Duration{time.Second, -time.Second, 5 * time.Minute, -5 * time.Minute, 2 * time.Hour, -2 * time.Hour}
		s.clocks[i].set(jumps[rand.IntN(len(jumps))])
		time.Sleep(rand.N(3 * time.Second))
		s.clocks[i].set(0)
	case 4:
		s.begin("cuts")
		s.cutOff(i, time.Time{})
		s.net.split(i)
		time.Sleep(rand.N(10 * time.Second)) // also until the others take it for dead
		s.net.heal()
		s.cutOff(i, time.Now())
	}
}

// launch starts a node.
func (s *soak) launch(i int, args ...string) *server {
	return s.clocks[i].launchWith([]string{s.net.env(i)}, append(args, s.args[i]...)...)
}

// Four writers and four readers run against five nodes with two replicas while nodes
// are killed, terminated, stopped, cut off, and their clocks jump, one node at a time.
// No acknowledged write is lost.
func TestSoak(t *testing.T) {
	t.Parallel()
	duration := 8 * time.Second
	if text := os.Getenv(soakTime); text != "" {
		var err error
		duration, err = time.ParseDuration(text)
		require.NoError(t, err)
	}
	s := &soak{t: t, seen: map[string]int{}, net: newNetwork(t, 5), cut: -1}
	for i := range 5 {
		s.clocks = append(s.clocks, newClock(t, 0))
		s.args = append(s.args, []string{"-p", s.net.ports[i], "--data", t.TempDir()})
		first := []string{"--found"}
		if i > 0 {
			first = []string{"-h", s.nodes[0].addr}
		}
		s.nodes = append(s.nodes, s.launch(i, first...).serves())
		s.addrs = append(s.addrs, s.nodes[i].addr)
	}
	for i := range 80 {
		s.regs = append(s.regs, &register{key: fmt.Sprintf("k%d", i)})
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var clients sync.WaitGroup
	for i := range 4 {
		clients.Go(func() { s.write(ctx, s.regs[20*i:20*(i+1)]) })
		clients.Go(func() { s.read(ctx) })
	}
	// Faults begin when there is something to lose. A cut node alone can hold up
	// all writers for seconds.
	require.Eventually(t, func() bool { return s.counted("acknowledged writes") > 2*len(s.regs) }, time.Minute, 10*time.Millisecond)
	time.AfterFunc(duration, cancel)
	for ctx.Err() == nil {
		s.fault(rand.IntN(len(s.nodes)))
		select {
		case <-ctx.Done():
		case <-time.After(rand.N(3 * time.Second)):
		}
	}
	clients.Wait()
	var addrs []string
	for _, n := range s.nodes {
		addrs = append(addrs, n.addr)
	}
	members(t, 5, addrs...)
	lost := 0
	for _, r := range s.regs {
		acked, attempted := r.known()
		var got int
		retry(t, func() (err error) {
			if got, err = s.get(r, rand.IntN(len(s.nodes))); err == nil && got < acked {
				err = errors.New("older than the last acknowledged value")
			}
			return err
		})
		if got < acked || got > attempted {
			lost++
			t.Errorf("%s is %d, acknowledged %d, attempted %d", r.key, got, acked, attempted)
		}
	}
	t.Logf("lost %d; longest pause of a writer %v; %v", lost, s.pause.Round(time.Millisecond), s.seen)
}
