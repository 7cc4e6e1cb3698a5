//go:build unix

package batch_test

import (
	"math/rand/v2"
	"os"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// TestNothingIsReadBeyondAKey puts keys at both ends of a page between two that
// cannot be read, so that a read of one byte too many ends the process: every
// length up to three loads, at every distance from the ends that a load can reach.
func TestNothingIsReadBeyondAKey(t *testing.T) {
	page := guardedPage(t)
	size := len(page)
	rng := rand.New(rand.NewPCG(6, 6))
	for i := range page {
		page[i] = byte(rng.Uint32())
	}

	cut := func(from, length int) string {
		return unsafe.String((*byte)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(page)), from)), length)
	}
	for _, f := range functions {
		t.Run(f.name, func(t *testing.T) {
			for length := range 97 {
				keys := make([]string, 0, 130)
				for distance := range 65 {
					keys = append(keys, cut(size-length-distance, length), cut(distance, length))
				}
				f.require(t, keys)
				// Lengths differ within a group, and loads of the longest key go
				// on beyond the shorter ones.
				for i := range keys {
					keys[i] = cut(size-(length+i)%97, (length+i)%97)
				}
				f.require(t, keys)
			}
		})
	}
}

// TestLinesAtTheEndsOfAPage has lines that end, and records that begin, at pages that
// cannot be read or written.
func TestLinesAtTheEndsOfAPage(t *testing.T) {
	page, out := guardedPage(t), guardedPage(t)
	rng := rand.New(rand.NewPCG(7, 7))
	for i := range page {
		page[i] = 'k'
		if rng.IntN(12) == 0 {
			page[i] = '\n'
		}
	}
	for length := range 300 {
		requireCut(t, page[len(page)-length:], '\n', 200)
		requireCut(t, page[:length], '\n', 200)
		if length < 100 {
			requirePaste(t, out, page[len(page)-length:], "head", textsOf(13))
			requirePaste(t, out, page[:length], "", textsOf(13))
		}
	}
}

// guardedPage returns a page between two that cannot be read or written.
func guardedPage(t *testing.T) []byte {
	t.Helper()
	size := os.Getpagesize()
	pages, err := unix.Mmap(-1, 0, 3*size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, unix.Munmap(pages)) })
	require.NoError(t, unix.Mprotect(pages[:size], unix.PROT_NONE))
	require.NoError(t, unix.Mprotect(pages[2*size:], unix.PROT_NONE))
	return pages[size : 2*size]
}
