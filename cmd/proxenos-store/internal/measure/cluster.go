package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/kv"
	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/node"
	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/rpc"
	"github.com/proxenos/proxenos/mapper/locator"
)

// cluster is a store of several processes.
type cluster struct {
	program string
	mu      sync.Mutex
	nodes   []*process
}

// process is one node.
type process struct {
	cmd  *exec.Cmd
	addr string
}

// startCluster starts one node and then the others at once.
func startCluster(ctx context.Context, program string, n int) (*cluster, error) {
	c := &cluster{program: program}
	if _, err := c.add(ctx, "--found"); err != nil {
		return nil, err
	}
	errs := make([]error, n)
	var group sync.WaitGroup
	for i := range n - 1 {
		group.Go(func() { _, errs[i] = c.join(ctx) })
	}
	group.Wait()
	return c, errors.Join(errs...)
}

func (c *cluster) join(ctx context.Context) (*process, error) {
	return c.add(ctx, "-h", c.nodes[0].addr)
}

// firstPort is away from the ports that nodes use by default.
const firstPort = 32000

var ports struct {
	sync.Mutex
	next int
}

func nextPort() string {
	ports.Lock()
	defer ports.Unlock()
	ports.next++
	return strconv.Itoa(firstPort + ports.next)
}

// add starts a node and waits until it serves.
func (c *cluster) add(ctx context.Context, args ...string) (*process, error) {
	cmd := exec.CommandContext(ctx, c.program, append([]string{"serve", "-p", nextPort()}, args...)...)
	said, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd: cmd}
	lines := bufio.NewScanner(said)
	for lines.Scan() {
		if rest, ok := strings.CutPrefix(lines.Text(), "Starting the server at "); ok {
			p.addr = strings.TrimSuffix(rest, "...")
		}
		if lines.Text() == "Serving." {
			go func() { _, _ = io.Copy(io.Discard, said) }() // keeps the pipe from filling up
			c.mu.Lock()
			defer c.mu.Unlock()
			c.nodes = append(c.nodes, p)
			return p, nil
		}
	}
	return nil, fmt.Errorf("node exited: %w", cmd.Wait())
}

// end sends a signal to a node and waits for it to exit.
func (c *cluster) end(p *process, signal syscall.Signal) {
	_ = p.cmd.Process.Signal(signal)
	_ = p.cmd.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, n := range c.nodes {
		if n == p {
			c.nodes = append(c.nodes[:i], c.nodes[i+1:]...)
			return
		}
	}
}

func (c *cluster) stop() {
	for len(c.nodes) > 0 {
		c.end(c.nodes[0], syscall.SIGKILL)
	}
}

// client returns a client of the i-th node.
func (c *cluster) client(i int) *rpc.Client {
	c.mu.Lock()
	defer c.mu.Unlock()
	return rpc.NewClient(c.nodes[i%len(c.nodes)].addr, locator.CallConfig{Keep: 16, Limits: locator.Limits{Call: 10 * time.Second}})
}

// copies returns the number of copies of each key, and the number of keys at one
// node.
func (c *cluster) copies(ctx context.Context, of *process) (copies map[string]int, at int, err error) {
	copies = map[string]int{}
	for _, p := range c.nodes {
		peer := rpc.NewPeer(p.addr, locator.CallConfig{Limits: locator.Limits{Message: 64 << 20, Elements: 1 << 20}})
		for bucket := range kv.Buckets {
			versions, err := node.Pages(kv.Version.ID, func(after string) ([]kv.Version, error) { return peer.Versions(ctx, bucket, "", after) })
			if err != nil {
				return nil, 0, err
			}
			for _, v := range versions {
				copies[v.Key]++
			}
			if p == of {
				at += len(versions)
			}
		}
	}
	return copies, at, nil
}
