package swim

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestEngineLinesBecomeRecords(t *testing.T) {
	var out bytes.Buffer
	l := newEngineLog(slog.New(slog.NewTextHandler(&out, nil))).logger()
	l.Printf("[DEBUG] memberlist: not shown")
	l.Printf("[ERR] memberlist: shown")
	require.Contains(t, out.String(), `level=WARN msg=shown engine=memberlist`)
	require.NotContains(t, out.String(), "not shown")
}

func TestEngineLinesArePlain(t *testing.T) {
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

func TestComplaintsAreRationed(t *testing.T) {
	var out bytes.Buffer
	l := newEngineLog(slog.New(slog.NewTextHandler(&out, nil))).logger()
	for i := range 20_000 {
		l.Printf("[ERR] memberlist: garbage %d", i)
	}
	require.Less(t, strings.Count(out.String(), "\n"), 10)
}

func TestNothingIsSaidAfterTheEnd(t *testing.T) {
	var out bytes.Buffer
	l := newEngineLog(slog.New(slog.NewTextHandler(&out, nil)))
	l.finish()
	l.logger().Printf("[ERR] memberlist: use of closed network connection")
	require.Empty(t, out.String())
}

func TestRationComesBack(t *testing.T) {
	r := ration{burst: 2, every: time.Second}
	var got []string
	for _, at := range []time.Duration{0, 0, 0, 0, 1500 * time.Millisecond, 1900 * time.Millisecond, time.Hour, time.Hour, time.Hour} {
		refused, ok := r.take(noon.Add(at))
		got = append(got, fmt.Sprint(ok, refused))
	}
	require.Equal(t, []string{"true 0", "true 0", "false 0", "false 0", "true 2", "false 0", "true 1", "true 0", "false 0"}, got)
}
