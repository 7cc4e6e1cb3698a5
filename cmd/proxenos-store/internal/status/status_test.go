package status

import (
	"net"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestListenLimitsConnections opens more silent connections than there are places.
func TestListenLimitsConnections(t *testing.T) {
	t.Parallel()
	p := &Page{}
	at, err := p.Listen(t.Context(), "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Close()) })
	var silent []net.Conn
	for range 2 * maxConns {
		c, err := net.Dial("tcp", at)
		require.NoError(t, err)
		t.Cleanup(func() { _ = c.Close() })
		silent = append(silent, c)
	}
	response, err := http.Get("http://" + at + "/healthz")
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusOK, response.StatusCode)
	for _, c := range silent {
		require.NoError(t, c.SetReadDeadline(time.Now().Add(time.Minute)))
		_, err := c.Read(make([]byte, 1))
		require.Error(t, err, "the server closes it")
		require.NotErrorIs(t, err, os.ErrDeadlineExceeded)
	}
}
