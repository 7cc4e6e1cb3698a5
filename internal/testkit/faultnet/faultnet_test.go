package faultnet_test

import (
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/bubble"
	"github.com/proxenos/proxenos/internal/testkit/faultnet"
)

const here, there = "10.0.0.1:1", "10.0.0.2:1"

// arrivals sends packets and returns how many arrive.
func arrivals(t *testing.T, n *faultnet.Network, packets int) int {
	a, b := n.Transport(here), n.Transport(there)
	for range packets {
		_, err := a.WriteTo([]byte{1}, there)
		require.NoError(t, err)
	}
	time.Sleep(time.Second)
	return len(b.PacketCh())
}

func TestLossAndCuts(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		n := faultnet.New(7)
		require.Equal(t, 1000, arrivals(t, n, 1000))
		n.SetLoss(0.3)
		require.InDelta(t, 700, arrivals(t, n, 1000), 60)
		n.SetLoss(0)
		n.SetCut(func(from, to string) bool { return from == here })
		require.Zero(t, arrivals(t, n, 10))
		start := time.Now()
		_, err := n.Transport(here).DialTimeout(there, 3*time.Second)
		require.Error(t, err)
		require.Equal(t, 3*time.Second, time.Since(start), "over a cut it times out")
		n.SetCut(nil)
		require.Equal(t, 10, arrivals(t, n, 10))
	})
}

func TestStreams(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		n := faultnet.New(1)
		a, b := n.Transport(here), n.Transport(there)
		conn, err := a.DialTimeout(there, time.Second)
		require.NoError(t, err)
		go func() {
			_, _ = conn.Write([]byte("hello"))
			_ = conn.Close()
		}()
		got, err := io.ReadAll(<-b.StreamCh())
		require.NoError(t, err)
		require.Equal(t, "hello", string(got))
		require.NoError(t, b.Shutdown())
		_, err = a.DialTimeout(there, time.Second)
		require.ErrorContains(t, err, "refused")
		_, err = a.DialTimeout("10.9.9.9:1", time.Second)
		require.ErrorContains(t, err, "refused")
		require.NoError(t, a.Shutdown())
		_, err = a.WriteTo([]byte{1}, there)
		require.Error(t, err)
		require.Equal(t, 3, n.Streams(here))
		require.Equal(t, 3, n.Streams(""))
		require.Zero(t, n.Streams(there))
	})
}

func TestTapAndInject(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		n := faultnet.New(1)
		var seen []faultnet.Packet
		n.Tap(func(p faultnet.Packet) { seen = append(seen, p) })
		n.SetLoss(1)
		require.Zero(t, arrivals(t, n, 2))
		require.Equal(t, faultnet.Packet{From: here, To: there, Data: []byte{1}}, seen[1])
		b := n.Transport(there)
		n.Tap(nil)
		n.Inject(seen[0])
		n.Inject(faultnet.Packet{From: here, To: "10.9.9.9:1"})
		time.Sleep(time.Second)
		require.Len(t, b.PacketCh(), 1)
		got := <-b.PacketCh()
		require.Equal(t, here, got.From.String())
		require.Len(t, seen, 2)
	})
}

func TestLossy(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		n := faultnet.New(1)
		b := n.Transport(there)
		loss := 1.0
		l := faultnet.Lossy(n.Transport(here), func() float64 { return loss })
		_, err := l.WriteTo([]byte{1}, there)
		require.NoError(t, err)
		loss = 0
		_, err = l.WriteTo([]byte{2}, there)
		require.NoError(t, err)
		require.Equal(t, byte(2), (<-b.PacketCh()).Buf[0])
	})
}

func TestCut(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		n := faultnet.New(1)
		a, b := n.Transport(here), n.Transport(there)
		isCut := true
		c := faultnet.Cut(a, func(addr string) bool { return isCut && addr == there })
		_, err := c.WriteTo([]byte{1}, there)
		require.NoError(t, err)
		start := time.Now()
		_, err = c.DialTimeout(there, time.Second)
		require.Error(t, err)
		require.Equal(t, time.Second, time.Since(start))
		isCut = false
		_, err = c.WriteTo([]byte{2}, there)
		require.NoError(t, err)
		require.Equal(t, byte(2), (<-b.PacketCh()).Buf[0], "only the second packet arrives")
		conn, err := c.DialTimeout(there, time.Second)
		require.NoError(t, err)
		require.NoError(t, conn.Close())
	})
}
