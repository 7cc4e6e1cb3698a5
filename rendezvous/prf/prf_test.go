package prf

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/alloctest"
	"github.com/proxenos/proxenos/internal/testkit/vectors"
)

// TestFuncByHand pins the 64-bit results, which decide placement, to digests of
// "abc" that md5sum and similar programs print.
func TestFuncByHand(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		method Method
		want   uint64
		reason string
	}{
		{MD5, 0x900150983cd24fb0, "the first half of the digest, RFC 1321"},
		{SHA1, 0xa9993e364706816a, "the first eight bytes of the digest, FIPS 180"},
		{SHA224, 0x23097d223405d822, "the same"},
		{SHA256, 0xba7816bf8f01cfea, "the same"},
		{SHA384, 0xcb00753f45a35e8b, "the same"},
		{SHA512, 0xddaf35a193617aba, "the same"},
		{MMH32, 0xb3dd93fa, "zero-extended, although as a Python digest it is negative"},
		{MMH64, 0xb4963f3f3fad7867, "the first word of the 128-bit variant"},
		{MMH128, 0xb4963f3f3fad7867 ^ 0x3ba2744126ca2d52, "both words"},
	} {
		t.Run(c.method.String(), func(t *testing.T) {
			got := c.method.Func(Options{})("abc")
			assert.Equal(t, c.want, got, "got %#x, want %#x: %s", got, c.want, c.reason)
		})
	}
}

// TestSipHashPaper is the example in the appendix of the SipHash paper.
func TestSipHashPaper(t *testing.T) {
	t.Parallel()
	key := [16]byte([]byte("\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f"))
	input := string(key[:15])
	assert.Equal(t, uint64(0xa129ca6149be45e5), SipHash.Func(Options{Key: &key})(input))
	byDefault := DefaultKey()
	assert.Equal(t, SipHash.Func(Options{Key: &byDefault})(input), SipHash.Func(Options{})(input), "nil is the default key")
}

// TestGoldenDigests compares digests with those of the Python original.
func TestGoldenDigests(t *testing.T) {
	t.Parallel()
	seen := map[Method]bool{}
	vectors.Run(t, "proxenos/digest-*.txt", func(t *testing.T, f *vectors.File) {
		method, err := Parse(f.Header("method"))
		require.NoError(t, err)
		seen[method] = true
		for _, row := range f.Rows {
			n := method.Integer(optionsOf(t, f), string(row.Hex("key_hex")))
			assert.Equal(t, row.Text("digest"), n.Big().String(), row)
		}
	})
	assert.Len(t, seen, len(Methods()), "every method has golden digests")
}

// optionsOf returns the options in the header of a file.
func optionsOf(t *testing.T, f *vectors.File) (o Options) {
	t.Helper()
	if text, ok := f.Lookup("seed"); ok {
		seed, err := strconv.ParseInt(text, 10, 32)
		require.NoError(t, err, f.Path)
		o.Seed = int32(seed)
	}
	if text, ok := f.Lookup("optimize"); ok {
		require.Contains(t, []string{"x64", "x86"}, text, f.Path)
		o.X86 = text == "x86"
	}
	if text, ok := f.Lookup("secret"); ok {
		key, err := hex.DecodeString(text)
		require.NoError(t, err, f.Path)
		require.Len(t, key, 16, f.Path)
		o.Key = (*[16]byte)(key)
	}
	return o
}

// variants returns every method with every option.
func variants() map[string]func() (Method, Options) {
	key := [16]byte{15: 1}
	all := map[string]func() (Method, Options){}
	for _, m := range Methods() {
		for name, o := range map[string]Options{"": {}, " seed": {Seed: -7}, " x86": {X86: true}, " key": {Key: &key}} {
			all[m.String()+name] = func() (Method, Options) { return m, o }
		}
	}
	return all
}

