package kv

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"
)

func entry(key string, clock uint64, writer, value string) Entry {
	return Entry{Version{Key: key, Timestamp: Timestamp{clock, writer}}, []byte(value)}
}

// merged returns the error of a Merge.
func merged(_ []Version, err error) error { return err }

func openTemp(t *testing.T) (*file, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "data")
	f, err := OpenFile(path)
	require.NoError(t, err)
	return f.(*file), path
}

// engines runs a test with each engine.
func engines(t *testing.T, f func(*testing.T, Engine)) {
	t.Run("memory", func(t *testing.T) {
		t.Parallel()
		f(t, NewMemory())
	})
	t.Run("file", func(t *testing.T) {
		t.Parallel()
		e, _ := openTemp(t)
		defer func() { require.NoError(t, e.Close()) }()
		f(t, e)
	})
}

func TestEngineMergeKeepsNewest(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, e Engine) {
		value := func() string {
			got, ok, err := e.Get("k")
			require.NoError(t, err)
			require.True(t, ok)
			return string(got.Value)
		}
		_, ok, err := e.Get("k")
		require.NoError(t, err)
		require.False(t, ok)
		merge := func(e1 Entry) []Version {
			newer, err := e.Merge([]Entry{e1})
			require.NoError(t, err)
			return newer
		}
		two, twoOfB := entry("k", 2, "a", "two"), entry("k", 2, "b", "two of b")
		assert.Empty(t, merge(two))
		assert.Empty(t, merge(two), "the same version again")
		assert.Equal(t, []Version{two.Version}, merge(entry("k", 1, "z", "one")))
		assert.Equal(t, "two", value(), "older clock")
		assert.Empty(t, merge(twoOfB))
		assert.Equal(t, "two of b", value(), "equal clocks, greater writer")
		assert.Equal(t, []Version{twoOfB.Version}, merge(two))
		assert.Equal(t, "two of b", value())

		require.NoError(t, e.Remove([]Version{entry("k", 2, "a", "").Version}, false))
		assert.Equal(t, "two of b", value(), "other version")
		require.NoError(t, e.Remove([]Version{entry("k", 2, "b", "").Version, {Key: "nothing"}}, false))
		_, ok, err = e.Get("k")
		require.NoError(t, err)
		assert.False(t, ok)
	})
}

func TestEngineMergeCommutes(t *testing.T) {
	t.Parallel()
	var entries []Entry
	for i := range 40 {
		e := entry("k"+strconv.Itoa(i%4), rand.Uint64N(10), string(rune('a'+rand.IntN(3))), strconv.Itoa(i))
		e.Deleted = i%7 == 0
		e.Value = []byte(fmt.Sprint(e.Timestamp, e.Key)) // the same version has the same value
		entries = append(entries, e)
	}
	state := func(e Engine) (all []Entry) {
		for i := range 4 {
			got, _, err := e.Get("k" + strconv.Itoa(i))
			require.NoError(t, err)
			all = append(all, Entry{Version{Key: got.Key, Timestamp: got.Timestamp}, got.Value})
		}
		return all
	}
	first := NewMemory()
	require.NoError(t, merged(first.Merge(entries)))
	want := state(first)
	for range 50 {
		rand.Shuffle(len(entries), func(i, j int) { entries[i], entries[j] = entries[j], entries[i] })
		e := NewMemory()
		for _, one := range entries {
			require.NoError(t, merged(e.Merge([]Entry{one})))
		}
		require.Equal(t, want, state(e))
	}
}

func TestEngineScan(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, e Engine) {
		var entries []Entry
		for i := range 1000 {
			entries = append(entries, entry(strconv.Itoa(i), 1, "a", "v"))
		}
		deleted := entry("gone", 1, "a", "")
		deleted.Deleted = true
		require.NoError(t, merged(e.Merge(append(entries, deleted))))
		seen := map[string]bool{}
		for b := range Buckets {
			versions, err := Versions(e, b)
			require.NoError(t, err)
			for _, s := range versions {
				assert.Equal(t, b, Bucket(s.Key))
				assert.False(t, seen[s.Key])
				seen[s.Key] = true
			}
		}
		assert.Len(t, seen, 1001)
		n, err := Count(e)
		require.NoError(t, err)
		assert.Equal(t, 1000, n, "tombstones are not counted")
	})
}

