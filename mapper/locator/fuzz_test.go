package locator

import (
	"io"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/vectors"
	"github.com/proxenos/proxenos/mapper/locator/wire"
)

// FuzzServe sends raw bytes to the server, which must close the connection in time
// and not panic.
func FuzzServe(f *testing.F) {
	for _, row := range vectors.Open(f, goldenWire).Rows {
		if !row.None("request_hex") {
			f.Add(row.Hex("request_hex"))
		}
	}
	limits := Limits{Message: 1 << 16, Call: time.Second, Idle: time.Second}.withDefaults()
	f.Fuzz(func(t *testing.T, data []byte) {
		s := &Server{cfg: Config{Limits: ServerLimits{}.withDefaults(), Log: slog.New(slog.DiscardHandler), Call: CallConfig{Limits: limits}}}
		near, far := net.Pipe()
		done := make(chan struct{})
		go func() {
			defer close(done)
			s.serveConn(t.Context(), far, wire.NewLocatorProcessor(&recorder{}))
		}()
		go func() { _, _ = io.Copy(io.Discard, near) }()
		_, _ = near.Write(data)
		require.NoError(t, near.Close())
		<-done
	})
}
