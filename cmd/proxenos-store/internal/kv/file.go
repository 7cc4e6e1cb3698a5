package kv

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// File is an [Engine] in a file. Entries that Merge has stored survive a crash of
// the process or of the machine.
type File struct {
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
func OpenFile(path string) (*File, error) {
	if err := checkMagic(path); err != nil {
		return nil, err
	}
	var f *File
	var faulted atomic.Bool
	err := guard(func() (err error) {
		f, err = open(path)
		return err
	}, &faulted)
	switch {
	case errors.Is(err, ErrCorrupt), err == nil:
	case errors.Is(err, bolterrors.ErrTimeout):
		err = errors.New("another process uses the file")
	case errors.Is(err, bolterrors.ErrInvalid), errors.Is(err, bolterrors.ErrChecksum), errors.Is(err, bolterrors.ErrVersionMismatch):
		err = fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	if err != nil {
		return nil, fmt.Errorf("data file %q: %w", path, err)
	}
	return f, nil
}

// checkMagic rejects a file without the magic number of bbolt, which bbolt might
// otherwise initialize.
func checkMagic(path string) error {
	head := make([]byte, 24)
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	if n, _ := file.Read(head); n < len(head) || !bytes.Contains(head, []byte{0xed, 0xda, 0x0c, 0xed}) && !bytes.Contains(head, []byte{0xed, 0x0c, 0xda, 0xed}) {
		return fmt.Errorf("data file %q: %w: it is not a bbolt database", path, ErrCorrupt)
	}
	return nil
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

func open(path string) (*File, error) {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: lockTime, FreelistType: bbolt.FreelistMapType, NoStatistics: true})
	if err != nil {
		return nil, err
	}
	f := &File{db: db, path: path, commits: make(chan commit, maxBatch)}
	if f.info, err = os.Stat(path); err == nil {
		err = f.check()
	}
	if err == nil {
		err = f.prepare()
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	go f.commitLoop()
	return f, nil
}

// check reads every record. A new file has none.
func (f *File) check() error {
	return f.db.View(func(tx *bbolt.Tx) error {
		format := tx.Bucket(formatBucket)
		if format == nil {
			if name, _ := tx.Cursor().First(); name != nil {
				return fmt.Errorf("%w: it is the database of another program", ErrCorrupt)
			}
			return nil
		}
		if got := format.Get(formatKey); !bytes.Equal(got, formatValue) {
			return fmt.Errorf("%w: the format is %q, want %q", ErrCorrupt, got, formatValue)
		}
		return tx.Bucket(entriesBucket).ForEach(func(k, v []byte) error {
			_, err := decode(k, v)
			return err
		})
	})
}

// prepare creates the buckets of a new file.
func (f *File) prepare() error {
	return f.db.Update(func(tx *bbolt.Tx) error {
		for _, name := range [][]byte{entriesBucket, asideBucket, metaBucket} {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		format, err := tx.CreateBucketIfNotExists(formatBucket)
		if err != nil {
			return err
		}
		return format.Put(formatKey, formatValue)
	})
}

// Get returns the entry of a key, which may be a tombstone.
func (f *File) Get(key string) (e Entry, ok bool, err error) {
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

// Merge stores the entries that are newer than those present, and returns the
// present versions that are newer than an entry. Concurrent calls share a
// transaction.
func (f *File) Merge(entries []Entry) (newer []Version, err error) {
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

// Drop removes the keys whose stored versions are exactly these.
func (f *File) Drop(versions []Version) error {
	return f.remove(versions, func(*bbolt.Tx, []byte, []byte) error { return nil })
}

// SetAside moves the entries with exactly these versions to a bucket of their own.
func (f *File) SetAside(versions []Version) error {
	return f.remove(versions, func(tx *bbolt.Tx, key, record []byte) error {
		return tx.Bucket(asideBucket).Put(key, record)
	})
}

// remove calls before for the records of exactly these versions and removes them.
func (f *File) remove(versions []Version, before func(tx *bbolt.Tx, key, record []byte) error) error {
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
			if err := before(tx, k, v); err != nil {
				return err
			}
			if err := bucket.Delete(k); err != nil {
				return err
			}
		}
		return nil
	})
}

// Scan calls visit with the versions of a bucket in key order.
func (f *File) Scan(bucket int, visit func(Version) bool) error {
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

// Meta returns a value stored by SetMeta, or "".
func (f *File) Meta(name string) (value string, err error) {
	err = f.view(func(tx *bbolt.Tx) error {
		value = string(tx.Bucket(metaBucket).Get([]byte(name)))
		return nil
	})
	return value, err
}

// SetMeta stores a value.
func (f *File) SetMeta(name, value string) error {
	return f.update(func(tx *bbolt.Tx) error { return tx.Bucket(metaBucket).Put([]byte(name), []byte(value)) })
}

var _ Engine = (*File)(nil)