func TestEngineConcurrentWriters(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, e Engine) {
		var group sync.WaitGroup
		for w := range 8 {
			group.Go(func() {
				for i := range 20 {
					assert.NoError(t, merged(e.Merge([]Entry{entry("k", uint64(i), strconv.Itoa(w), "v")})))
				}
			})
		}
		group.Wait()
		got, _, err := e.Get("k")
		require.NoError(t, err)
		assert.Equal(t, Timestamp{19, "7"}, got.Timestamp)
	})
}

func TestFileReopen(t *testing.T) {
	t.Parallel()
	f, path := openTemp(t)
	deleted := Entry{Version: Version{Key: "gone", Deleted: true, Timestamp: Timestamp{9, "w"}}}
	require.NoError(t, merged(f.Merge([]Entry{entry("", 1, "", ""), entry("touché", 7, "127.0.0.1:9900", "\x00\xff"), deleted})))
	require.NoError(t, f.Close())
	reopened, err := OpenFile(path)
	require.NoError(t, err)
	f = reopened.(*file)
	defer func() { require.NoError(t, f.Close()) }()
	got, ok, err := f.Get("touché")
	require.NoError(t, err)
	require.True(t, ok)
	assert.Equal(t, entry("touché", 7, "127.0.0.1:9900", "\x00\xff"), got)
	got, _, err = f.Get("gone")
	require.NoError(t, err)
	assert.True(t, got.Deleted)
}

func TestFileMeta(t *testing.T) {
	t.Parallel()
	f, path := openTemp(t)
	value, err := f.Meta("generation")
	require.NoError(t, err)
	assert.Empty(t, value)
	require.NoError(t, f.SetMeta("generation", "7"))
	require.NoError(t, f.Close())
	reopened, err := OpenFile(path)
	require.NoError(t, err)
	f = reopened.(*file)
	defer func() { require.NoError(t, f.Close()) }()
	value, err = f.Meta("generation")
	require.NoError(t, err)
	assert.Equal(t, "7", value)
}

func TestFileSetAside(t *testing.T) {
	t.Parallel()
	f, path := openTemp(t)
	ahead, other := entry("k", 9, "w", "ahead"), entry("other", 1, "w", "v")
	require.NoError(t, merged(f.Merge([]Entry{ahead, other})))
	require.NoError(t, f.Remove([]Version{ahead.Version, {Key: "other"}}, true))
	require.NoError(t, f.Close())
	reopened, err := OpenFile(path)
	require.NoError(t, err)
	f = reopened.(*file)
	defer func() { require.NoError(t, f.Close()) }()
	_, ok, err := f.Get("k")
	require.NoError(t, err)
	assert.False(t, ok)
	_, ok, err = f.Get("other")
	require.NoError(t, err)
	assert.True(t, ok, "has another version")
	require.NoError(t, f.db.View(func(tx *bbolt.Tx) error {
		got, err := decode(recordKey("k"), tx.Bucket(asideBucket).Get(recordKey("k")))
		assert.Equal(t, ahead, got)
		return err
	}))
}

func TestFileInUse(t *testing.T) {
	t.Parallel()
	f, path := openTemp(t)
	defer func() { require.NoError(t, f.Close()) }()
	_, err := OpenFile(path)
	require.ErrorContains(t, err, "another process uses the file")
}

