// Package atomicfile reads and replaces state files. Even if the process or
// the machine crashes, a file holds the old content or the new one, never a
// part of either. The package does not handle streams, such as pipes and
// devices.
package atomicfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/proxenos/proxenos/internal/nonblock"
)

// ErrNotRegular refuses a path that exists and is not a regular file, such as a
// device, a pipe or a directory: renaming over it would destroy it.
var ErrNotRegular = errors.New("not a regular file")

// Write replaces the content of the file at path. It writes a temporary file in
// the same folder, syncs and renames it, and syncs the folder. A symbolic link
// is followed and stays. A new file gets the mode perm; one that exists keeps
// its own. After an error the file is as it was. Write also removes temporary
// files that killed writers left behind. Its errors do not name the path.
func Write(path string, data []byte, perm fs.FileMode) error {
	path, perm, err := target(path, perm)
	if err != nil {
		return withoutPath(err)
	}
	dir, name := filepath.Split(path)
	if dir == "" {
		dir = "."
	}
	temporary, err := writeTemporary(dir, name, data, perm)
	if err != nil {
		return withoutPath(err)
	}
	if err := os.Rename(temporary, path); err != nil {
		return errors.Join(withoutPath(err), os.Remove(temporary))
	}
	sweep(dir, name)
	return syncDir(dir)
}

// target returns the file behind path and the mode that it is to have.
func target(path string, perm fs.FileMode) (string, fs.FileMode, error) {
	path, err := followLinks(path)
	if err != nil {
		return "", 0, err
	}
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return path, perm, nil
	case err != nil:
		return "", 0, err
	case !info.Mode().IsRegular():
		return "", 0, ErrNotRegular
	}
	return path, info.Mode().Perm(), nil
}

// maxLinks is how many links are followed: as many as Linux follows.
const maxLinks = 40

// followLinks returns where a link leads, even if nothing is there yet.
func followLinks(path string) (string, error) {
	for range maxLinks {
		link, err := os.Readlink(path)
		if err != nil {
			return path, nil // not a link, or nothing
		}
		if !filepath.IsAbs(link) {
			dir, err := filepath.EvalSymlinks(filepath.Dir(path))
			if err != nil {
				return "", err
			}
			link = filepath.Join(dir, link)
		}
		path = link
	}
	return "", errors.New("too many symbolic links")
}

// writeTemporary returns the name of a synced file with the data.
func writeTemporary(dir, name string, data []byte, perm fs.FileMode) (string, error) {
	f, err := os.CreateTemp(dir, "."+name+".*"+suffix)
	if err != nil {
		return "", err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Chmod(perm)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return f.Name(), nil
}

const (
	suffix    = ".tmp"
	abandoned = time.Minute // after which no writer is working on a temporary file
)

// sweep removes what writers that were killed left behind.
func sweep(dir, name string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return // the folder is only tidier without them
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), "."+name+".") || !strings.HasSuffix(e.Name(), suffix) {
			continue
		}
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() && time.Since(info.ModTime()) > abandoned {
			_ = os.Remove(filepath.Join(dir, e.Name())) // likewise
		}
	}
}

// Read returns the content of a regular file of at most limit bytes. It does
// not block on a pipe. Its errors do not name the path.
func Read(path string, limit int64) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|nonblock.Flag, 0)
	if err != nil {
		return nil, withoutPath(err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	info, err := f.Stat()
	if err != nil {
		return nil, withoutPath(err)
	}
	if !info.Mode().IsRegular() {
		return nil, ErrNotRegular
	}
	var data bytes.Buffer
	if n, err := io.Copy(&data, io.LimitReader(f, limit+1)); err != nil {
		return nil, withoutPath(err)
	} else if n > limit {
		return nil, fmt.Errorf("larger than %d bytes", limit)
	}
	return data.Bytes(), nil
}

// withoutPath drops the path, which callers name in their own words.
func withoutPath(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	if e, ok := errors.AsType[*os.LinkError](err); ok {
		return e.Err
	}
	return err
}
