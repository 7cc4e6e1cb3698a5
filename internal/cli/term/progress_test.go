package term

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/proxenos/proxenos/internal/testkit/bubble"
)

// watch reports progress for some time, with a quarter of the work done, and
// returns the output.
func watch(terminal bool, elapsed time.Duration) (said string) {
	var out bytes.Buffer
	p := &Progress{out: &out, terminal: terminal, what: "comparing", size: 400}
	p.keys.Store(12_300_000)
	p.read.Store(100)
	stop := p.Start()
	time.Sleep(elapsed)
	stop()
	return out.String()
}

func TestProgressOnATerminal(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		assert.Empty(t, watch(true, 299*time.Millisecond), "quick work prints nothing")
		said := watch(true, 600*time.Millisecond)
		assert.Equal(t, "\r\x1b[Kcomparing: 12.3M keys, 41M keys/s, 25%, 1s left"+
			"\r\x1b[Kcomparing: 12.3M keys, 24.6M keys/s, 25%, 2s left"+
			"\r\x1b[K", said, "one line, redrawn and finally erased")
	})
}

func TestProgressInALog(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		assert.Empty(t, watch(false, 9*time.Second))
		said := watch(false, 25*time.Second)
		assert.Equal(t, "proxenos: comparing: 12.3M keys, 1.23M keys/s, 25%, 30s left\n"+
			"proxenos: comparing: 12.3M keys, 615k keys/s, 25%, 1m0s left\n", said, "a line every ten seconds, without escape sequences")
	})
}

func TestProgressWithoutASize(t *testing.T) {
	t.Parallel()
	p := &Progress{what: "counting"}
	p.keys.Store(950)
	assert.Equal(t, "counting: 950 keys, 475 keys/s", p.line(2*time.Second))
}

func TestShort(t *testing.T) {
	t.Parallel()
	for x, want := range map[float64]string{0: "0", 999: "999", 1000: "1k", 12_345: "12.3k", 1e6: "1M", 2.5e9: "2.5G"} {
		assert.Equal(t, want, short(x))
	}
}
