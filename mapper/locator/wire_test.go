package locator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/apache/thrift/lib/go/thrift"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/freeport"
	"github.com/proxenos/proxenos/internal/testkit/vectors"
	"github.com/proxenos/proxenos/mapper/locator/wire"
)

const goldenWire = "thrift/wire.txt"

// recorder is the handler that gave the recorded replies. It keeps the calls it
// received; if boom is set, Ping panics.
type recorder struct {
	boom     bool
	mu       sync.Mutex
	received []string
}

func (r *recorder) note(format string, args ...any) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.received = append(r.received, fmt.Sprintf(format, args...))
	return nil
}

func (r *recorder) calls() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.received)
}

func (r *recorder) Ping(context.Context) error {
	if r.boom {
		panic("boom")
	}
	return r.note("ping")
}

func (r *recorder) Debug(context.Context) error { return r.note("debug") }
func (r *recorder) Die(context.Context) error   { return r.note("die") }

func (r *recorder) ServiceType(context.Context) (string, error) {
	return "diststore.Store", r.note("service_type")
}

func (r *recorder) ServiceTypes(context.Context) ([]string, error) {
	return []string{"locator.Base", "locator.Locator", "diststore.Store"}, r.note("service_types")
}

func (r *recorder) Join(_ context.Context, l *wire.Location) error {
	return r.note("join %s", l)
}

func (r *recorder) Add(_ context.Context, l *wire.Location, by []*wire.Location) error {
	return r.note("add %s %v", l, by)
}

func (r *recorder) Remove(_ context.Context, l *wire.Location, by []*wire.Location) error {
	return r.note("remove %s %v", l, by)
}

func (r *recorder) GetAll(context.Context) ([]*wire.Location, error) {
	return []*wire.Location{newLocation("127.0.0.1", 9900), newLocation("127.0.0.1", 9901)}, r.note("get_all")
}

func (r *recorder) GetAllWide(ctx context.Context) ([]*wire.Location, error) { return r.GetAll(ctx) }

func (r *recorder) GetNode(_ context.Context, key string) (*wire.Location, error) {
	return newLocation("127.0.0.1", 9900), r.note("get_node %q", key)
}

func (r *recorder) GetNodeWide(ctx context.Context, key string) (*wire.Location, error) {
	return r.GetNode(ctx, key)
}

// serve returns a connection to a server with the handler.
func serve(t *testing.T, handler wire.Locator) net.Conn {
	t.Helper()
	s := &Server{cfg: Config{Limits: ServerLimits{}.withDefaults(), Log: testLog(t), Call: CallConfig{Limits: Limits{}.withDefaults()}}}
	near, far := net.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.serveConn(t.Context(), far, wire.NewLocatorProcessor(handler))
	}()
	t.Cleanup(func() { _ = near.Close(); <-done })
	return near
}

// request sends a request, followed by a ping, and returns the reply up to that of
// the ping or to the end of the connection.
func request(t *testing.T, conn net.Conn, bytes []byte) (reply []byte, ended bool) {
	t.Helper()
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(time.Minute))) // before it may be closed
	_, err := conn.Write(bytes)
	require.NoError(t, err)
	ping := []byte("\x80\x01\x00\x01\x00\x00\x00\x04ping\x00\x00\x00\x2a\x00")
	pong := []byte("\x80\x01\x00\x02\x00\x00\x00\x04ping\x00\x00\x00\x2a\x00")
	sent := make(chan struct{})
	go func() { defer close(sent); _, _ = conn.Write(ping) }()
	defer func() { <-sent }()
	for buffer := make([]byte, 1); ; {
		if _, err := conn.Read(buffer); err != nil {
			require.ErrorIs(t, err, io.EOF)
			return reply, true
		}
		reply = append(reply, buffer[0])
		if n := len(reply) - len(pong); n >= 0 && string(reply[n:]) == string(pong) {
			return reply[:n], false
		}
	}
}

// unservable are the recorded replies that a statically typed server cannot give,
// with the reason.
var unservable = map[string]string{
	"reply has port 40000": "the server of 2009 failed in the middle of the reply; see TestWidePorts",
	"null fields":          "Go fields are never null; see TestClientNullFields",
}

// ofStore are the methods of the store of 2009, which cmd/proxenos-store tests.
var ofStore = map[string]bool{"get": true, "put": true}

