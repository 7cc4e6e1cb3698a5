package term

import (
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// Progress goes to standard error and never delays the work. Nothing is shown for
// the first 300 ms, as most work ends by then. After that a terminal shows one
// line, redrawn and finally erased; a log gets a line every ten seconds.

const (
	progressAfter = 300 * time.Millisecond // delay before a terminal shows progress
	progressEvery = 200 * time.Millisecond // interval of redrawing it
	progressLog   = 10 * time.Second       // interval of log lines
)

// Progress reports how far the work on a stream of keys is.
type Progress struct {
	out      io.Writer
	terminal bool
	what     string // "comparing", "counting"
	size     int64  // total bytes of the keys, or 0 if unknown
	keys     atomic.Int64
	read     atomic.Int64 // bytes
	began    time.Time
}

// NewProgress returns a progress report about work called what, on size bytes of
// keys. Size 0 means unknown.
func NewProgress(std *Streams, what string, size int64) *Progress {
	return &Progress{out: std.Err, terminal: IsTerminal(std.Err) && std.Getenv("TERM") != "dumb", what: what, size: size}
}

// Start starts reporting. Stop ends it and waits for its goroutine.
func (p *Progress) Start() (stop func()) {
	p.began = time.Now()
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		if p.terminal {
			p.draw(done)
		} else {
			p.log(done)
		}
	})
	return func() {
		close(done)
		wg.Wait()
	}
}

// draw redraws one line of a terminal.
func (p *Progress) draw(done <-chan struct{}) {
	timer := time.NewTimer(progressAfter)
	defer timer.Stop()
	drawn := false
	for {
		select {
		case <-timer.C:
			fmt.Fprintf(p.out, "\r\x1b[K%s", p.line(time.Since(p.began)))
			drawn = true
			timer.Reset(progressEvery)
		case <-done:
			if drawn {
				fmt.Fprint(p.out, "\r\x1b[K")
			}
			return
		}
	}
}

// log writes a line every ten seconds.
func (p *Progress) log(done <-chan struct{}) {
	ticker := time.NewTicker(progressLog)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			fmt.Fprintf(p.out, "proxenos: %s\n", p.line(time.Since(p.began)))
		case <-done:
			return
		}
	}
}

// line returns the number of keys, their rate and, if the size is known, the
// estimated time left.
func (p *Progress) line(elapsed time.Duration) string {
	keys, read := p.keys.Load(), p.read.Load()
	text := fmt.Sprintf("%s: %s keys, %s keys/s", p.what, short(float64(keys)), short(float64(keys)/elapsed.Seconds()))
	if p.size == 0 || read == 0 {
		return text
	}
	left := time.Duration(float64(elapsed) * float64(p.size-read) / float64(read))
	return fmt.Sprintf("%s, %d%%, %v left", text, 100*read/p.size, max(0, left).Round(time.Second))
}

// short formats a large number in at most five characters.
func short(x float64) string {
	for _, unit := range []struct {
		size float64
		name string
	}{{1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if x >= unit.size {
			return fmt.Sprintf("%.3g%s", x/unit.size, unit.name)
		}
	}
	return fmt.Sprintf("%.0f", x)
}

// Add adds to the number of keys.
func (p *Progress) Add(keys int64) { p.keys.Add(keys) }

// AddBytes adds to the bytes of keys that were read.
func (p *Progress) AddBytes(n int64) { p.read.Add(n) }

// Reader returns a reader that counts the bytes it reads from in.
func (p *Progress) Reader(in io.Reader) io.Reader { return &countedReader{in, &p.read} }

type countedReader struct {
	in   io.Reader
	read *atomic.Int64
}

func (r *countedReader) Read(b []byte) (int, error) {
	n, err := r.in.Read(b)
	r.read.Add(int64(n))
	return n, err
}
