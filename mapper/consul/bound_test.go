package consul

import (
	"bytes"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// endless answers with a status and a body that has no end.
func endless(t *testing.T, status int, part []byte) (addr string, sent *atomic.Int64) {
	t.Helper()
	sent = &atomic.Int64{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(status)
		for r.Context().Err() == nil {
			n, err := w.Write(part)
			if sent.Add(int64(n)); err != nil {
				return
			}
		}
	}))
	t.Cleanup(s.Close)
	return s.URL, sent
}

func TestEndlessAnswers(t *testing.T) {
	t.Parallel()
	part := bytes.Repeat([]byte(" "), 1<<20)
	for status, most := range map[int]int64{http.StatusInternalServerError: 32 << 20, http.StatusForbidden: 32 << 20, http.StatusOK: MaxAnswer + 32<<20} {
		addr, sent := endless(t, status, part)
		e := failure(t, open(t, Config{Addr: addr, Service: "web", Timeout: patience}))
		require.Less(t, sent.Load(), most, "status %d", status)
		if status == http.StatusOK {
			require.ErrorIs(t, e, ErrUnreachable)
			require.ErrorContains(t, e, "the answer is larger than 64 MiB")
		} else {
			require.ErrorContains(t, e, "status ")
		}
	}
}

// TestSocketIsBoundedToo connects through a Unix socket, for which Consul's
// client would make a transport of its own.
func TestSocketIsBoundedToo(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "consul.sock")
	l, err := net.Listen("unix", path)
	require.NoError(t, err)
	part := bytes.Repeat([]byte("x"), 1<<20)
	var sent atomic.Int64
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { //nolint:gosec // for this test
		w.WriteHeader(http.StatusInternalServerError)
		for r.Context().Err() == nil {
			n, err := w.Write(part)
			if sent.Add(int64(n)); err != nil {
				return
			}
		}
	})}
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close() })
	e := failure(t, open(t, Config{Addr: "unix://" + path, Service: "web", Timeout: patience}))
	require.ErrorContains(t, e, "status 500")
	require.Contains(t, e.Addr, path)
	require.Less(t, sent.Load(), int64(32<<20))
}