func TestServerGolden(t *testing.T) {
	t.Parallel()
	served := 0
	for _, row := range vectors.Open(t, goldenWire).Rows {
		method, args := row.Text("method"), row.Text("args")
		if row.None("request_hex") || row.None("reply_hex") || unservable[args] != "" || ofStore[method] {
			continue
		}
		served++
		t.Run(method+" "+args, func(t *testing.T) {
			handler := &recorder{}
			reply, ended := request(t, serve(t, handler), row.Hex("request_hex"))
			if row.Text("reply_hex") == "" {
				assert.Empty(t, reply, row)
			} else {
				assert.Equal(t, row.Text("reply_hex"), fmt.Sprintf("%x", reply), row)
			}
			assert.False(t, ended, "the connection serves the next call")
			if method != "bogus" {
				require.NotEmpty(t, handler.calls())
				assert.Contains(t, handler.calls()[0], method)
			}
		})
	}
	require.Equal(t, 12, served)
}

func TestPanicEndsTheConnection(t *testing.T) {
	t.Parallel()
	reply, ended := request(t, serve(t, &recorder{boom: true}), []byte("\x80\x01\x00\x01\x00\x00\x00\x04ping\x00\x00\x00\x00\x00"))
	assert.Empty(t, reply)
	assert.True(t, ended)
}

func TestServerArguments(t *testing.T) {
	t.Parallel()
	handler := &recorder{}
	conn := serve(t, handler)
	for _, row := range vectors.Open(t, goldenWire).Rows {
		switch row.Text("method") {
		case "join", "add", "remove":
			if !row.None("request_hex") {
				_, ended := request(t, conn, row.Hex("request_hex"))
				require.False(t, ended, row)
			}
		}
	}
	var calls []string
	for _, call := range handler.calls() {
		if call != "ping" {
			calls = append(calls, call)
		}
	}
	there := "Location({Address:127.0.0.1 Port:9901 WidePort:<nil>})"
	by := "[Location({Address:127.0.0.1 Port:9900 WidePort:<nil>})]"
	assert.Equal(t, []string{
		"join " + there,
		"add " + there + " " + by,
		"remove " + there + " " + by,
		"join Location({Address:h Port:32767 WidePort:<nil>})",
		"join Location({Address:h Port:-1 WidePort:<nil>})",
	}, calls)
}

// replay listens and answers one connection with the reply, after reading a request
// as long as the recorded one. It returns what it read.
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

// hangUp closes a connection after reading a ping.
func hangUp(t *testing.T) (addr string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		if conn, err := listener.Accept(); err == nil {
			_, _ = io.ReadFull(conn, make([]byte, len("\x80\x01\x00\x01\x00\x00\x00\x04ping\x00\x00\x00\x00\x00")))
			_ = conn.Close()
		}
	}()
	return listener.Addr().String()
}

// calls are the client's side of the recorded calls.
var calls = map[string]func(context.Context, *Client) (any, error){
	"ping ()":         func(ctx context.Context, c *Client) (any, error) { return nil, c.Ping(ctx) },
	"service_type ()": func(ctx context.Context, c *Client) (any, error) { return c.ServiceType(ctx) },
	"service_types ()": func(ctx context.Context, c *Client) (any, error) {
		return c.ServiceTypes(ctx)
	},
	"debug ()": func(ctx context.Context, c *Client) (any, error) { return nil, c.Debug(ctx) },
	"die ()":   func(ctx context.Context, c *Client) (any, error) { return nil, c.Die(ctx) },
	"join (Location(port=9901, address='127.0.0.1'),)": func(ctx context.Context, c *Client) (any, error) {
		return nil, c.Join(ctx, newNode("127.0.0.1", 9901))
	},
	"add (Location(port=9901, address='127.0.0.1'), [Location(port=9900, address='127.0.0.1')])": func(ctx context.Context, c *Client) (any, error) {
		return nil, c.Add(ctx, newNode("127.0.0.1", 9901), nodes("127.0.0.1", 9900))
	},
	"remove (Location(port=9901, address='127.0.0.1'), [Location(port=9900, address='127.0.0.1')])": func(ctx context.Context, c *Client) (any, error) {
		return nil, c.Remove(ctx, newNode("127.0.0.1", 9901), nodes("127.0.0.1", 9900))
	},
	"get_all ()": func(ctx context.Context, c *Client) (any, error) { return c.Nodes2009(ctx) },
	"get_node ('a',)": func(ctx context.Context, c *Client) (any, error) {
		return c.wire().GetNode(ctx, "a")
	},
	"join port 32767": func(ctx context.Context, c *Client) (any, error) {
		return nil, c.Join(ctx, newNode("h", 32767))
	},
}

