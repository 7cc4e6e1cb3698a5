package peerwire

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/leaktest"
	"github.com/proxenos/proxenos/internal/testkit/vectors"
	"github.com/proxenos/proxenos/mapper/locator"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// golden holds the bytes that thrifty-p2p wrote. The tests here use the rows of
// get and put; those of package locator use the rest.
const golden = "thrift/wire.txt"

// recorder is the handler that gave the recorded replies.
type recorder struct {
	*locator.Server
	boom  bool
	mu    sync.Mutex
	heard []string
}

func (r *recorder) Get(context.Context, string) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.boom {
		panic("boom")
	}
	return "apple", nil
}

func (r *recorder) Put(_ context.Context, key, value string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.heard = append(r.heard, fmt.Sprintf("put %q %q", key, value))
	return nil
}

// serve serves the handler until the test ends.
func serve(t *testing.T, handler *recorder) (addr string) {
	t.Helper()
	server, err := locator.Listen(t.Context(), locator.Config{Refresh: -1})
	require.NoError(t, err)
	handler.Server = server
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- server.Serve(ctx, NewStoreProcessor(handler)) }()
	t.Cleanup(func() { cancel(); assert.NoError(t, <-done) })
	return server.Self().Addr
}

// request sends a request on a connection of its own and returns the reply, up
// to the end of the connection. It closes its side to end it.
func request(t *testing.T, addr string, message []byte) (reply []byte) {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	require.NoError(t, conn.SetDeadline(time.Now().Add(time.Minute)))
	_, err = conn.Write(message)
	require.NoError(t, err)
	require.NoError(t, conn.(*net.TCPConn).CloseWrite())
	reply, err = io.ReadAll(conn)
	require.NoError(t, err)
	return reply
}

// rowsOfStore returns the recorded calls of the store's own methods.
func rowsOfStore(t *testing.T) (rows []vectors.Row) {
	t.Helper()
	for _, row := range vectors.Open(t, golden).Rows {
		if m := row.Text("method"); m == "get" || m == "put" {
			rows = append(rows, row)
		}
	}
	return rows
}

func TestServerGolden(t *testing.T) {
	t.Parallel()
	handler := &recorder{}
	addr := serve(t, handler)
	rows := rowsOfStore(t)
	require.Len(t, rows, 6)
	for _, row := range rows {
		handler.mu.Lock()
		handler.boom = row.Text("args") == "handler raises"
		handler.mu.Unlock()
		reply := request(t, addr, row.Hex("request_hex"))
		assert.Equal(t, row.Text("reply_hex"), hex.EncodeToString(reply), row)
	}
	handler.mu.Lock()
	defer handler.mu.Unlock()
	assert.Equal(t, []string{`put "a" "apple"`, `put "touché" "\x00\xff"`, `put "a" "b"`}, handler.heard)
}

// replay listens and answers one connection with the reply, after reading a
// request as long as the recorded one. It returns what it read.
func replay(t *testing.T, request, reply []byte) (addr string, got func() []byte) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	read := make(chan []byte, 1)
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		buffer := make([]byte, len(request))
		n, _ := io.ReadFull(conn, buffer)
		_, _ = conn.Write(reply)
		rest, _ := io.ReadAll(conn)
		read <- append(buffer[:n], rest...)
	}()
	return listener.Addr().String(), func() []byte { return <-read }
}

// calls are the client's side of the recorded calls.
var calls = map[string]func(context.Context, *StoreClient) (string, error){
	"get ('a',)":         func(ctx context.Context, s *StoreClient) (string, error) { return s.Get(ctx, "a") },
	"get ('',)":          func(ctx context.Context, s *StoreClient) (string, error) { return s.Get(ctx, "") },
	"put ('a', 'apple')": func(ctx context.Context, s *StoreClient) (string, error) { return "", s.Put(ctx, "a", "apple") },
	`put ('touch\xc3\xa9', '\x00\xff')`: func(ctx context.Context, s *StoreClient) (string, error) {
		return "", s.Put(ctx, "touché", "\x00\xff")
	},
}

func TestClientGolden(t *testing.T) {
	t.Parallel()
	made := 0
	for _, row := range rowsOfStore(t) {
		name := row.Text("method") + " " + row.Text("args")
		call := calls[name]
		if call == nil {
			continue
		}
		made++
		addr, got := replay(t, row.Hex("request_hex"), row.Hex("reply_hex"))
		value, err := call(t.Context(), NewStoreClient(locator.NewCaller(addr, locator.CallConfig{})))
		require.NoError(t, err, name)
		if row.Text("method") == "get" {
			assert.Equal(t, "apple", value, name)
		}
		assert.Equal(t, row.Text("request_hex"), hex.EncodeToString(got()), name)
	}
	require.Equal(t, len(calls), made)
}
