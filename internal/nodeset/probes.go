package nodeset

import (
	"slices"
	"strings"

	"github.com/proxenos/proxenos/rendezvous/prf"
)

// A function of keys is identified by its results. Three fixed keys identify a
// hash and its parameters, but not what it does to keys before it hashes them:
// one that lower-cases, trims or truncates its argument has the same results for
// the three. The keys below reveal that, because such functions return the same
// for several of them.

// BasicKeys are the keys whose results are part of every checksum.
func BasicKeys() []string { return []string{"", "proxenos", "placement is a promise"} }

// commonKeys become equal to one another if keys are changed in a common way.
var commonKeys = []string{
	// letter case, also beyond ASCII
	"PROXENOS", "Proxenos", "É", "é", "e\u0301", "e", "ß", "ss", "\u212a", "K", "k", "\uff41", "a",
	// hash tags
	"{proxenos}", "{proxenos}:1", "1:{proxenos}", "{}proxenos",
	// white space and bytes that end a string
	" proxenos", "proxenos ", "proxenos\n", "proxenos\r\n", "proxenos\x00", "proxenos\x00x", "pro xenos", "pro  xenos", "\ufeffproxenos",
	// bytes that are not UTF-8
	"\xff", "\xfe", "\ufffd",
	// parts of a key
	"tenant-1/user-1", "tenant-1/user-2", "tenant-2/user-1", "user-1", "example.com", "example.com:80", "example.com:443",
	// length
	stream(8), stream(16), stream(32), stream(64), stream(65), "x" + stream(64), "y" + stream(64),
}

// rareKeys do so if keys are changed in other ways.
var rareKeys = slices.Concat([]string{
	"/a/b", "/a/b/", "a/b", "/a//b", "/a/./b", "/a/b?x=1", "/a/b?x=2", "/a/b#x", "%2Fa%2Fb",
	"http://example.com/", "https://example.com/", "www.example.com", "example.com.", "user@example.com", "user2@example.com",
	"42", "042", "+42", "42.0", "0x2a", " 42", "43", "-42",
	"a:b", "a:c", "b:a", "a|b", "a|c", "a.b", "a.c", "a-b", "a-c", "a_b", "a_c", "a,b", "a,c", "a=b", "a=c", "a;b", "a;c",
	"abc", "cba", "bca", "aabc", "ab c", "ab-c", "ab_c", "(abc)", "[abc]", `"abc"`, "'abc'", "abc1", "abc2", "1abc", "2abc",
	"tenant-1/USER-1", "[::1]:80", "[::1]:443", "::1", "0:0:0:0:0:0:0:1", "127.0.0.1", "127.0.0.1:80", "127.1",
	"Straße", "STRASSE", "ﬁ", "fi", "ı", "i", "İ", "i\u0307", "naïve", "naive", "nai\u0308ve", "日本", "日本語",
}, streams())

// stream returns n bytes of varied letters.
func stream(n int) string {
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789"
	var b strings.Builder
	x := uint64(1)
	for range n {
		x = prf.Finalize(x + 0x9e3779b97f4a7c15)
		b.WriteByte(letters[x%uint64(len(letters))])
	}
	return b.String()
}

// streams returns keys that differ in length, at the end, at the beginning or
// only in the middle.
func streams() (keys []string) {
	for _, n := range []int{1, 2, 3, 4, 6, 7, 10, 12, 15, 20, 24, 31, 36, 40, 48, 63, 100, 127, 128, 200, 250, 251, 255, 256, 257, 512, 1000, 1024, 1025, 4096, 4097} {
		keys = append(keys, stream(n))
	}
	for _, n := range []int{16, 100, 256, 1024} {
		s := stream(n)
		keys = append(keys, "x"+s, "y"+s, s+"x", s+"y", s[:n/2]+"-"+s[n/2+1:], s[:n/2]+"+"+s[n/2+1:], strings.ToUpper(s))
	}
	return keys
}

// Hash adds what distinguishes h from the hashes that return the same for the
// basic keys. It adds nothing for the methods of package prf, and for other
// functions only if they return the same for different keys of a fixed list or
// IDs, which is practically impossible for a good hash.
func (c *Checksum) Hash(h func(string) uint64, ids []string) {
	keys := slices.Concat(BasicKeys(), commonKeys, rareKeys, ids)
	results := resultsOf(h, keys)
	if plain := methodLike(h); plain != nil {
		if !slices.Equal(results, resultsOf(plain, keys)) {
			c.results(results)
		}
	} else if collides(keys, results) {
		c.results(results)
	}
}

// Scorer adds the results of a function if they are the same for different keys
// of a fixed list.
func (c *Checksum) Scorer(score func(key string) uint64) {
	keys := slices.Concat(BasicKeys(), commonKeys)
	if results := resultsOf(score, keys); collides(keys, results) {
		c.results(results)
	}
}

func (c *Checksum) results(results []uint64) {
	c.String("results")
	for _, r := range results {
		c.Uint64(r)
	}
}

func resultsOf(h func(string) uint64, keys []string) []uint64 {
	results := make([]uint64, len(keys))
	for i, key := range keys {
		results[i] = h(key)
	}
	return results
}

// methodLike returns the method of package prf, without options, that returns the
// same as h for the basic keys, or nil.
func methodLike(h func(string) uint64) func(string) uint64 {
	want := resultsOf(h, BasicKeys())
	for _, m := range prf.Methods() {
		if m.Permitted() != nil {
			continue
		}
		if f := m.Func(prf.Options{}); slices.Equal(want, resultsOf(f, BasicKeys())) {
			return f
		}
	}
	return nil
}

// collides reports whether different keys have the same result.
func collides(keys []string, results []uint64) bool {
	seen := make(map[uint64]string, len(keys))
	for i, r := range results {
		if other, ok := seen[r]; ok && other != keys[i] {
			return true
		}
		seen[r] = keys[i]
	}
	return false
}