// results are what the client returns for the recorded replies.
var results = map[string]any{
	"service_type ()":  "diststore.Store",
	"service_types ()": []string{"locator.Base", "locator.Locator", "diststore.Store"},
	"get_all ()":       nodes("127.0.0.1", 9900, 9901),
	"get_node ('a',)":  &wire.Location{Address: "127.0.0.1", Port: 9900},
}

func TestClientGolden(t *testing.T) {
	t.Parallel()
	made := 0
	for _, row := range vectors.Open(t, goldenWire).Rows {
		name := row.Text("method") + " " + row.Text("args")
		call := calls[name]
		if call == nil {
			continue
		}
		made++
		t.Run(name, func(t *testing.T) {
			request, reply := row.Hex("request_hex"), []byte(nil)
			if !row.None("reply_hex") {
				reply = row.Hex("reply_hex")
			}
			addr, got := replay(t, request, reply)
			answer, err := call(t.Context(), NewClient(addr, CallConfig{}))
			require.NoError(t, err)
			assert.Equal(t, results[name], answer)
			assert.Equal(t, row.Text("request_hex"), fmt.Sprintf("%x", got()), row)
		})
	}
	require.Equal(t, len(calls), made)
}

func TestClientNullFields(t *testing.T) {
	t.Parallel()
	for _, row := range vectors.Open(t, goldenWire).Rows {
		if row.Text("args") != "null fields" {
			continue
		}
		_, err := read(t, row.Hex("reply_hex"))
		require.ErrorContains(t, err, "want an IP address or a host name")
		return
	}
	t.Fatal("no such row")
}

// read decodes a reply to get_node as the client does.
func read(t *testing.T, reply []byte) (any, error) {
	t.Helper()
	near, far := net.Pipe()
	go func() { _, _ = far.Write(reply); _ = far.Close() }()
	limits := Limits{}.withDefaults()
	proto := limits.protocol(newTransport(near, limits))
	var result wire.LocatorGetNodeResult
	client := thrift.NewTStandardClient(proto, proto)
	require.NoError(t, client.Recv(t.Context(), proto, 0, "get_node", &result))
	return nodeOf(result.GetSuccess())
}

func TestClientErrors(t *testing.T) {
	t.Parallel()
	t.Run("closed port", func(t *testing.T) {
		free := net.JoinHostPort("127.0.0.1", strconv.Itoa(freeport.Take(t)))
		err := NewClient(free, CallConfig{}).Ping(t.Context())
		require.ErrorIs(t, err, ErrUnreachable)
		var call *CallError
		require.ErrorAs(t, err, &call)
		assert.Equal(t, "ping", call.Method)
		assert.Equal(t, free, call.Addr)
	})
	t.Run("connection closed", func(t *testing.T) {
		err := NewClient(hangUp(t), CallConfig{}).Ping(t.Context())
		require.ErrorIs(t, err, ErrNoReply)
	})
	t.Run("timeout", func(t *testing.T) {
		addr, _ := replay(t, make([]byte, 1000), nil)
		err := NewClient(addr, CallConfig{Limits: Limits{Call: 50 * time.Millisecond}}).Ping(t.Context())
		require.ErrorIs(t, err, ErrNoReply)
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
	t.Run("not a Thrift server", func(t *testing.T) {
		addr, _ := replay(t, make([]byte, 17), []byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
		require.Error(t, NewClient(addr, CallConfig{}).Ping(t.Context()))
	})
	t.Run("context canceled", func(t *testing.T) {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer func() { _ = listener.Close() }()
		ctx, cancel := context.WithCancelCause(t.Context())
		go func() {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			defer func() { _ = conn.Close() }()
			_, _ = conn.Read(make([]byte, 1)) // the call has begun
			cancel(errors.New("enough"))
			_, _ = io.Copy(io.Discard, conn)
		}()
		require.ErrorIs(t, NewClient(listener.Addr().String(), CallConfig{}).Ping(ctx), context.Canceled)
	})
}
