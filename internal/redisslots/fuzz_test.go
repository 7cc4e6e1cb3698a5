package redisslots

import (
	"bufio"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/ring/slots"
)

// FuzzReply reads arbitrary replies. What it accepts are ranges of slots.
func FuzzReply(f *testing.F) {
	f.Add("*1\r\n*3\r\n:0\r\n:5460\r\n*2\r\n$1\r\nh\r\n:1\r\n")
	f.Add("-ERR no\r\n")
	f.Add("*1\r\n$-1\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		reply, err := readReply(bufio.NewReader(strings.NewReader(text)), 0)
		if err != nil {
			return
		}
		found, err := ranges(reply, "queried")
		if err != nil {
			return
		}
		require.NotEmpty(t, found)
		for _, r := range found {
			require.True(t, 0 <= r.First && r.First <= r.Last && r.Last < slots.ClusterSlots, "%+v", r)
		}
	})
}
