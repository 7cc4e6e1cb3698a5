package keyhash

import (
	"hash/crc32"
	"hash/fnv"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/alloctest"
)

// TestPublishedValues has values from the descriptions of the functions.
func TestPublishedValues(t *testing.T) {
	t.Parallel()
	const fox = "The quick brown fox jumps over the lazy dog"
	for _, c := range []struct {
		hash, text string
		want       uint64
	}{
		{"crc16", "123456789", 0x31c3}, // the specification of Redis Cluster
		{"crc16", "", 0},
		{"crc32", "123456789", 0xcbf43926},
		{"crc32-15", "123456789", 0xcbf43926 >> 16 & 0x7fff},
		{"one-at-a-time", "a", 0xca2e9442}, // Wikipedia, Jenkins hash function
		{"one-at-a-time", fox, 0x519e91f5},
		{"fnv1-32", "foobar", 0x31f0b262}, // isthe.com/chongo/tech/comp/fnv
		{"fnv1a-32", "foobar", 0xbf9cf968},
		{"fnv1-64-low32", "foobar", 0x340d8765a4dda9c2 & 0xffffffff},
		{"fnv1a-64-low32", "foobar", 0x85944171f73967e8 & 0xffffffff},
		{"fnv1a-64", "foobar", 0x85944171f73967e8},
		{"md5-be32", "", 0xd41d8cd9}, // RFC 1321
		{"md5-le32", "", 0xd98c1dd4},
		{"md5-last64", "", 0xe9800998ecf8427e},
		{"md5-be32-or-hex", "d41d8cd98f00b204e9800998ecf8427e", 0xd41d8cd9},
		{"sha256-last32", "", 0x55b85278}, // FIPS 180-4: the digest ends in 78 52 b8 55
		{"djb2", "", 5381},
		{"djb2", "a", 5381*33 + 'a'},
		{"sdbm", "a", 'a'},
		{"murmur2-31", "21", neg(-973932308)}, // the tests of Kafka
		{"murmur2-31", "foobar", neg(-790332482)},
		{"murmur2-31", "a-little-bit-long-string", neg(-985981536)},
		{"murmur2-31", "a-little-bit-longer-string", neg(-1486304829)},
		{"murmur2-31", "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", neg(-58897971)},
		{"murmur2-31", "abc", 479470107},
		{"xxhash64", "", 0xef46db3751d8e999}, // the reference implementation
		{"xxhash64", "a", 0xd24ec4f1a98c6e5b},
	} {
		h, ok := Find(c.hash)
		require.True(t, ok, c.hash)
		assert.Equal(t, c.want, h.Sum(c.text), "%s of %q", c.hash, c.text)
	}
}

// neg returns a signed result of MurmurHash2 without its sign bit.
func neg(x int32) uint64 { return uint64(uint32(x) & 0x7fffffff) }

// TestStandardHashes compares with the standard library, over bytes that are
// negative as signed chars where that makes no difference.
func TestStandardHashes(t *testing.T) {
	t.Parallel()
	text := ""
	for i := range 256 {
		text += string([]byte{byte(i * 37)})
		assert.Equal(t, uint64(crc32.ChecksumIEEE([]byte(text))), CRC32(text))
		long := fnv.New64a()
		_, _ = long.Write([]byte(text))
		assert.Equal(t, long.Sum64(), fnv1a64(text))
	}
}

// TestSignedBytes: over bytes below 0x80 the hashes of C programs are the standard
// ones, above they are not.
func TestSignedBytes(t *testing.T) {
	t.Parallel()
	standard := func(text string) uint64 {
		h := fnv.New32a()
		_, _ = h.Write([]byte(text))
		return uint64(h.Sum32())
	}
	h, _ := Find("fnv1a-32")
	assert.Equal(t, standard("user:42"), h.Sum("user:42"))
	assert.NotEqual(t, standard("touch\u00e9"), h.Sum("touch\u00e9"))
}

func TestNames(t *testing.T) {
	t.Parallel()
	assert.True(t, slices.IsSorted(Names()), "Find searches by bisection")
	for _, name := range Names() {
		h, ok := Find(name)
		require.True(t, ok)
		assert.Equal(t, name, h.Name)
		if h.Bits == 32 {
			assert.LessOrEqual(t, h.Sum("user:42"), uint64(0xffffffff), name)
		}
	}
	_, ok := Find("md4")
	assert.False(t, ok)
	for _, aliases := range []Aliases{Twemproxy, Libmemcached, HAProxy} {
		first, ok := aliases.Find("")
		require.True(t, ok)
		same, _ := aliases.Find(aliases.Names()[0])
		assert.Equal(t, first.Name, same.Name)
		for _, name := range aliases.Names() {
			_, ok := aliases.Find(name)
			assert.True(t, ok, name)
		}
	}
}

func TestHashesDoNotAllocate(t *testing.T) {
	for _, name := range Names() {
		h, _ := Find(name)
		alloctest.None(t, func() { h.Sum("a key of some length that is not short: user:42") })
	}
}
