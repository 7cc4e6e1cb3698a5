package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/rpc"
)

const clients = 16

// figures are the measurements, in order.
var figures = []struct {
	name    string
	measure func(ctx context.Context, program string, o options) error
}{
	{"throughput", throughput},
	{"movement", movement},
	{"recovery", recovery},
	{"churn", churn},
	{"startup", startup},
}

// throughput prints puts and gets per second, with 16 clients spread over the
// nodes, and percentiles of their latency.
func throughput(ctx context.Context, program string, o options) error {
	fmt.Println("nodes     puts/s      p50      p99     gets/s      p50      p99")
	for _, n := range o.nodes {
		c, err := startCluster(ctx, program, n)
		if err != nil {
			return err
		}
		put := func(s *rpc.Client, i int) error { return s.Put(ctx, strconv.Itoa(i%o.keys), value(i%o.keys)) }
		get := func(s *rpc.Client, i int) error { _, _, err := s.Get(ctx, strconv.Itoa(i%o.keys)); return err }
		puts, err := rate(c, o.seconds, put)
		if err != nil {
			return err
		}
		gets, err := rate(c, o.seconds, get)
		if err != nil {
			return err
		}
		fmt.Printf("%5d   %s   %s\n", n, puts, gets)
		c.stop()
	}
	fmt.Println()
	return nil
}

func value(i int) string { return "value of " + strconv.Itoa(i) }

// pace is a measured rate with its latencies, sorted.
type pace struct {
	perSecond float64
	took      []time.Duration
}

func (p pace) String() string {
	at := func(share float64) time.Duration {
		return p.took[int(share*float64(len(p.took)-1))].Round(10 * time.Microsecond)
	}
	return fmt.Sprintf("%8.0f %8v %8v", p.perSecond, at(0.5), at(0.99))
}

// rate has all clients repeat an operation for some seconds.
func rate(c *cluster, seconds int, do func(*rpc.Client, int) error) (pace, error) {
	took := make([][]time.Duration, clients)
	errs := make([]error, clients)
	began := time.Now()
	end := began.Add(time.Duration(seconds) * time.Second)
	var group sync.WaitGroup
	for client := range clients {
		group.Go(func() {
			store := c.client(client)
			defer func() { errs[client] = errors.Join(errs[client], store.Close()) }()
			for i := client; time.Now().Before(end); i += clients {
				start := time.Now()
				if err := do(store, i); err != nil {
					errs[client] = err
					return
				}
				took[client] = append(took[client], time.Since(start))
			}
		})
	}
	group.Wait()
	all := slices.Concat(took...)
	slices.Sort(all)
	if len(all) == 0 {
		return pace{}, errors.Join(append(errs, errors.New("no operation completed"))...)
	}
	return pace{float64(len(all)) / time.Since(began).Seconds(), all}, errors.Join(errs...)
}

// fill stores the keys.
func fill(ctx context.Context, c *cluster, keys int) error {
	errs := make([]error, clients)
	var group sync.WaitGroup
	for client := range clients {
		group.Go(func() {
			store := c.client(client)
			defer func() { errs[client] = errors.Join(errs[client], store.Close()) }()
			for i := client; i < keys && errs[client] == nil; i += clients {
				errs[client] = store.Put(ctx, strconv.Itoa(i), value(i))
			}
		})
	}
	group.Wait()
	return errors.Join(errs...)
}

// movement prints how many copies a joining node receives.
func movement(ctx context.Context, program string, o options) error {
	c, err := startCluster(ctx, program, 4)
	if err != nil {
		return err
	}
	defer c.stop()
	began := time.Now()
	if err := fill(ctx, c, o.keys); err != nil {
		return err
	}
	fmt.Printf("4 nodes store %d keys at %.0f per second\n", o.keys, float64(o.keys)/time.Since(began).Seconds())
	began = time.Now()
	p, err := c.join(ctx)
	if err != nil {
		return err
	}
	took := time.Since(began)
	_, moved, err := c.copies(ctx, p)
	if err != nil {
		return err
	}
	fmt.Printf("a fifth node joins: serving after %v with %d of %d copies, ideal %d\n", took.Round(time.Millisecond), moved, 2*o.keys, 2*o.keys/5)
	return nil
}

