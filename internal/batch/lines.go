package batch

import "encoding/binary"

// LineRoom is the least room that [Cut] needs, the number of lines in the bytes that it
// looks at together.
const LineRoom = 64

// Class is a set of bytes: any of ASCII, and all or none of the others.
type Class struct {
	// tables has a bit for each value of the high four bits of a byte: the first half by
	// the low four bits, the bits of the bytes in the set; the second half, the bit of
	// the high four bits themselves.
	tables [32]byte
	others bool
}

// NewClass returns the class of the bytes for which has reports true.
func NewClass(has func(b byte) bool) *Class {
	c := &Class{others: has(0x80)}
	for b := range byte(0x80) {
		if has(b) {
			c.tables[b&15] |= 1 << (b >> 4)
		}
		c.tables[16+b>>4] = 1 << (b >> 4)
	}
	return c
}

// Found is what [Cut] found.
type Found struct {
	Lines   int  // ends of lines
	Scanned int  // bytes, which may be beyond the last end
	Class   bool // some of these are in the class
	Returns bool // some of these are \r
}

// Cut sets ends to the offsets of the first delimiters of data, as long as there is
// room for [LineRoom] more. It stops before the last bytes of data, and does nothing
// where the processor has no suitable instructions.
func Cut(ends []uint32, data []byte, delimiter byte, class *Class) Found {
	whole := len(data) &^ (LineRoom - 1)
	if whole == 0 || len(ends) < LineRoom || !haveLines() {
		return Found{}
	}
	return cut(ends, data[:whole], delimiter, class)
}

// textSize is the size of the vectors in which texts are copied.
const textSize = 64

// Texts are texts to paste around keys: the same head before every key, and the text of
// the key's owner after it.
type Texts struct {
	head     []byte // and zeros up to a multiple of textSize
	headSize int
	rows     []byte // a text for each owner, and its size in the last word of the row
	stride   int
	longest  int // size of a head and a text
}

// NewTexts returns the texts for owners numbered from 0.
func NewTexts(head string, texts []string) *Texts {
	longest := 0
	for _, text := range texts {
		longest = max(longest, len(text))
	}
	t := &Texts{headSize: len(head), stride: roundUp(longest + 8), longest: len(head) + longest}
	t.head = append(make([]byte, 0, roundUp(len(head))), head...)
	t.head = t.head[:cap(t.head)]
	t.rows = make([]byte, len(texts)*t.stride)
	for i, text := range texts {
		row := t.rows[i*t.stride:][:t.stride]
		copy(row, text)
		binary.LittleEndian.PutUint64(row[t.stride-8:], uint64(len(text)))
	}
	return t
}

func roundUp(n int) int { return (n + textSize - 1) &^ (textSize - 1) }

// Room is the greatest number of bytes that [Texts.Paste] writes for a number of keys
// with size bytes in all.
func (t *Texts) Room(keys, size int) int { return keys*t.longest + size + textSize }

// Paste writes records of keys to dst: the head, the key and the text of its owner. Keys
// are the parts of data between the ends, each with a byte after it. Paste stops before a
// key near the end of data, and does nothing where the processor has no suitable
// instructions. It returns the number of bytes written, and of keys done. There must be
// at least as many owners as ends, and [Texts.Room] in dst.
func (t *Texts) Paste(dst, data []byte, ends []uint32, owners []int) (written, done int) {
	if len(ends) == 0 || len(data) < textSize || !haveLines() {
		return 0, 0
	}
	_, _ = owners[len(ends)-1], dst[t.Room(len(ends), int(ends[len(ends)-1]))-1]
	return t.paste(dst, data, ends, owners)
}
