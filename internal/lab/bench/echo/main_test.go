package main

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEcho(t *testing.T) {
	for _, c := range []struct{ name, text string }{
		{"empty input", ""},
		{"a line", "a\n"},
		{"empty lines", "\n\na\n\n"},
		{"no final newline", "a\nb"},
		{"more than a chunk", strings.Repeat("0123456789\n", 100_000)},
		{"a line longer than a chunk", strings.Repeat("x", 1<<20) + "\ny\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, in := range []io.Reader{strings.NewReader(c.text), iotest.HalfReader(strings.NewReader(c.text)), iotest.DataErrReader(strings.NewReader(c.text))} {
				var out bytes.Buffer
				require.NoError(t, echo(&out, in))
				assert.True(t, c.text == out.String())
			}
			for _, in := range []io.Reader{strings.NewReader(c.text), iotest.HalfReader(strings.NewReader(c.text)), iotest.DataErrReader(strings.NewReader(c.text))} {
				var out bytes.Buffer
				require.NoError(t, echoAll(&out, in))
				assert.True(t, c.text == out.String(), "on all cores")
			}
		})
	}
}

func TestEchoErrors(t *testing.T) {
	broken := errors.New("broken")
	assert.ErrorIs(t, echo(io.Discard, iotest.ErrReader(broken)), broken)
	assert.ErrorIs(t, echoAll(io.Discard, iotest.ErrReader(broken)), broken)
	r, w := io.Pipe()
	require.NoError(t, r.CloseWithError(broken))
	assert.ErrorIs(t, echo(w, strings.NewReader("a\n")), broken)
}
