package kv

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// file is an [Engine] in a file. Entries that Merge has stored survive a crash of
// the process or of the machine.
type file struct {
	db      *bbolt.DB
	path    string
	info    os.FileInfo
	size    atomic.Int64 // when last seen
	faulted atomic.Bool  // the file was damaged while it was open
	commits chan commit
}

var (
	entriesBucket = []byte("entries")
	asideBucket   = []byte("aside")
	metaBucket    = []byte("meta")
	formatBucket  = []byte("proxenos-store")
	formatKey     = []byte("format")
	formatValue   = []byte("1")
)

// maxBatch is how many transactions at most share a write to the disk.
const maxBatch = 1000

// lockTime is how long to wait for another process to release the file.
const lockTime = time.Second

// OpenFile opens a data file or creates it. It reads the whole file, which takes
// a moment per gigabyte, to find damage now and not in a later read. For a file
// that is damaged or not a data file it returns [ErrCorrupt] and does not change
// the file.
func OpenFile(path string) (Engine, error) {
	f := &file{path: path, commits: make(chan commit, maxBatch)}
	err := guard(f.open, &f.faulted)
	var system syscall.Errno
	switch {
	case err == nil:
		go f.commitLoop()
		return f, nil
	case errors.Is(err, bolterrors.ErrTimeout):
		err = errors.New("another process uses the file")
	case !errors.Is(err, ErrCorrupt) && !errors.As(err, &system):
		err = fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return nil, fmt.Errorf("data file %q: %w", path, err)
}

// guard turns a panic into an error. bbolt panics on malformed pages, and reading
// past the end of a truncated file faults, as the file is mapped into memory.
func guard(f func() error, faulted *atomic.Bool) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			faulted.Store(true)
			err = fmt.Errorf("%w: %v", ErrCorrupt, p)
		}
	}()
	return f()
}

func (f *file) open() (err error) {
	if info, err := os.Stat(f.path); err == nil && info.Size() == 0 {
		return fmt.Errorf("%w: it is empty", ErrCorrupt) // bbolt would initialize it
	}
	f.db, err = bbolt.Open(f.path, 0o600, &bbolt.Options{Timeout: lockTime, FreelistType: bbolt.FreelistMapType, NoStatistics: true})
	if err != nil {
		return err
	}
	if f.info, err = os.Stat(f.path); err == nil {
		err = f.db.Update(check) // rolls back on an error, which changes nothing
	}
	if err != nil {
		return errors.Join(err, f.db.Close())
	}
	return nil
}

// check reads every record. It creates the buckets of a new file, which has none.
func check(tx *bbolt.Tx) error {
	format := tx.Bucket(formatBucket)
	if format == nil {
		if name, _ := tx.Cursor().First(); name != nil {
			return fmt.Errorf("%w: it is the database of another program", ErrCorrupt)
		}
		for _, name := range [][]byte{entriesBucket, asideBucket, metaBucket, formatBucket} {
			if _, err := tx.CreateBucket(name); err != nil {
				return err
			}
		}
		return tx.Bucket(formatBucket).Put(formatKey, formatValue)
	}
	if got := format.Get(formatKey); !bytes.Equal(got, formatValue) {
		return fmt.Errorf("%w: the format is %q, want %q", ErrCorrupt, got, formatValue)
	}
	return tx.Bucket(entriesBucket).ForEach(func(k, v []byte) error {
		_, err := decode(k, v)
		return err
	})
}

func (f *file) Get(key string) (e Entry, ok bool, err error) {
	err = f.view(func(tx *bbolt.Tx) error {
		k := recordKey(key)
		v := tx.Bucket(entriesBucket).Get(k)
		if v == nil {
			return nil
		}
		ok = true
		e, err = decode(k, v)
		e.Value = slices.Clone(e.Value) // v is invalid after the transaction
		return err
	})
	return e, ok && err == nil, err
}

// Merge shares a transaction with concurrent calls.
func (f *file) Merge(entries []Entry) (newer []Version, err error) {
	if len(entries) == 0 {
		return nil, nil
	}
	err = f.update(func(tx *bbolt.Tx) error {
		newer = nil // this runs again if another transaction fails
		bucket := tx.Bucket(entriesBucket)
		for _, e := range entries {
			v, err := mergeRecord(bucket, e)
			if err != nil {
				return err
			}
			if v.Newer(e.Version) {
				newer = append(newer, v)
			}
		}
		return nil
	})
	return newer, err
}

