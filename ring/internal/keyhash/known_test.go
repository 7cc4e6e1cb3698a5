package keyhash

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestSDBMIsAPolynomial compares sdbm with its closed form, in which each byte is a
// coefficient of a polynomial in 65599.
func TestSDBMIsAPolynomial(t *testing.T) {
	t.Parallel()
	text, want := "", uint32(0)
	for i := range 256 {
		c := byte(i * 37)
		text, want = text+string([]byte{c}), want*65599+uint32(c)
		assert.Equal(t, uint64(want), sdbm(text), "%d bytes", len(text))
	}
}

// TestAvalanche has the results of full_hash in HAProxy's C source.
func TestAvalanche(t *testing.T) {
	t.Parallel()
	for in, want := range map[uint32]uint32{
		0: 0xab4ed927, 1: 0x348681b6, 0xcbf43926: 0x4360cd7e, 0xffffffff: 0x7e64c182,
	} {
		assert.Equal(t, want, Avalanche(in), "%#x", in)
	}
	h, ok := Find("crc32-avalanche")
	require.True(t, ok)
	assert.Equal(t, uint64(0x4360cd7e), h.Sum("123456789"), "the CRC is 0xcbf43926")
}

// TestAliases looks up hashes that are not the default of their program.
func TestAliases(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		program    Aliases
		name, want string
	}{
		{Twemproxy, "crc32a", "crc32"},
		{Twemproxy, "crc16", "crc16-wide"},
		{Libmemcached, "crc", "crc32-15"},
		{HAProxy, "djb2", "djb2"},
	} {
		h, ok := c.program.Find(c.name)
		require.True(t, ok, c.name)
		assert.Equal(t, c.want, h.Name, c.name)
	}
	_, ok := HAProxy.Find("crc32a")
	assert.False(t, ok, "the name is one of another program")
}
