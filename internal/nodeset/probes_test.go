package nodeset

import (
	"hash/crc32"
	"hash/crc64"
	"hash/fnv"
	"net"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/rendezvous/prf"
)

// changes are ways in which programs change keys before they hash them. None
// changes the basic keys.
var changes = map[string]func(string) string{
	"lower case":       strings.ToLower,
	"ASCII lower case": func(s string) string { return strings.Map(asciiLower, s) },
	"fold é only":      func(s string) string { return strings.ReplaceAll(s, "É", "é") },
	"trim":             strings.TrimSpace,
	"trim right":       func(s string) string { return strings.TrimRight(s, "\r\n") },
	"trim NUL":         func(s string) string { return strings.TrimRight(s, "\x00") },
	"C string":         func(s string) string { before, _, _ := strings.Cut(s, "\x00"); return before },
	"first line":       func(s string) string { before, _, _ := strings.Cut(s, "\n"); return before },
	"BOM":              func(s string) string { return strings.TrimPrefix(s, "\ufeff") },
	"valid UTF-8":      func(s string) string { return strings.ToValidUTF8(s, "\ufffd") },
	"tag":              tag,
	"first 22 bytes":   first(22), // as long as the longest basic key
	"first 32 bytes":   first(32),
	"first 64 bytes":   first(64),
	"first 250 bytes":  first(250),
	"first 4096 bytes": first(4096),
	"last 30 bytes":    func(s string) string { return s[max(0, len(s)-30):] },
	"ends only":        func(s string) string { return s[:min(len(s), 30)] + s[max(min(len(s), 30), len(s)-30):] },
	"without a port": func(s string) string {
		if host, _, err := net.SplitHostPort(s); err == nil {
			return host
		}
		return s
	},
	"to the first colon": func(s string) string { before, _, _ := strings.Cut(s, ":"); return before },
	"to the first slash": func(s string) string { before, _, _ := strings.Cut(s, "/"); return before },
	"after the slash":    func(s string) string { return s[strings.LastIndexByte(s, '/')+1:] },
	"to the first bar":   func(s string) string { before, _, _ := strings.Cut(s, "|"); return before },
	"without a query":    func(s string) string { before, _, _ := strings.Cut(s, "?"); return before },
	"clean path": func(s string) string {
		if strings.Contains(s, "/") {
			return path.Clean(s)
		}
		return s
	},
	"number": func(s string) string {
		if n, err := strconv.ParseFloat(strings.TrimSpace(s), 64); err == nil {
			return strconv.FormatFloat(n, 'g', -1, 64)
		}
		return s
	},
	"without digits":      func(s string) string { return strings.Trim(s, "0123456789") },
	"without punctuation": func(s string) string { return strings.Trim(s, `"'()[]{}`) },
	"letters sorted if few": func(s string) string {
		if len(s) > 4 {
			return s
		}
		b := []byte(s)
		slices.Sort(b)
		return string(b)
	},
	"map - to _":           func(s string) string { return strings.ReplaceAll(s, "-", "_") },
	"map : to /":           func(s string) string { return strings.ReplaceAll(s, ":", "/") },
	"drop tabs":            func(s string) string { return strings.ReplaceAll(s, "\t", "") },
	"lower Q only":         func(s string) string { return strings.ReplaceAll(s, "Q", "q") },
	"lower N to Z only":    lower('N', 'Z'),
	"lower Latin-1 only":   lower(0xc0, 0xde),
	"lower Latin Ext only": lower(0x100, 0x17f),
	"lower Greek only":     lower(0x391, 0x3a9),
	"lower Ж only":         lower('Ж', 'Ж'),
	"lower Cyrillic only":  lower(0x400, 0x42f),
	"lower Armenian only":  lower(0x531, 0x556),
	"lower wide only":      lower(0xff21, 0xff3a),
	"lower Deseret only":   lower(0x10400, 0x10427),
	"digits to #":          mapRunes(func(r rune) bool { return '0' <= r && r <= '9' }, '#'),
	"9 to 8":               mapRunes(func(r rune) bool { return r == '9' }, '8'),
	"drop beyond ASCII":    mapRunes(func(r rune) bool { return r > unicode.MaxASCII }, -1),
	"? beyond ASCII":       mapRunes(func(r rune) bool { return r > unicode.MaxASCII }, '?'),
	"7 bits": func(s string) string {
		b := []byte(s)
		for i := range b {
			b[i] &= 0x7f
		}
		return string(b)
	},
	"length and first 24 bytes": func(s string) string { return s[:min(24, len(s))] + strings.Repeat("-", max(0, len(s)-24)) },
	"length and last 24 bytes":  func(s string) string { return strings.Repeat("-", max(0, len(s)-24)) + s[max(0, len(s)-24):] },
	"last 2000 bytes":           func(s string) string { return s[max(0, len(s)-2000):] },
	"first 8192 bytes":          first(8192),
	"length and first 5000":     func(s string) string { return s[:min(5000, len(s))] + strings.Repeat("-", max(0, len(s)-5000)) },
	"to the first @":            func(s string) string { before, _, _ := strings.Cut(s, "@"); return before },
	"to the first tab":          func(s string) string { before, _, _ := strings.Cut(s, "\t"); return before },
	"without user:":             func(s string) string { return strings.TrimPrefix(s, "user:") },
	"without leading zeros":     func(s string) string { return strings.TrimLeft(s, "0") },
	"without a leading slash":   func(s string) string { return strings.TrimPrefix(s, "/") },
	"unescape":                  func(s string) string { return strings.ReplaceAll(s, "%41", "A") },
	"+ is a space":              func(s string) string { return strings.ReplaceAll(s, "+", " ") },
	"tag <>":                    func(s string) string { return strings.Trim(s, "<>") },
	"drop marks": func(s string) string {
		return strings.Map(func(r rune) rune {
			if unicode.Is(unicode.Mn, r) {
				return -1
			}
			return r
		}, s)
	},
}

