package batch_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/batch"
)

// requireCut compares Cut with a loop over bytes. It returns the number of bytes that
// Cut scanned.
func requireCut(t *testing.T, data []byte, delimiter byte, room int) int {
	t.Helper()
	class := batch.NewClass(func(b byte) bool { return b != delimiter && (b < ' ' || b == '"' || b >= 0x7f) })
	ends := make([]uint32, room)
	found := batch.Cut(ends, data, delimiter, class)
	require.Zero(t, found.Scanned%batch.LineRoom)
	scanned := data[:found.Scanned]
	var want []uint32
	inClass := false
	for i, b := range scanned {
		if b == delimiter {
			want = append(want, uint32(i))
		} else {
			inClass = inClass || b < ' ' || b == '"' || b >= 0x7f
		}
	}
	require.Equal(t, want, append([]uint32(nil), ends[:found.Lines]...))
	require.Equal(t, inClass, found.Class)
	require.Equal(t, bytes.IndexByte(scanned, '\r') >= 0, found.Returns)
	if rest := len(data) - found.Scanned; found.Scanned > 0 && rest >= batch.LineRoom {
		require.Greater(t, found.Lines, room-batch.LineRoom, "Cut stops only for lack of room")
	}
	return found.Scanned
}

func TestLinesAreCut(t *testing.T) {
	t.Parallel()
	if !batch.HaveLines() {
		t.Skip("this processor has no suitable instructions")
	}
	require.Equal(t, batch.LineRoom, requireCut(t, make([]byte, batch.LineRoom), '\n', batch.LineRoom))
	require.Zero(t, requireCut(t, make([]byte, batch.LineRoom), '\n', batch.LineRoom-1))
	for b := range 256 { // every byte, at every offset
		for at := range batch.LineRoom {
			data := bytes.Repeat([]byte{'k'}, 2*batch.LineRoom)
			data[at] = byte(b)
			requireCut(t, data, '\n', 128)
			requireCut(t, data, 0, 128)
		}
	}
	for n := range 300 {
		requireCut(t, bytes.Repeat([]byte{'\n'}, n), '\n', 128)
		requireCut(t, bytes.Repeat([]byte{'k'}, n), '\n', 128)
		requireCut(t, bytes.Repeat([]byte("0123456\n"), n), '\n', 64+n)
	}
}

func FuzzLinesAreCut(f *testing.F) {
	f.Add([]byte(strings.Repeat("user:42\r\n", 40)), byte('\n'), uint8(0))
	f.Add([]byte(strings.Repeat("a\x00\xff\"", 40)), byte(0), uint8(70))
	f.Fuzz(func(t *testing.T, data []byte, delimiter byte, room uint8) {
		requireCut(t, data, delimiter, batch.LineRoom+int(room))
	})
}

// requirePaste compares Paste with appended strings, in dst that has no more room than
// there must be. It returns the number of keys that Paste did.
func requirePaste(t *testing.T, dst, data []byte, head string, texts []string) int {
	t.Helper()
	var ends []uint32
	var owners []int
	for i, b := range data {
		if b == '\n' {
			ends, owners = append(ends, uint32(i)), append(owners, len(ends)%len(texts))
		}
	}
	pasted := batch.NewTexts(head, texts)
	room := pasted.Room(len(ends), len(data))
	dst = dst[len(dst)-room:]
	written, done := pasted.Paste(dst, data, ends, owners)
	var want []byte
	start := uint32(0)
	for i, end := range ends[:done] {
		want = append(append(append(want, head...), data[start:end]...), texts[owners[i]]...)
		start = end + 1
	}
	require.Equal(t, string(want), string(dst[:written]))
	if done < len(ends) && done > 0 {
		require.Greater(t, int(ends[done]), len(data)-33, "Paste stops only near the end")
	}
	return done
}

// textsOf returns texts around a size.
func textsOf(size int) (texts []string) {
	for i := range 10 {
		texts = append(texts, strings.Repeat(fmt.Sprint(i), max(0, size-i%3)))
	}
	return texts
}

func TestTextsArePasted(t *testing.T) {
	t.Parallel()
	dst := make([]byte, 1<<20)
	if !batch.HaveLines() {
		t.Skip("this processor has no suitable instructions")
	}
	require.Positive(t, requirePaste(t, dst, bytes.Repeat([]byte("key\n"), 16), "", textsOf(8)), "as many bytes as a vector")
	require.Zero(t, requirePaste(t, dst, bytes.Repeat([]byte("k"), 80), "", textsOf(8)), "no end of a key")
	for size := range 200 {
		data := []byte(strings.Repeat(strings.Repeat("k", size)+"\nlonger\n", 5) + strings.Repeat("x", 70) + "\n")
		requirePaste(t, dst, data, "", textsOf(13))
		requirePaste(t, dst, data, strings.Repeat("h", size), textsOf(size))
		requirePaste(t, dst, data, "head", textsOf(size))
	}
}

func FuzzTextsArePasted(f *testing.F) {
	f.Add([]byte(strings.Repeat("user:42\n\n", 40)), "head", uint8(13))
	f.Add([]byte(strings.Repeat(strings.Repeat("k", 65)+"\n", 10)), "", uint8(190))
	f.Fuzz(func(t *testing.T, data []byte, head string, size uint8) {
		if len(data) > 1<<12 || len(head) > 1<<8 {
			t.Skip("long enough")
		}
		requirePaste(t, make([]byte, 4<<20), data, head, textsOf(int(size)))
	})
}

// TestLinesDoNotAllocate covers both functions.
func TestLinesDoNotAllocate(t *testing.T) {
	data, dst, ends, owners := bytes.Repeat([]byte("key\n"), 100), make([]byte, 1<<16), make([]uint32, 200), make([]int, 200)
	class, texts := batch.NewClass(func(byte) bool { return false }), batch.NewTexts("", []string{"\tnode\n"})
	assert.Zero(t, testing.AllocsPerRun(10, func() {
		found := batch.Cut(ends, data, '\n', class)
		texts.Paste(dst, data, ends[:found.Lines], owners)
	}))
}
