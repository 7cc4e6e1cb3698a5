package kv

import (
	"fmt"
	"os"

	"go.etcd.io/bbolt"
)

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

// view runs a read-only transaction.
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