// mergeRecord returns the version that the bucket then holds.
func mergeRecord(bucket *bbolt.Bucket, e Entry) (Version, error) {
	k := recordKey(e.Key)
	if v := bucket.Get(k); v != nil {
		old, err := decode(k, v)
		if err != nil {
			return Version{}, err
		}
		if !e.Newer(old.Version) {
			return old.Version, nil
		}
	}
	return e.Version, bucket.Put(k, encode(e))
}

func (f *file) Remove(versions []Version, aside bool) error {
	if len(versions) == 0 {
		return nil
	}
	return f.update(func(tx *bbolt.Tx) error {
		bucket := tx.Bucket(entriesBucket)
		for _, version := range versions {
			k := recordKey(version.Key)
			v := bucket.Get(k)
			if v == nil {
				continue
			}
			if old, err := decode(k, v); err != nil || old.Version != version {
				continue
			}
			if aside {
				if err := tx.Bucket(asideBucket).Put(k, v); err != nil {
					return err
				}
			}
			if err := bucket.Delete(k); err != nil {
				return err
			}
		}
		return nil
	})
}

func (f *file) Scan(bucket int, visit func(Version) bool) error {
	return f.view(func(tx *bbolt.Tx) error {
		prefix := []byte{byte(bucket)}
		c := tx.Bucket(entriesBucket).Cursor()
		for k, v := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, v = c.Next() {
			e, err := decode(k, v)
			if err != nil {
				return err
			}
			if !visit(e.Version) {
				return nil
			}
		}
		return nil
	})
}

func (f *file) Meta(name string) (value string, err error) {
	err = f.view(func(tx *bbolt.Tx) error {
		value = string(tx.Bucket(metaBucket).Get([]byte(name)))
		return nil
	})
	return value, err
}

func (f *file) SetMeta(name, value string) error {
	return f.update(func(tx *bbolt.Tx) error { return tx.Bucket(metaBucket).Put([]byte(name), []byte(value)) })
}

// commit is a transaction to run, and where its error goes.
type commit struct {
	do   func(*bbolt.Tx) error
	done chan error
}

// update runs a transaction. Those of concurrent calls share a write to the disk.
func (f *file) update(do func(*bbolt.Tx) error) error {
	c := commit{do, make(chan error, 1)}
	f.commits <- c
	return <-c.done
}

// commitLoop commits until the file is closed. A transaction that fails is undone, so
// after a failure each is committed alone.
func (f *file) commitLoop() {
	for first := range f.commits {
		batch := []commit{first}
		for waiting := len(f.commits); waiting > 0; waiting-- {
			batch = append(batch, <-f.commits)
		}
		err := f.commit(batch)
		for _, c := range batch {
			if err != nil && len(batch) > 1 {
				c.done <- f.commit([]commit{c})
			} else {
				c.done <- err
			}
		}
	}
}

func (f *file) commit(batch []commit) error {
	return f.whileIntact(func() error {
		return f.db.Update(func(tx *bbolt.Tx) error {
			for _, c := range batch {
				if err := c.do(tx); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

func (f *file) view(do func(*bbolt.Tx) error) error {
	return f.whileIntact(func() error { return f.db.View(do) })
}

// whileIntact runs do unless the file was removed, replaced or truncated. The process
// would otherwise write to a file without a name, or fault on a page that is gone.
func (f *file) whileIntact(do func() error) error {
	info, err := os.Stat(f.path)
	switch {
	case err != nil || !os.SameFile(info, f.info):
		err = fmt.Errorf("%w: it was removed or replaced", ErrCorrupt)
	case info.Size() < f.size.Load():
		err = fmt.Errorf("%w: it was truncated", ErrCorrupt)
	default:
		f.size.Store(info.Size())
		return guard(do, &f.faulted)
	}
	f.faulted.Store(true)
	return err
}

// Close closes the file. A damaged one is left as it is until the process ends, as
// bbolt cannot release it.
func (f *file) Close() error {
	close(f.commits)
	if f.faulted.Load() {
		return nil
	}
	return f.db.Close()
}
