package nodeset

import (
	"hash/crc32"
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
	"drop marks": func(s string) string {
		return strings.Map(func(r rune) rune {
			if unicode.Is(unicode.Mn, r) {
				return -1
			}
			return r
		}, s)
	},
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
		"CRC-32":        func(s string) uint64 { return uint64(crc32.ChecksumIEEE([]byte(s))) },
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
	keys := slices.Concat(BasicKeys(), commonKeys, rareKeys)
	slices.Sort(keys)
	assert.Equal(t, len(keys), len(slices.Compact(slices.Clone(keys))), "%q", keys)
	assert.Greater(t, len(keys), 150)
}