func TestFileDamaged(t *testing.T) {
	t.Parallel()
	f, path := openTemp(t)
	var entries []Entry
	for i := range 2000 {
		entries = append(entries, entry(strconv.Itoa(i), 1, "writer", "a value of some length"))
	}
	require.NoError(t, merged(f.Merge(entries)))
	require.NoError(t, f.Close())
	whole, err := os.ReadFile(path)
	require.NoError(t, err)

	damage := map[string]func([]byte) []byte{
		"a record":       func(b []byte) []byte { return flip(b, "a value of some length") },
		"cut off":        func(b []byte) []byte { return b[:len(b)/2] },
		"cut very short": func(b []byte) []byte { return b[:100] },
		"empty":          func([]byte) []byte { return []byte{} },
		"text":           func([]byte) []byte { return []byte("dear diary, this is no database at all") },
		"zeros":          func(b []byte) []byte { return make([]byte, len(b)) },
		"a page of zeros": func(b []byte) []byte {
			for at := 4 * os.Getpagesize(); at < 8*os.Getpagesize(); at++ {
				b[at] = 0
			}
			return b
		},
	}
	for name, do := range damage {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			damaged := do(append([]byte(nil), whole...))
			path := filepath.Join(t.TempDir(), "data")
			require.NoError(t, os.WriteFile(path, damaged, 0o600))
			_, err := OpenFile(path)
			require.ErrorIs(t, err, ErrCorrupt)
			after, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.Equal(t, damaged, after, "file unchanged")
		})
	}
}

func TestFileDamagedWhileOpen(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]func(path string) error{
		"removed":   os.Remove,
		"truncated": func(path string) error { return os.Truncate(path, 100) },
		"replaced": func(path string) error {
			return errors.Join(os.Rename(path, path+".old"), os.WriteFile(path, nil, 0o600))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, path := openTemp(t)
			require.NoError(t, merged(f.Merge([]Entry{entry("k", 1, "w", "v")})))
			require.NoError(t, damage(path))
			require.ErrorIs(t, merged(f.Merge([]Entry{entry("k", 2, "w", "v")})), ErrCorrupt)
			_, _, err := f.Get("k")
			require.ErrorIs(t, err, ErrCorrupt)
			require.NoError(t, f.Close())
		})
	}
}

// flip changes one bit in the first occurrence of the text.
func flip(b []byte, text string) []byte {
	for at := range b {
		if string(b[at:min(at+len(text), len(b))]) == text {
			b[at] ^= 1
			return b
		}
	}
	return b
}

func TestFileForeignDatabase(t *testing.T) {
	t.Parallel()
	f, path := openTemp(t)
	require.NoError(t, f.db.Update(func(tx *bbolt.Tx) error {
		return errors.Join(tx.DeleteBucket(formatBucket))
	}))
	require.NoError(t, f.Close())
	_, err := OpenFile(path)
	require.ErrorIs(t, err, ErrCorrupt)
	require.ErrorContains(t, err, "of another program")
}

func FuzzDecode(f *testing.F) {
	good := entry("k", 7, "w", "v")
	f.Add(recordKey("k"), encode(good))
	f.Add([]byte{}, []byte{})
	f.Fuzz(func(t *testing.T, key, record []byte) {
		e, err := decode(key, record)
		if err == nil {
			require.Equal(t, record, encode(e), "an accepted record encodes to itself")
		}
	})
}

func TestClock(t *testing.T) {
	t.Parallel()
	now := time.UnixMilli(10_000_000)
	c := Clock{Now: func() time.Time { return now }}
	first := c.Tick()
	assert.Equal(t, now.UnixMilli(), Time(first).UnixMilli())
	assert.Greater(t, c.Tick(), first, "same millisecond")
	now = now.Add(-time.Second)
	assert.Greater(t, c.Tick(), first, "wall clock set back")
	ahead := first + 5000<<counterBits
	require.NoError(t, c.Observe(ahead))
	assert.Greater(t, c.Tick(), ahead, "after an observed reading")
	require.ErrorIs(t, c.Observe(first+uint64(time.Hour.Milliseconds())<<counterBits), ErrAhead)
	assert.Less(t, c.Tick(), ahead+10, "a rejected reading has no effect")
	now = now.Add(-time.Hour)
	assert.Equal(t, now.UnixMilli(), Time(c.Tick()).UnixMilli(), "wall clock set back by an hour")
}
