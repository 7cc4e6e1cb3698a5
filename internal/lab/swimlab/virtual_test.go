//go:build unix

package main

import (
	"flag"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/memberlist"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/bubble"
	"github.com/proxenos/proxenos/internal/testkit/faultnet"
)

var (
	figures = flag.Bool("figures", false, "measure as much as the package documentation says, and not only that it works")
	members = flag.Int("members", 60, "members of a cluster")
	runs    = flag.Int("runs", 20, "runs of a scenario that differs from run to run")
	changes = flag.Int("changes", 100, "metadata changes that are timed")
	lossFor = flag.Duration("loss-for", 10*time.Minute, "how long to look for members wrongly suspect or offline")
)

// inMemory returns a network for virtual time.
func inMemory() network {
	n := faultnet.New(uint64(time.Now().UnixNano()))
	var hosts atomic.Int64
	return network{
		open: func() (memberlist.NodeAwareTransport, error) {
			i := hosts.Add(1)
			return n.Transport(fmt.Sprintf("10.0.%d.%d:7946", i/200, i%200+1)), nil
		},
		lose: n.SetLoss,
	}
}

// TestFigures runs the scenarios that depend on the protocol alone in virtual time.
func TestFigures(t *testing.T) {
	o := options{members: 6, runs: 1, changes: 2, lossFor: 20 * time.Second, network: inMemory}
	if *figures {
		o = options{members: *members, runs: *runs, changes: *changes, lossFor: *lossFor, network: inMemory}
	}
	measured := 0
	for _, s := range scenarios {
		if !s.protocol {
			continue
		}
		measured++
		t.Run(s.name, func(t *testing.T) {
			bubble.Test(t, func(t *testing.T) {
				us, plain, err := s.run(o)
				time.Sleep(time.Minute) // for the last probes of closed members
				require.NoError(t, err)
				require.NotEmpty(t, us)
				if *figures {
					fmt.Printf("| %s | %s | %s | %s |\n", s.name, s.what, us, plain)
				}
			})
		})
	}
	require.GreaterOrEqual(t, measured, 5)
}
