package nodeset

import (
	"hash/crc32"
	"hash/crc64"
	"hash/fnv"
	"slices"
	"strings"
	"sync"

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
	"0", "00", "\t", "\tabc", "<abc>", "/abc", "#abc", "user:abc", "a+b=c", "a b=c", "abc&x=1", "abc&x=2", "%41bc", "Abc", "user@example.org",
}, streams())

// allKeys returns the keys in the order of how often programs change them.
var allKeys = sync.OnceValue(func() []string {
	return slices.Concat(BasicKeys(), commonKeys, rareKeys, bytewise(), letters(), []string{alphabets()})
})

// bytewise returns keys that differ in one byte, so that a function which maps or
// drops a byte returns the same for two of them.
func bytewise() []string {
	keys := []string{"pq"}
	for b := range 256 {
		keys = append(keys, "p"+string([]byte{byte(b)})+"q")
	}
	return keys
}

// letters returns letters beyond ASCII in both cases. The ranges are fixed because
// those of package unicode depend on the release of Go.
func letters() (keys []string) {
	for _, r := range [][2]rune{
		{0xc0, 0x17f}, {0x1c4, 0x1ce}, {0x200, 0x201}, {0x370, 0x371}, {0x386, 0x38c}, {0x391, 0x3ce}, // Latin, Greek
		{0x400, 0x461}, {0x490, 0x493}, {0x500, 0x501}, {0x531, 0x533}, {0x561, 0x563}, // Cyrillic, Armenian
		{0x1e00, 0x1e03}, {0x1f08, 0x1f09}, {0x1f00, 0x1f01}, {0x10a0, 0x10a1}, {0x2d00, 0x2d01},
		{0x2160, 0x2161}, {0x2170, 0x2171}, {0x24b6, 0x24b7}, {0x24d0, 0x24d1}, {0x2c00, 0x2c01}, {0x2c30, 0x2c31},
		{0xa640, 0xa641}, {0xff21, 0xff23}, {0xff42, 0xff43}, {0x10400, 0x10401}, {0x10428, 0x10429},
	} {
		for c := r[0]; c <= r[1]; c++ {
			if key := string(c); !slices.Contains(commonKeys, key) && !slices.Contains(rareKeys, key) {
				keys = append(keys, key)
			}
		}
	}
	return keys
}

// alphabets is all letters beyond ASCII that have two cases, and many that have
// one. It reveals a change of any of them where the unchanged hash is known.
func alphabets() string {
	var b strings.Builder
	for _, r := range [][2]rune{
		{0xa1, 0x5ff}, {0x10a0, 0x10ff}, {0x13a0, 0x13ff}, {0x1c80, 0x1cbf}, {0x1e00, 0x1fff}, {0x2100, 0x218f},
		{0x24b6, 0x24e9}, {0x2c00, 0x2d2f}, {0x3041, 0x30ff}, {0xa640, 0xa7ff}, {0xab30, 0xabbf}, {0xff01, 0xffdc},
		{0x10400, 0x104ff}, {0x10c80, 0x10cff}, {0x118a0, 0x118df}, {0x16e40, 0x16e7f}, {0x1e900, 0x1e943},
	} {
		for c := r[0]; c <= r[1]; c++ {
			b.WriteRune(c)
		}
	}
	return b.String()
}

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
	for _, n := range []int{16, 100, 256, 1024, 8192} {
		s := stream(n)
		keys = append(keys, "x"+s, "y"+s, s+"x", s+"y", s[:n/2]+"-"+s[n/2+1:], s[:n/2]+"+"+s[n/2+1:], strings.ToUpper(s))
	}
	return keys
}

// Hash adds what distinguishes h from the hashes that return the same for the
// basic keys. It adds nothing for the methods of package prf and the hashes of
// the standard library, and for other functions only if they return the same for
// different keys of a fixed list or IDs, which is practically impossible for a
// good hash.
func (c *Checksum) Hash(h func(string) uint64, ids []string) {
	keys := slices.Concat(allKeys(), ids)
	results := resultsOf(h, keys)
	if plain := plainLike(results[:len(BasicKeys())]); plain != nil {
		same := slices.Equal(results[:len(allKeys())], plain.results()) &&
			slices.Equal(results[len(allKeys()):], resultsOf(plain.hash, ids))
		if !same {
			c.results(results)
		}
	} else if collides(keys, results) {
		c.results(results)
	}
}

