package prf

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]Method{
		"md5": MD5, "SHA1": SHA1, "Sha224": SHA224, "sha256": SHA256, "sha384": SHA384, "sha512": SHA512,
		"mmh3_32": MMH32, "MMH3_64": MMH64, "mmh3_128": MMH128,
		"mmh_32": MMH32, "mmh_64": MMH64, "MMH_128": MMH128,
		"siphash": SipHash, "SIPHASH": SipHash, "SipHash": SipHash,
	} {
		got, err := Parse(name)
		require.NoError(t, err, name)
		assert.Equal(t, want, got, name)
	}
}

func TestNewTakesAnySpelling(t *testing.T) {
	t.Parallel()
	for spelled, name := range map[string]string{
		"MD5": "md5", "Sha256": "sha256", "SIPHASH": "siphash", "mmh_32": "mmh3_32", "MMH_64": "mmh3_64", "mmh_128": "mmh3_128",
	} {
		want, err := New(name, Options{})
		require.NoError(t, err)
		got, err := New(spelled, Options{})
		require.NoError(t, err, spelled)
		assert.Equal(t, want("key"), got("key"), spelled)
	}
}

func TestParseTakesAllNames(t *testing.T) {
	t.Parallel()
	require.Len(t, Methods(), 10)
	require.Len(t, Names(), 10)
	for i, m := range Methods() {
		assert.Equal(t, Names()[i], m.String())
		got, err := Parse(m.String())
		require.NoError(t, err)
		assert.Equal(t, m, got)
	}
	assert.Equal(t, SipHash, *new(Method), "the zero value is the default")
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	const list = "md5, sha1, sha224, sha256, sha384, sha512, mmh3_32, mmh3_64, mmh3_128, siphash"
	for _, c := range []struct{ name, near, reason string }{
		{"", "", "no name"},
		{"crc32", "", "no name is close"},
		{"md-5", "md5", "punctuation"},
		{"SHA-256", "sha256", "the usual way to write it"},
		{"sha2_512", "sha512", "one more byte"},
		{"sipash", "siphash", "a letter left out"},
		{"mmh3_46", "", "two digits are wrong, and mmh3_32 is as close"},
		{"mmh128", "mmh3_128", "a short form"},
		{"murmur3_32", "mmh3_32", "the long form"},
		{"MurmurHash3-128", "mmh3_128", "the longest form"},
		{"sha", "sha1", "the others lack three digits"},
		{"siphash ", "siphash", "a space"},
		{"mmh_", "", "an unfinished name; md5 is close only because it is short"},
		{strings.Repeat("x", 1<<20), "", "too long for a typing error"},
		{strings.Repeat("-", 34) + "sha256", "sha256", "40 bytes"},
		{strings.Repeat("-", 35) + "sha256", "", "41 bytes, which are too long to look at"},
	} {
		m, err := Parse(c.name)
		require.Error(t, err, c.name)
		assert.Zero(t, m)
		assert.Contains(t, err.Error(), list, "the valid names")
		assert.Less(t, len(err.Error()), 300, "a long name is cut")
		if c.near == "" {
			assert.NotContains(t, err.Error(), "did you mean", "%.40q: %s", c.name, c.reason)
		} else {
			assert.Contains(t, err.Error(), "did you mean "+c.near+"?", "%.40q: %s", c.name, c.reason)
		}
	}
	_, err := Parse("sha-256")
	assert.EqualError(t, err, `unknown hash method "sha-256": did you mean sha256? (one of `+list+`)`)
	_, err = Parse("crc32")
	assert.EqualError(t, err, `unknown hash method "crc32": use one of `+list)
}

func TestPermitted(t *testing.T) {
	t.Parallel()
	for _, m := range Methods() {
		assert.NoError(t, m.permitted(false), m)
		if m == MD5 || m == SHA1 {
			err := m.permitted(true)
			assert.ErrorIs(t, err, ErrFIPS)
			assert.EqualError(t, err, "hash method "+m.String()+": not allowed under GODEBUG=fips140=only")
		} else {
			assert.NoError(t, m.permitted(true), m)
		}
	}
}

func TestOutOfRangeIsTheDefault(t *testing.T) {
	t.Parallel()
	for _, m := range []Method{-1, 10} {
		assert.Equal(t, "siphash", m.String())
		assert.Equal(t, SipHash.Func(Options{})("key"), m.Func(Options{})("key"))
	}
}

func FuzzParse(f *testing.F) {
	for _, name := range Names() {
		f.Add(name)
	}
	f.Add("mmh_32")
	f.Add("SHA-3")
	f.Fuzz(func(t *testing.T, name string) {
		m, err := Parse(name)
		plain := strings.Replace(strings.ToLower(name), "mmh_", "mmh3_", 1)
		if err == nil && plain != m.String() {
			t.Fatalf("%q parses as %v", name, m)
		}
	})
}
