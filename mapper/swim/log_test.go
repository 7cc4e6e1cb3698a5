package swim

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMemberlistLinesBecomeRecords(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	l := newListLog(slog.New(slog.NewTextHandler(&out, nil))).logger()
	l.Printf("[DEBUG] memberlist: not shown")
	l.Printf("[ERR] memberlist: shown")
	require.Contains(t, out.String(), `level=WARN msg=shown from=memberlist`)
	require.NotContains(t, out.String(), "not shown")
}

func TestMemberlistLinesArePlain(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"Failed to decode ping: EOF":         "failed to decode ping: EOF",
		"UDP packet too short (0 bytes)":     "UDP packet too short (0 bytes)",
		"msg type (9) not supported":         "msg type (9) not supported",
		"":                                   "",
		"A":                                  "A",
		"Éa":                                 "Éa",
		strings.Repeat("y", 299) + "ü" + "z": strings.Repeat("y", 299) + "…",
	} {
		require.Equal(t, want, plain([]byte(line)))
	}
}

func TestWarningsAreRateLimited(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	l := newListLog(slog.New(slog.NewTextHandler(&out, nil))).logger()
	for i := range 20_000 {
		l.Printf("[ERR] memberlist: garbage %d", i)
	}
	require.Less(t, strings.Count(out.String(), "\n"), 10)
}

func TestClosedLogIsSilent(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	l := newListLog(slog.New(slog.NewTextHandler(&out, nil)))
	l.close()
	l.logger().Printf("[ERR] memberlist: use of closed network connection")
	require.Empty(t, out.String())
}