// SameHash reports whether two hashes, of one key and of many, have the same results
// for fixed keys.
func SameHash(one func(string) uint64, all func(sums []uint64, keys []string)) bool {
	if one == nil {
		return false
	}
	keys := slices.Concat(BasicKeys(), commonKeys)
	sums := make([]uint64, len(keys))
	all(sums, keys)
	return slices.Equal(sums, resultsOf(one, keys))
}

// Key adds what a function that cuts keys makes of fixed keys: those that differ
// from their results. It adds something even if none differs.
func (c *Checksum) Key(cut func(string) string) {
	c.String("key")
	for i, key := range slices.Concat(allKeys(), delimited()) {
		if part := cut(key); part != key {
			c.Uint64(uint64(i))
			c.String(part)
		}
	}
}

// delimited returns keys that reveal which delimiters a function cuts at: a pair of
// marks around two parts, around none, and doubled.
var delimited = sync.OnceValue(func() (keys []string) {
	const marks = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
	for _, x := range marks {
		for _, y := range marks {
			for _, form := range []string{"axbycxdye", "xyaxby", "axxbyyc"} {
				keys = append(keys, strings.NewReplacer("x", string(x), "y", string(y)).Replace(form))
			}
		}
	}
	return keys
})

// scores bounds the scores that a checksum computes beyond those of the common
// keys.
const scores = 8192

// Scorer adds the results of a function, which scores a number of nodes, if they
// are the same for different keys of a fixed list. The more nodes, the fewer keys
// it uses.
func (c *Checksum) Scorer(score func(key string) uint64, nodes int) {
	least := len(BasicKeys()) + len(commonKeys)
	keys := allKeys()[:min(max(least, scores/nodes), len(allKeys()))]
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

// plain is a well-known hash without key or seed.
type plain struct {
	hash    func(string) uint64
	basic   func() []uint64 // results for the basic keys
	results func() []uint64 // results for all keys
}

func newPlain(h func(string) uint64) *plain {
	return &plain{
		hash:    h,
		basic:   sync.OnceValue(func() []uint64 { return resultsOf(h, BasicKeys()) }),
		results: sync.OnceValue(func() []uint64 { return resultsOf(h, allKeys()) }),
	}
}

// plains are the methods of package prf that are permitted, and the hashes of the
// standard library.
var plains = sync.OnceValue(func() (all []*plain) {
	for _, m := range prf.Methods() {
		if m.Permitted() == nil {
			all = append(all, newPlain(m.Func(prf.Options{})))
		}
	}
	castagnoli := crc32.MakeTable(crc32.Castagnoli)
	iso, ecma := crc64.MakeTable(crc64.ISO), crc64.MakeTable(crc64.ECMA)
	for _, h := range []func(string) uint64{
		prf.MMH64.Func(prf.Options{X86: true}),
		prf.MMH128.Func(prf.Options{X86: true}),
		func(s string) uint64 { h := fnv.New64a(); _, _ = h.Write([]byte(s)); return h.Sum64() },
		func(s string) uint64 { h := fnv.New64(); _, _ = h.Write([]byte(s)); return h.Sum64() },
		func(s string) uint64 { h := fnv.New32a(); _, _ = h.Write([]byte(s)); return uint64(h.Sum32()) },
		func(s string) uint64 { h := fnv.New32(); _, _ = h.Write([]byte(s)); return uint64(h.Sum32()) },
		func(s string) uint64 { return uint64(crc32.ChecksumIEEE([]byte(s))) },
		func(s string) uint64 { return uint64(crc32.Checksum([]byte(s), castagnoli)) },
		func(s string) uint64 { return crc64.Checksum([]byte(s), iso) },
		func(s string) uint64 { return crc64.Checksum([]byte(s), ecma) },
	} {
		all = append(all, newPlain(h))
	}
	return all
})

// plainLike returns the well-known hash with these results for the basic keys, or
// nil.
func plainLike(basic []uint64) *plain {
	for _, p := range plains() {
		if slices.Equal(basic, p.basic()) {
			return p
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
