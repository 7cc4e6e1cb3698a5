package rpc

import (
	"context"
	"encoding/hex"
	"io"
	"iter"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/kv"
	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/node"
	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/peerwire"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/locator"
)

// singleMember is a cluster of one member.
type singleMember struct {
	name   string
	states chan node.State
}

func (a singleMember) Watch(ctx context.Context) iter.Seq[mapper.Update] {
	return func(yield func(mapper.Update) bool) {
		if !yield(mapper.Update{Nodes: []mapper.Node{{Name: a.name}}}) {
			return
		}
		for {
			select {
			case <-ctx.Done():
				return
			case state := <-a.states:
				if !yield(mapper.Update{Nodes: []mapper.Node{{Name: a.name, Meta: map[string]string{node.StateKey: state}}}}) {
					return
				}
			}
		}
	}
}

func (a singleMember) Nodes(context.Context) ([]mapper.Node, error) {
	return []mapper.Node{{Name: a.name}}, nil
}

func (a singleMember) SetState(_ context.Context, state node.State) error {
	a.states <- state
	return nil
}

func (singleMember) Leave(context.Context) error { return nil }

// startNode serves a cluster of one node over TCP.
func startNode(tb testing.TB) (addr string) {
	tb.Helper()
	log := slog.New(slog.DiscardHandler)
	server, err := locator.Listen(context.Background(), locator.Config{
		Refresh: -1, Services: Services,
		Call: locator.CallConfig{Limits: locator.Limits{Message: 1 << 16, Call: time.Second}},
	})
	require.NoError(tb, err)
	ready := make(chan struct{})
	n, err := node.New(context.Background(), node.Config{Self: server.Self().Name, Engine: kv.NewMemory(), Cluster: singleMember{server.Self().Name, make(chan node.State)}, First: true, Ready: func() { close(ready) }})
	require.NoError(tb, err)
	ctx, cancel := context.WithCancel(context.Background())
	served, ran := make(chan error, 1), make(chan error, 1)
	running, leave := context.WithCancel(context.Background())
	go func() { ran <- n.Run(running) }()
	go func() {
		served <- server.Serve(ctx, NewProcessor(server, n, peerwire.JoinInfo{}, log))
	}()
	<-ready
	tb.Cleanup(func() {
		leave()
		assert.NoError(tb, <-ran)
		cancel()
		assert.NoError(tb, <-served)
		n.Close()
	})
	return server.Self().Addr
}

// FuzzHandler sends raw bytes to a node, which must keep answering.
func FuzzHandler(f *testing.F) {
	for _, text := range []string{
		"800100010000000470696e670000000000",
		"8001000100000004726561640000000000" + "0b0001000000016b00",
		"80010001000000046b656570000000000f00010c00000001" + "0c00010b0001000000016b0a000200000000000000010b000300000001770200040000" + "0b00020000000176" + "0000",
		"800100010000000876657273696f6e73000000000800010000ffff0b0002000000000000",
	} {
		raw, err := hex.DecodeString(text)
		require.NoError(f, err)
		f.Add(raw)
	}
	addr := startNode(f)
	client := locator.NewClient(addr, locator.CallConfig{Keep: 1})
	f.Cleanup(func() { _ = client.Close() })
	f.Fuzz(func(t *testing.T, data []byte) {
		conn, err := net.Dial("tcp", addr)
		require.NoError(t, err)
		require.NoError(t, conn.(*net.TCPConn).SetLinger(0)) // so that closed connections do not use up the ports
		_, _ = conn.Write(data)
		require.NoError(t, conn.(*net.TCPConn).CloseWrite())
		_, _ = io.Copy(io.Discard, conn)
		require.NoError(t, conn.Close())
		require.NoError(t, client.Ping(t.Context()), "the node answers")
	})
}

// Every call to a peer that does not answer returns an error.
func TestPeerIsUnreachable(t *testing.T) {
	p := NewPeer("127.0.0.1:1", locator.CallConfig{})
	ctx := t.Context()
	for name, call := range map[string]func() error{
		"view":     func() error { _, err := p.View(ctx); return err },
		"keep":     func() error { _, err := p.Keep(ctx, []kv.Entry{{}}); return err },
		"fetch":    func() error { _, err := p.Fetch(ctx, []string{"k"}); return err },
		"versions": func() error { _, err := p.Versions(ctx, 0, "", ""); return err },
		"digests":  func() error { _, err := p.Digests(ctx, "a"); return err },
	} {
		require.ErrorIs(t, call(), locator.ErrUnreachable, name)
	}
}
