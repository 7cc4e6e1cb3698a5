//go:build unix

package main

import (
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Five nodes are split for so long that each side takes the other for dead. Both sides
// accept writes. When the network heals they form one store again, and it has what
// either side acknowledged. It takes a minute, and runs with [soakTime].
func TestSoakSplit(t *testing.T) {
	if os.Getenv(soakTime) == "" {
		t.Skip("set " + soakTime)
	}
	t.Parallel()
	net := newNetwork(t, 5)
	nodes := make([]*server, len(net.ports))
	var addrs []string
	for i, port := range net.ports {
		args := []string{"-p", port, "--found"}
		if i > 0 {
			args = []string{"-p", port, "-h", nodes[0].addr}
		}
		nodes[i] = newClock(t, 0).launchWith([]string{net.env(i)}, args...).serves()
		addrs = append(addrs, nodes[i].addr)
	}
	put := func(i int, key, value string) {
		t.Helper()
		retry(t, func() error { return client(t, addrs[i]).Put(t.Context(), key, value) })
	}
	const keys = 50
	for i := range keys {
		put(0, strconv.Itoa(i), "before")
	}
	net.split(0, 1)
	members(t, 2, addrs[:2]...)
	members(t, 3, addrs[2:]...)
	for i := range keys {
		put(i%2, "two "+strconv.Itoa(i), "two")
		put(2+i%3, "three "+strconv.Itoa(i), "three")
		put(i%5, strconv.Itoa(i), "during")
	}
	net.heal()
	members(t, 5, addrs...)
	for i := range keys {
		for key, want := range map[string]string{
			strconv.Itoa(i): "during", "two " + strconv.Itoa(i): "two", "three " + strconv.Itoa(i): "three",
		} {
			for _, addr := range addrs {
				require.EventuallyWithT(t, func(c *assert.CollectT) {
					got, ok, err := client(t, addr).Get(t.Context(), key)
					assert.NoError(c, err)
					assert.True(c, ok)
					assert.Equal(c, want, got)
				}, time.Minute, 100*time.Millisecond, "key %s at %s", key, addr)
			}
		}
	}
}
