package answer

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"slices"
	"unsafe"

	"github.com/proxenos/proxenos/internal/cli/term"
)

// firstOwners is the worker for the usual case, one owner for every key as
// text: it copies the key and then the node's text with its tab and newline.
//
// Both are short as a rule, and then a call to find the end of the key and
// two to copy bytes cost more than the bytes do. So a key's end is looked for
// eight bytes at a time, and what is short is copied as a piece of fixed size,
// of which the part that is too much is overwritten by what comes next.
type firstOwners struct {
	*owners
	endings []ending
	longest int // of the endings
}

// ending is what follows a key: a tab, the node and a newline.
type ending struct {
	text  string
	piece [pieceSize]byte // the beginning of the text
}

// pieceSize is what is copied at once.
const pieceSize = 32

// maxRoom bounds the room made for answers ahead of them: if one node of many
// has a long name, nearly all of it would stay empty.
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
		i, ok := w.ranking.Select(unsafe.String(unsafe.SliceData(keys), size)) // a view, as in nextKey
		if ok {
			at += paste(dst[at:], keys, size)
			at += w.endings[i].paste(dst[at:])
		}
		keys = keys[min(size+1, len(keys)):]
	}
	return dst[:at], nil
}

// paste copies the first size bytes of src and returns the size. It may write
// a piece more, for which there must be room.
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

// keySize returns how long the first key is: up to its delimiter, or all if
// there is none.
func keySize(keys []byte, delimiter byte) int {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	pattern := ones * uint64(delimiter)
	for at := 0; at+8 <= len(keys) && at < pieceSize; at += 8 {
		x := binary.LittleEndian.Uint64(keys[at:]) ^ pattern // a byte is 0 where the delimiter is
		// Of the top bits that this sets, the lowest belongs to the first zero byte.
		if found := (x - ones) &^ x & high; found != 0 {
			return at + bits.TrailingZeros64(found)/8
		}
	}
	if size := bytes.IndexByte(keys, delimiter); size >= 0 {
		return size
	}
	return len(keys)
}
