package answer

import (
	"slices"
	"strings"
)

// mold holds the text of records of keys with one owner: the same head before each
// key, and the ending of its node after it.
type mold struct {
	head    piece
	endings []piece // by node
}

// newMold splits the records that r writes for each of n nodes at their key.
func newMold(r record, separator string, n int) *mold {
	const key = "the-key-of-a-mold"
	m := &mold{endings: make([]piece, n)}
	for i := range n {
		text, _ := r([]byte(separator), key, []int{i}) // only templates fail
		head, ending, _ := strings.Cut(string(text), key)
		m.head, m.endings[i] = newPiece(head), newPiece(ending)
	}
	return m
}

// appendRecords appends the records of keys that need no change in a record. The
// first delimiter-terminated keys of data are keys, and owners are their nodes.
func (m *mold) appendRecords(dst, data []byte, keys []string, owners []int) []byte {
	room := len(data) + len(keys)*len(m.head.text) + pieceSize
	for _, i := range owners {
		room += len(m.endings[i].text)
	}
	dst = slices.Grow(dst, room)
	at := len(dst)
	dst = dst[:cap(dst)]
	for n, key := range keys {
		at += m.head.paste(dst[at:])
		at += pasteKey(dst[at:], data, len(key))
		at += m.endings[owners[n]].paste(dst[at:])
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