// TestFuncFollowsDigest checks the documented rule that reduces a digest to 64
// bits, for every method, option and length.
func TestFuncFollowsDigest(t *testing.T) {
	t.Parallel()
	little, big := binary.LittleEndian, binary.BigEndian
	rules := map[Method]func([]byte) uint64{
		MMH32:   func(d []byte) uint64 { return uint64(little.Uint32(d)) },
		MMH64:   little.Uint64,
		MMH128:  func(d []byte) uint64 { return little.Uint64(d) ^ little.Uint64(d[8:]) },
		SipHash: little.Uint64,
	}
	sizes := map[Method]int{
		MD5: 16, SHA1: 20, SHA224: 28, SHA256: 32, SHA384: 48, SHA512: 64,
		MMH32: 4, MMH64: 8, MMH128: 16, SipHash: 8,
	}
	for name, variant := range variants() {
		t.Run(name, func(t *testing.T) {
			m, o := variant()
			rule, ok := rules[m]
			if !ok {
				rule = big.Uint64
			}
			f := m.Func(o)
			for size := range 70 {
				key := strings.Repeat("\xf5k", size)[:size]
				digest := m.Append([]byte("before"), o, key)
				require.Equal(t, "before", string(digest[:6]), "Append keeps dst")
				digest = digest[6:]
				require.Len(t, digest, sizes[m])
				assert.Equal(t, rule(digest), f(key), "%d bytes", size)
			}
		})
	}
}

func TestOptionsChangeTheirMethods(t *testing.T) {
	t.Parallel()
	key := [16]byte{15: 1}
	for _, m := range Methods() {
		base := m.Func(Options{})("key")
		isMurmur := m == MMH32 || m == MMH64 || m == MMH128
		assert.Equal(t, isMurmur, m.Func(Options{Seed: 1})("key") != base, "%v with a seed", m)
		assert.Equal(t, m == MMH64 || m == MMH128, m.Func(Options{X86: true})("key") != base, "%v for x86", m)
		assert.Equal(t, m == SipHash, m.Func(Options{Key: &key})("key") != base, "%v with a key", m)
	}
}

func TestMethodsDoNotAllocate(t *testing.T) {
	key, dst := strings.Repeat("k", 100), make([]byte, 0, 64)
	for _, variant := range variants() {
		m, o := variant()
		f := m.Func(o)
		alloctest.None(t, func() { f(key) })
		alloctest.None(t, func() { m.Append(dst, o, key) })
		alloctest.None(t, func() { _ = m.Integer(o, key) })
	}
}

func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	for name, variant := range variants() {
		m, o := variant()
		f := m.Func(o)
		want := f("key")
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for range 50 {
					assert.Equal(t, want, f("key"), name)
				}
			})
		}
		wg.Wait()
	}
}

// FuzzAlignment checks that a result depends only on the bytes of the key, not on
// its address in memory, and that the key is not changed.
func FuzzAlignment(f *testing.F) {
	f.Add("")
	f.Add("user:42")
	f.Add(strings.Repeat("\xff\x00", 40))
	for _, size := range []int{1, 3, 4, 8, 15, 16, 55, 56, 63, 64, 119, 128} { // the ends of words and blocks
		f.Add(strings.Repeat("k", size))
	}
	f.Fuzz(func(t *testing.T, key string) {
		for name, variant := range variants() {
			m, o := variant()
			sum := m.Func(o)
			want := sum(key)
			for shift := range 9 {
				room := strings.Repeat("-", shift) + key + "-"
				if got := sum(room[shift : shift+len(key)]); got != want {
					t.Fatalf("%s of %q at offset %d: got %#x, want %#x", name, key, shift, got, want)
				}
				if room[shift:shift+len(key)] != key {
					t.Fatalf("%s changed its key %q", name, key)
				}
			}
		}
	})
}

func BenchmarkFunc(b *testing.B) {
	for _, m := range Methods() {
		for _, size := range []int{8, 20, 64, 1024} {
			f, key := m.Func(Options{}), strings.Repeat("k", size)
			b.Run(fmt.Sprintf("%s/%dB", m, size), func(b *testing.B) {
				b.SetBytes(int64(size))
				b.ReportAllocs()
				for b.Loop() {
					f(key)
				}
			})
		}
	}
}
