package answer

import (
	"slices"
	"strings"

	"github.com/proxenos/proxenos/internal/batch"
)

// mold holds the text of records of keys with one owner: the same head before each
// key, and the ending of its node after it.
type mold struct {
	head    piece
	endings []piece // by node
	texts   *batch.Texts
}

// newMold splits the records that r writes for each of n nodes at their key.
func newMold(r record, separator string, n int) *mold {
	const key = "the-key-of-a-mold"
	m := &mold{endings: make([]piece, n)}
	endings := make([]string, n)
	for i := range n {
		text, _ := r([]byte(separator), key, []int{i}) // only templates fail
		head, ending, _ := strings.Cut(string(text), key)
		m.head, m.endings[i], endings[i] = newPiece(head), newPiece(ending), ending
	}
	m.texts = batch.NewTexts(m.head.text, endings)
	return m
}

// appendRecords appends the records of the keys of a block at the beginning of data,
// which need no change in a record, and have these owners.
func (m *mold) appendRecords(dst, data []byte, b *block, owners []int) []byte {
	dst = slices.Grow(dst, m.texts.Room(len(b.keys), len(b.data)))
	at := len(dst)
	dst = dst[:cap(dst)]
	written, done := m.texts.Paste(dst[at:], data, b.ends[:len(b.keys)], owners)
	at += written
	if done > 0 {
		data = data[b.ends[done-1]+1:]
	}
	for n, key := range b.keys[done:] {
		at += m.head.paste(dst[at:])
		at += pasteKey(dst[at:], data, len(key))
		at += m.endings[owners[done+n]].paste(dst[at:])
		data = data[min(len(key)+1, len(data)):]
	}
	return dst[:at]
}

// A piece is text with its beginning in an array.
//
// Keys and endings are usually short, so that a call to copy them costs more than
// their bytes. Pieces of fixed size are therefore copied whole, and the next piece
// overwrites the excess.
type piece struct {
	text  string
	start [pieceSize]byte
}

// pieceSize is the number of bytes copied at once.
const pieceSize = 32

func newPiece(text string) piece {
	p := piece{text: text}
	copy(p.start[:], text)
	return p
}

// paste copies the text to dst and returns its length. It may write pieceSize bytes,
// for which dst must have room.
func (p *piece) paste(dst []byte) int {
	if len(p.text) <= pieceSize {
		*(*[pieceSize]byte)(dst) = p.start
		return len(p.text)
	}
	return copy(dst, p.text)
}

// pasteKey copies the first size bytes of data to dst, under the same condition.
func pasteKey(dst, data []byte, size int) int {
	if size <= pieceSize/2 && len(data) >= pieceSize/2 {
		*(*[pieceSize / 2]byte)(dst) = [pieceSize / 2]byte(data)
		return size
	}
	if size <= pieceSize && len(data) >= pieceSize {
		*(*[pieceSize]byte)(dst) = [pieceSize]byte(data)
		return size
	}
	return copy(dst, data[:size])
}
