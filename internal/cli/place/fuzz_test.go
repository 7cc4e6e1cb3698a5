package place

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzSipHashFile checks that a key is the 16 bytes or the hexadecimal digits of
// the file, and that an error does not contain them.
func FuzzSipHashFile(f *testing.F) {
	for _, seed := range []string{
		"", "\n", "0123456789abcdef", "0123456789abcdef\n", "0123456789abcde\n", "000102030405060708090a0b0c0d0e0f\r\n",
		"000102030405060708090A0B0C0D0E0F", "000102030405060708090a0b0c0d0e0g", "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f", strings.Repeat("f", 64),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		key, err := parseSipHashFile(raw)
		text := strings.TrimRight(string(raw), "\r\n")
		if err != nil {
			require.Nil(t, key)
			require.False(t, len(text) >= 16 && strings.Contains(err.Error(), text), "%q", err)
			return
		}
		require.NotNil(t, key, "an empty file is an error")
		switch hexed := hex.EncodeToString(key[:]); {
		case len(raw) == 16:
			require.Equal(t, raw, key[:])
		case len(text) == 16:
			require.Equal(t, text, string(key[:]))
		default:
			require.Equal(t, strings.ToLower(text), hexed)
		}
	})
}