// permutations map keys one to one and none of the basic keys, so they show only
// if the unchanged hash is known.
var permutations = map[string]func(string) string{
	"rotate digits": func(s string) string {
		return strings.Map(func(r rune) rune {
			if '0' <= r && r <= '9' {
				return '0' + (r-'0'+1)%10
			}
			return r
		}, s)
	},
	"swap - and _": func(s string) string { return strings.NewReplacer("-", "_", "_", "-").Replace(s) },
	"reverse if it has a digit": func(s string) string {
		b := []byte(s)
		if strings.ContainsAny(s, "0123456789") {
			slices.Reverse(b)
		}
		return string(b)
	},
}

func lower(from, to rune) func(string) string {
	return func(s string) string {
		return strings.Map(func(r rune) rune {
			if from <= r && r <= to {
				return unicode.ToLower(r)
			}
			return r
		}, s)
	}
}

func mapRunes(which func(rune) bool, to rune) func(string) string {
	return func(s string) string {
		return strings.Map(func(r rune) rune {
			if which(r) {
				return to
			}
			return r
		}, s)
	}
}

func asciiLower(r rune) rune {
	if r >= 'A' && r <= 'Z' {
		return r + 'a' - 'A'
	}
	return r
}

func tag(s string) string {
	if _, rest, ok := strings.Cut(s, "{"); ok {
		if name, _, ok := strings.Cut(rest, "}"); ok && name != "" {
			return name
		}
	}
	return s
}

func first(n int) func(string) string { return func(s string) string { return s[:min(n, len(s))] } }

