package answer

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"slices"
	"unsafe"

	"github.com/proxenos/proxenos/internal/cli/term"
)

// firstOwners is the worker for the usual case, one owner per key as text. It
// copies the key and then the node's text with a tab and a newline.
//
// Both are usually short, so that calls to find the end of the key and to copy
// bytes cost more than the bytes. firstOwners therefore searches for the end of a
// key eight bytes at a time, and copies short text as a piece of fixed size, whose
// excess the next piece overwrites.
type firstOwners struct {
	*owners
	endings []ending
	longest int // the length of the longest ending
}

// ending is the text after a key: a tab, the node and a newline.
type ending struct {
	text  string
	piece [pieceSize]byte // the beginning of the text
}

// pieceSize is the number of bytes copied at once.
const pieceSize = 32

// maxRoom limits the buffer that is allocated in advance. If one node of many has
// a long name, most of the buffer would stay empty.
const maxRoom = 32 << 20

func newFirstOwners(w *owners, texts []string) *firstOwners {
	f := &firstOwners{owners: w, endings: make([]ending, len(texts))}
	for i, text := range texts {
		f.endings[i].text = text
		copy(f.endings[i].piece[:], text)
		f.longest = max(f.longest, len(text))
	}
	return f
}

func (w *firstOwners) answer(dst, keys []byte, delimiter byte) ([]byte, error) {
	if !term.NeedsNoEscape(keys, delimiter) {
		return w.owners.answer(dst, keys, delimiter)
	}
	lines := bytes.Count(keys, []byte{delimiter}) + 1
	room := len(keys) + lines*w.longest + pieceSize
	if room > maxRoom {
		return w.owners.answer(dst, keys, delimiter)
	}
	dst = slices.Grow(dst, room)
	at := len(dst)
	dst = dst[:cap(dst)]
	for len(keys) > 0 {
		size := keySize(keys, delimiter)
		i, ok := w.ranking.Select(unsafe.String(unsafe.SliceData(keys), size)) // an alias, as in nextKey
		if ok {
			at += paste(dst[at:], keys, size)
			at += w.endings[i].paste(dst[at:])
		}
		keys = keys[min(size+1, len(keys)):]
	}
	return dst[:at], nil
}

// paste copies the first size bytes of src to dst and returns size. It may write
// more, up to pieceSize bytes, for which dst must have room.
func paste(dst, src []byte, size int) int {
	if size <= pieceSize/2 && len(src) >= pieceSize/2 {
		*(*[pieceSize / 2]byte)(dst) = [pieceSize / 2]byte(src)
		return size
	}
	return copy(dst, src[:size])
}

func (e *ending) paste(dst []byte) int {
	if len(e.text) <= pieceSize {
		*(*[pieceSize]byte)(dst) = e.piece
		return len(e.text)
	}
	return copy(dst, e.text)
}

// keySize returns the length of the first key, without its delimiter.
func keySize(keys []byte, delimiter byte) int {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	pattern := ones * uint64(delimiter)
	for at := 0; at+8 <= len(keys) && at < pieceSize; at += 8 {
		x := binary.LittleEndian.Uint64(keys[at:]) ^ pattern // delimiters become zero bytes
		// The lowest top bit that this sets is that of the first zero byte.
		if found := (x - ones) &^ x & high; found != 0 {
			return at + bits.TrailingZeros64(found)/8
		}
	}
	if size := bytes.IndexByte(keys, delimiter); size >= 0 {
		return size
	}
	return len(keys)
}
