// Package logbuf collects the output of processes and loggers that write while a
// test reads.
package logbuf

import (
	"bytes"
	"sync"
)

// Buffer is an [io.Writer] that keeps what is written. The zero value is empty.
// It is safe for concurrent use.
type Buffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write appends p. It does not fail.
func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

// String returns everything written so far.
func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
