package ring

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzInvariants builds rings of arbitrary IDs and checks the documented
// properties.
func FuzzInvariants(f *testing.F) {
	f.Add("red\ngreen\nblue", "user:42", "yellow", uint8(0))
	f.Add("a:1\nb:1\nc:1", "92eb5ffee6ae2fec3ad71c777531578f", "d:1", uint8(1))
	f.Add("10.0.0.1\n10.0.0.1:11211", "", "unix:/x", uint8(5))
	f.Add("::1\n[::1]:80", "\xff\x80", "[", uint8(9))
	f.Add("", "", "", uint8(3))
	layouts := allLayouts()
	f.Fuzz(func(t *testing.T, list, key, id string, which uint8) {
		layout := layouts[int(which)%len(layouts)]
		b := NewBuilder(fuzzConfig(layout))
		for i, id := range strings.SplitN(list, "\n", 50) {
			_ = b.Add(weighted{id, float64(i % 4)}) // skips refused nodes
		}
		before, err := b.Build()
		if err != nil {
			requireTyped(t, err)
			return
		}
		requireTotal(t, before, key)
		if b.Add(weighted{id, 1}) != nil {
			return
		}
		after, err := b.Build()
		if err != nil {
			requireTyped(t, err)
			return
		}
		requireTotal(t, after, key)
		if layout == Hashed(DefaultPoints) {
			requireOnlyTo(t, before, after, key, id)
		}
		require.NoError(t, b.Remove(id))
		if layout == HashRing() {
			return // its Remove discards the history
		}
		restored, err := b.Build()
		require.NoError(t, err)
		require.Equal(t, before.Checksum(), restored.Checksum())
	})
}

func fuzzConfig(layout Layout) Config[weighted] {
	cfg := weightedConfig
	cfg.Layout = layout
	return cfg
}

// requireTyped requires a sentinel error.
func requireTyped(t *testing.T, err error) {
	t.Helper()
	for _, reason := range []error{ErrAddress, ErrWhole, ErrNoPoints, ErrDuplicateID} {
		if errors.Is(err, reason) {
			return
		}
	}
	t.Fatalf("no sentinel in error: %v", err)
}

// requireTotal requires that all lookups of the key agree and that none returns a
// node twice.
func requireTotal(t *testing.T, r *Ring[weighted], key string) {
	t.Helper()
	all := slices.Collect(r.Rank(key))
	require.Len(t, all, r.owners())
	owner, ok := r.Select(key)
	require.Equal(t, len(all) > 0, ok)
	seen := map[string]bool{}
	for i, n := range all {
		require.False(t, seen[n.id], "%q twice", n.id)
		seen[n.id] = true
		require.Positive(t, n.capacity)
		require.Equal(t, owner, all[0])
		require.Equal(t, all[:i+1], r.SelectN(nil, key, i+1))
	}
	require.Equal(t, all, append([]weighted(nil), r.SelectN(nil, key, len(all)+1)...))
}

// requireOnlyTo requires that keys stay or move to the new node.
func requireOnlyTo(t *testing.T, before, after *Ring[weighted], key, id string) {
	t.Helper()
	for i := range 50 {
		k := fmt.Sprint(key, i)
		old, had := before.Select(k)
		now, has := after.Select(k)
		require.True(t, has)
		require.True(t, now.id == id || had && now == old, "key %q moved from %q to %q", k, old.id, now.id)
	}
}

// FuzzSplitAddress checks that split addresses can be joined and split again.
func FuzzSplitAddress(f *testing.F) {
	for _, id := range []string{"host", "host:80", "[::1]:80", "::1", "[::1]", ":80", "a:b:c", "", "[", "]", "[]:1"} {
		f.Add(id)
	}
	f.Fuzz(func(t *testing.T, id string) {
		host, port, err := splitAddress(id, 11211)
		if err != nil {
			require.ErrorIs(t, err, ErrAddress)
			return
		}
		again, same, err := splitAddress(fmt.Sprintf("[%s]:%d", host, port), 11211)
		if strings.Contains(host, "]") {
			return // no brackets can hold it
		}
		require.NoError(t, err)
		require.Equal(t, host, again)
		require.Equal(t, port, same)
	})
}

// FuzzCustom builds rings with arbitrary settings. Those that are refused wrap
// ErrLayout or name a node.
func FuzzCustom(f *testing.F) {
	f.Add("{id}-{i}", "md5-4le32", "share32(160)", "md5-le32", "at-or-after", "a:1\nb:2", "key")
	f.Add("{nginx}", "crc32-chain", "weight(160)", "crc32", "at-or-after-first", "a\n[::1]:80", "")
	f.Add("{4096*number+i}", "avalanche32", "weight(16)", "sdbm-avalanche", "nearest", "1\n2\n3", "x")
	f.Add("{host}/{port}/{i}", "xxhash64", "ring(10,20)", "xxhash64", "no-wrap-last", "h:1", "y")
	f.Add("{memcached}{i}{number}", "murmur3-64", "total(99)", "fnv1a-64", "after", "h", "z")
	many := regexp.MustCompile("[0-9]{5}") // points, which take long
	f.Fuzz(func(t *testing.T, label, pointHash, points, keyHash, lookup, list, key string) {
		if many.MatchString(points) {
			t.Skip("too many points")
		}
		b := NewBuilder(fuzzConfig(Custom(Settings{label, pointHash, points, keyHash, lookup})))
		for i, id := range strings.SplitN(list, "\n", 50) {
			_ = b.Add(weighted{id, float64(i % 3)}) // skips refused nodes
		}
		r, err := b.Build()
		switch {
		case errors.Is(err, ErrLayout), errors.Is(err, ErrNumber):
		case err != nil:
			requireTyped(t, err)
		default:
			requireTotal(t, r, key)
		}
	})
}

// FuzzEdits edits a ring as the bytes say and compares it with a new one. The low five
// bits of a byte name a node, the others say what happens to it.
func FuzzEdits(f *testing.F) {
	f.Add([]byte("\x01\x02\x03\x81\x04\x04\x84"), 7)
	f.Add([]byte("\x10\x20\x30\xb0\xa0\x90"), 1)
	f.Fuzz(func(t *testing.T, edits []byte, points int) {
		cfg := weightedConfig
		cfg.Layout = Hashed(1 + max(0, points)%50)
		var list []weighted
		r, err := New(list, cfg)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range edits[:min(len(edits), 60)] {
			id, capacity := string('a'+rune(b&0x1f)), float64(b>>5&3)
			at := slices.IndexFunc(list, func(n weighted) bool { return n.id == id })
			next := slices.Clone(list)
			switch {
			case at < 0:
				next = append(next, weighted{id, capacity})
				r, err = r.With(next[len(list)])
			case b&0x80 == 0 && next[at].capacity != capacity:
				next[at].capacity = capacity
				r, err = r.Reweight(id, capacity)
			case b&0x40 == 0:
				next = slices.Delete(next, at, at+1)
				r, err = r.Without(id)
			default:
				next[at].capacity = 3 - next[at].capacity
				slices.Reverse(next)
				r, err = r.Over(next)
			}
			if err != nil {
				t.Fatal(err)
			}
			list = next
			want, err := New(list, cfg)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(want.circle, r.circle) || want.Checksum() != r.Checksum() {
				t.Fatalf("the ring of %v differs after %q", list, edits)
			}
		}
	})
}
