package servecmd

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/cli/answer"
	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/internal/testkit/logbuf"
)

const (
	roundTurns   = 20  // of both servers of single lookups in a round
	turnRequests = 100 // by all clients
	batchKeys    = 1000
	roundBatches = 200
)

// BenchmarkServe compares the server with what bounds it, in rounds that alternate:
// single lookups with a bare handler of net/http that writes a constant, and batches
// of 1,000 keys with the work of select -. It reports the ratios of their speeds, the
// median of the rounds, because other programs disturb some of them. Within a round, the
// two servers of single lookups take short turns, so that they run in equal conditions.
func BenchmarkServe(b *testing.B) {
	served, bare := dialBench(b, benchServer(b)), dialBench(b, benchBare(b))
	single := "GET /select?key=user:42 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
	keys := benchKeys(batchKeys)
	batch := fmt.Sprintf("POST /select HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n%s", len(keys), keys)
	var took [4]time.Duration
	var singles, batches []float64
	for b.Loop() {
		var round [4]time.Duration
		for range roundTurns {
			round[0] += bare.requests(b, single, turnRequests)
			round[1] += served.requests(b, single, turnRequests)
		}
		round[2] = selectStream(b, strings.Repeat(keys, roundBatches))
		round[3] = served.requests(b, batch, roundBatches)
		singles = append(singles, float64(round[0])/float64(round[1]))
		batches = append(batches, float64(round[2])/float64(round[3]))
		for i, d := range round {
			took[i] += d
		}
	}
	b.ReportMetric(median(singles), "single/bare")
	b.ReportMetric(median(batches), "batch/select")
	b.ReportMetric(float64(b.N*roundTurns*turnRequests)/took[1].Seconds(), "lookups/s")
	b.ReportMetric(float64(b.N*roundBatches*batchKeys)/took[3].Seconds(), "keys/s")
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

func benchKeys(n int) string {
	var keys strings.Builder
	for i := range n {
		fmt.Fprintf(&keys, "user:%d\n", i)
	}
	return keys.String()
}

// benchNodes are ten nodes as flags.
func benchNodes() (args []string) {
	for i := range 10 {
		args = append(args, "-n", fmt.Sprintf("web-%d=10.0.0.%d:80", i, i))
	}
	return args
}

// benchServer starts the command serve on ten nodes.
func benchServer(b *testing.B) (address string) {
	log := &logbuf.Buffer{}
	std := &term.Streams{In: strings.NewReader(""), Out: io.Discard, Err: log, Getenv: func(string) string { return "" }}
	c := NewServe(std)
	c.Flags().Bool("help", false, "")
	c.SetArgs(append(benchNodes(), "--http", "127.0.0.1:0"))
	ctx, stop := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.ExecuteContext(ctx) }()
	b.Cleanup(func() {
		stop()
		<-ended
	})
	require.Eventually(b, func() bool { return strings.Contains(log.String(), "http://") }, patience, time.Millisecond)
	_, after, _ := strings.Cut(log.String(), "http://")
	address, _, _ = strings.Cut(after, "/")
	require.Eventually(b, func() bool {
		answer, err := http.Get("http://" + address + "/readyz")
		return err == nil && answer.Body.Close() == nil && answer.StatusCode == http.StatusOK
	}, patience, time.Millisecond)
	return address
}

// benchBare starts a server whose handler writes a constant.
func benchBare(b *testing.B) (address string) {
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	constant := []byte("10.0.0.1:80\n")
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(constant) })}
	go server.Serve(socket) //nolint:errcheck // it ends with the benchmark
	b.Cleanup(func() { _ = server.Close() })
	return socket.Addr().String()
}

// benchClients are connections to a server, one per processor.
type benchClients []benchClient

type benchClient struct {
	net.Conn
	in *bufio.Reader
}

func dialBench(b *testing.B, address string) (clients benchClients) {
	for range runtime.GOMAXPROCS(0) {
		c, err := net.Dial("tcp", address)
		require.NoError(b, err)
		b.Cleanup(func() { _ = c.Close() })
		clients = append(clients, benchClient{c, bufio.NewReader(c)})
	}
	return clients
}

// requests sends a request count times, and returns how long that takes.
func (clients benchClients) requests(b *testing.B, request string, count int) time.Duration {
	start := time.Now()
	var running sync.WaitGroup
	for _, c := range clients {
		running.Go(func() {
			for range count / len(clients) {
				if _, err := io.WriteString(c, request); err != nil {
					b.Error(err)
					return
				}
				if err := skipResponse(c.in); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	running.Wait()
	return time.Since(start)
}

// skipResponse reads a response with status 200 and does little else, so that the
// client, which shares the processors with the server, takes little time.
func skipResponse(r *bufio.Reader) error {
	length, chunked := 0, false
	for first := true; ; first = false {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return err
		}
		if first && !bytes.HasPrefix(line, []byte("HTTP/1.1 200 ")) {
			return fmt.Errorf("status %q", line)
		}
		if value, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return err
			}
		}
		chunked = chunked || bytes.HasPrefix(line, []byte("Transfer-Encoding: chunked"))
		if len(bytes.TrimSpace(line)) == 0 {
			break
		}
	}
	if !chunked {
		_, err := r.Discard(length)
		return err
	}
	_, err := io.Copy(io.Discard, httputil.NewChunkedReader(r))
	if err == nil {
		_, err = r.Discard(len("\r\n")) // after the last chunk
	}
	return err
}

// selectStream does the work of proxenos select - between two pipes, on the nodes of
// benchServer.
func selectStream(b *testing.B, keys string) time.Duration {
	in, send := pipe(b)
	receive, out := pipe(b)
	for _, f := range []*os.File{in, send, receive, out} {
		defer f.Close()
	}
	std := &term.Streams{In: in, Out: out, Err: io.Discard, Getenv: func(string) string { return "" }}
	o := &serveOptions{}
	c := &cobra.Command{}
	var output answer.Output
	output.Bind(c)
	bindSet(c, &o.source, &o.placement)
	require.NoError(b, c.ParseFlags(benchNodes()))
	require.NoError(b, o.placement.Parse(c, std))
	require.NoError(b, o.source.Parse(c))
	p, err := o.source.Place(b.Context(), std, &o.placement)
	require.NoError(b, err)
	output.Many, output.Count = true, 1
	start := time.Now()
	var others sync.WaitGroup
	others.Go(func() {
		_, _ = io.WriteString(send, keys)
		_ = send.Close()
	})
	others.Go(func() {
		for b := make([]byte, 64<<10); ; {
			if _, err := receive.Read(b); err != nil {
				return
			}
		}
	})
	s := answer.Selection{Stream: true, Count: 1}
	require.NoError(b, s.Answer(b.Context(), std, p, &output))
	require.NoError(b, out.Close())
	others.Wait()
	return time.Since(start)
}

// pipe returns the ends of a pipe.
func pipe(b *testing.B) (r, w *os.File) {
	r, w, err := os.Pipe()
	require.NoError(b, err)
	return r, w
}