// recovery prints the keys lost when one of five nodes is killed, and the time
// until every key has two copies again.
func recovery(ctx context.Context, program string, o options) error {
	for victim := range 5 {
		c, err := startCluster(ctx, program, 5)
		if err != nil {
			return err
		}
		if err := fill(ctx, c, o.keys); err != nil {
			return err
		}
		began := time.Now()
		c.end(c.nodes[victim], syscall.SIGKILL)
		lost, err := missing(ctx, c, o.keys)
		if err != nil {
			return err
		}
		whole, err := awaitCopies(ctx, c, o.keys, began)
		if err != nil {
			return err
		}
		fmt.Printf("node %d of 5 is killed: %d of %d keys lost, two copies of each after %v\n", victim+1, lost, o.keys, whole.Round(100*time.Millisecond))
		c.stop()
	}
	return nil
}

// missing counts the keys without the value that fill stored.
func missing(ctx context.Context, c *cluster, keys int) (lost int, err error) {
	store := c.client(0)
	defer func() { err = errors.Join(err, store.Close()) }()
	for i := range keys {
		got, ok, err := store.Get(ctx, strconv.Itoa(i))
		if err != nil {
			return lost, err
		}
		if !ok || got != value(i) {
			lost++
		}
	}
	return lost, nil
}

// awaitCopies waits until every key has two copies.
func awaitCopies(ctx context.Context, c *cluster, keys int, began time.Time) (time.Duration, error) {
	for time.Since(began) < 2*time.Minute {
		copies, _, err := c.copies(ctx, nil)
		if err != nil {
			return 0, err
		}
		whole := 0
		for _, n := range copies {
			if n >= 2 {
				whole++
			}
		}
		if whole == keys {
			return time.Since(began), nil
		}
		time.Sleep(200 * time.Millisecond)
	}
	return 0, errors.New("some key has fewer than two copies after two minutes")
}

// churn prints what continuous readers miss while nodes join, leave and are killed.
func churn(ctx context.Context, program string, o options) error {
	c, err := startCluster(ctx, program, 3)
	if err != nil {
		return err
	}
	defer c.stop()
	if err := fill(ctx, c, o.keys); err != nil {
		return err
	}
	var reads, misses, failures atomic.Int64
	reading, stop := context.WithCancel(ctx)
	var group sync.WaitGroup
	for client := range 4 {
		group.Go(func() {
			store := c.client(0)
			defer func() { _ = store.Close() }()
			for i := client; reading.Err() == nil; i += 7 {
				got, ok, err := store.Get(ctx, strconv.Itoa(i%o.keys))
				reads.Add(1)
				switch {
				case err != nil:
					failures.Add(1)
				case !ok || got != value(i%o.keys):
					misses.Add(1)
				}
			}
		})
	}
	for range 3 {
		if _, err = c.join(ctx); err != nil {
			break
		}
		c.end(c.nodes[1], syscall.SIGTERM)
		if _, err = c.join(ctx); err != nil {
			break
		}
		c.end(c.nodes[1], syscall.SIGKILL)
		time.Sleep(10 * time.Second) // until the death is detected and repaired
	}
	stop()
	group.Wait()
	fmt.Printf("6 joins, 3 leaves and 3 kills: %d reads, %d misses, %d failures\n", reads.Load(), misses.Load(), failures.Load())
	return err
}

// startup prints the time until two dozen nodes serve.
func startup(ctx context.Context, program string, _ options) error {
	began := time.Now()
	c, err := startCluster(ctx, program, 24)
	if err != nil {
		return err
	}
	defer c.stop()
	fmt.Printf("24 nodes serve after %v\n", time.Since(began).Round(10*time.Millisecond))
	return nil
}
