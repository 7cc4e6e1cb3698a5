package compare

import (
	"encoding/binary"
	"unsafe"

	"github.com/proxenos/proxenos/internal/batch"
)

// samplePrefix begins every key of a sample.
const samplePrefix = "proxenos-sample-"

// AppendSampleKey appends key number i of the sample that every run uses:
// "proxenos-sample-" and the 16 hexadecimal digits of the output of splitmix64
// (Steele, Lea and Flood, 2014) for the state (i+1) times its constant. The
// digits are a bijection of i, so no key occurs twice. They look random, so a
// weak hash cannot benefit from keys in sequence.
func AppendSampleKey(dst []byte, i int64) []byte {
	z := sampleState(i)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	z ^= z >> 31
	dst = append(dst, samplePrefix...)
	dst = binary.LittleEndian.AppendUint64(dst, hexDigits(uint32(z>>32)))
	return binary.LittleEndian.AppendUint64(dst, hexDigits(uint32(z)))
}

// sampleState returns the state of the generator for key i.
func sampleState(i int64) uint64 { return (uint64(i) + 1) * 0x9e3779b97f4a7c15 }

// hexDigits returns the eight hexadecimal digits of x, the first in the lowest byte.
func hexDigits(x uint32) uint64 {
	const ones = 0x0101010101010101
	v := uint64(x)
	v = v>>16 | v&0xffff<<32
	v = v>>8&0x000000ff000000ff | v&0x000000ff000000ff<<16
	v = v>>4&0x000f000f000f000f | v&0x000f000f000f000f<<8 // a digit per byte
	letters := (v + 6*ones) >> 4 & ones                   // 1 where a digit is above 9
	return v + '0'*ones + letters*('a'-'0'-10)
}

// sampleLine is the length of a key with its newline.
const sampleLine = len(samplePrefix) + 16 + 1

// SampleSize returns the size in bytes of the first n keys, each with a newline.
func SampleSize(n int64) int64 { return n * int64(sampleLine) }

// SampleKeys makes the keys of a sample a block at a time, in the same memory. It is
// used by one goroutine.
type SampleKeys struct {
	text []byte // the keys, in more room than they need
	keys []string
}

// sampleKey is the length of a key. Digits are written at the end of each.
const sampleKey = batch.DigitsStride

// NewSampleKeys returns memory for blocks of n keys.
func NewSampleKeys(n int) *SampleKeys {
	s := &SampleKeys{text: make([]byte, 0, n*sampleKey+len(samplePrefix)), keys: make([]string, n)}
	for i := range n {
		s.text = AppendSampleKey(s.text, int64(i))
	}
	for i := range s.keys {
		s.keys[i] = unsafe.String(&s.text[i*sampleKey], sampleKey)
	}
	return s
}

// Make returns n keys of the sample from number first on. They are valid until the next
// call.
func (s *SampleKeys) Make(first int64, n int) []string {
	digits := s.text[len(samplePrefix):cap(s.text)][:n*sampleKey] // a stride for the digits of each
	i := batch.Digits(digits, sampleState(first))
	for ; i < n; i++ {
		AppendSampleKey(s.text[:i*sampleKey], first+int64(i))
	}
	return s.keys[:n]
}
