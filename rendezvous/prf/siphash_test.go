package prf

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSipHashIsThatOfAppend compares the two implementations for every length up to
// nine words, at every alignment.
func TestSipHashIsThatOfAppend(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(8, 8))
	text := make([]byte, 80)
	for i := range text {
		text[i] = byte(rng.Uint32())
	}
	for _, o := range []Options{{}, {Key: &[16]byte{0: 1, 7: 0x80, 8: 2, 15: 0xff}}} {
		hash := SipHash.Func(o)
		for offset := range 8 {
			for length := range len(text) - offset {
				key := string(text[offset : offset+length])
				require.Equal(t, binary.LittleEndian.Uint64(SipHash.Append(nil, o, key)), hash(key), "%q", key)
			}
		}
	}
}