func hashes() map[string]func(string) uint64 {
	key := [16]byte{1, 2, 3}
	all := map[string]func(string) uint64{
		"keyed siphash": prf.SipHash.Func(prf.Options{Key: &key}),
		"seeded murmur": prf.MMH128.Func(prf.Options{Seed: 7}),
		"FNV-1a":        func(s string) uint64 { h := fnv.New64a(); _, _ = h.Write([]byte(s)); return h.Sum64() },
		"FNV-1":         func(s string) uint64 { h := fnv.New64(); _, _ = h.Write([]byte(s)); return h.Sum64() },
		"FNV-1a 32":     func(s string) uint64 { h := fnv.New32a(); _, _ = h.Write([]byte(s)); return uint64(h.Sum32()) },
		"CRC-32":        func(s string) uint64 { return uint64(crc32.ChecksumIEEE([]byte(s))) },
		"CRC-64":        func(s string) uint64 { return crc64.Checksum([]byte(s), crc64.MakeTable(crc64.ECMA)) },
	}
	for _, m := range prf.Methods() {
		all[m.String()] = m.Func(prf.Options{})
	}
	return all
}

func sumOf(h func(string) uint64) uint64 {
	c := NewChecksum("test v1")
	for _, key := range BasicKeys() {
		c.Uint64(h(key))
	}
	c.Hash(h, []string{"node-1", "node-2", "Node-3:80"})
	return c.Sum()
}

// TestChangedKeysShow: a hash of changed keys has another checksum than that of
// the keys, and than those of keys changed in other ways.
func TestChangedKeysShow(t *testing.T) {
	t.Parallel()
	for name, h := range hashes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sums := map[uint64]string{sumOf(h): "plain"}
			for change, f := range changes {
				for _, key := range BasicKeys() {
					require.Equal(t, key, f(key), "%s changes a basic key, which is easy to see", change)
				}
				sum := sumOf(func(s string) uint64 { return h(f(s)) })
				assert.Empty(t, sums[sum], "%s looks like it", change)
				sums[sum] = change
			}
		})
	}
}

// TestPermutedKeysShow: a hash that is known unchanged has another checksum if it
// permutes keys.
func TestPermutedKeysShow(t *testing.T) {
	t.Parallel()
	for name, h := range hashes() {
		if name == "keyed siphash" || name == "seeded murmur" {
			continue
		}
		for change, f := range permutations {
			assert.NotEqual(t, sumOf(h), sumOf(func(s string) uint64 { return h(f(s)) }), "%s: %s", name, change)
		}
	}
}

// TestScorersOfChangedKeysShow: a scorer of changed keys has another checksum than
// that of the keys, which adds nothing.
func TestScorersOfChangedKeysShow(t *testing.T) {
	t.Parallel()
	h := prf.SipHash.Func(prf.Options{})
	sum := func(f func(string) string, nodes int) uint64 {
		c := NewChecksum("test v1")
		c.Scorer(func(s string) uint64 { return h(f(s)) }, nodes)
		return c.Sum()
	}
	plain := NewChecksum("test v1").Sum()
	for _, nodes := range []int{1, 5, 100, 100_000} {
		require.Equal(t, plain, sum(func(s string) string { return s }, nodes))
		require.NotEqual(t, plain, sum(strings.ToLower, nodes), "%d nodes", nodes)
	}
	for change, f := range changes {
		assert.NotEqual(t, plain, sum(f, 5), change)
	}
}

// TestPlainHashesAddNothing keeps the checksums of good hashes as they were when
// the basic keys were the only ones.
func TestPlainHashesAddNothing(t *testing.T) {
	t.Parallel()
	for name, h := range hashes() {
		c := NewChecksum("test v1")
		for _, key := range BasicKeys() {
			c.Uint64(h(key))
		}
		assert.Equal(t, c.Sum(), sumOf(h), name)
	}
}

func TestChangedIDsShow(t *testing.T) {
	t.Parallel()
	plain := prf.SipHash.Func(prf.Options{})
	changed := func(s string) uint64 { return plain(strings.ReplaceAll(s, "node-2", "node-two")) }
	assert.NotEqual(t, sumOf(plain), sumOf(changed))
}

func TestKeysAreDistinct(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, key := range allKeys() {
		assert.False(t, seen[key], "%q", key)
		seen[key] = true
	}
	assert.Greater(t, len(seen), 800)
}
