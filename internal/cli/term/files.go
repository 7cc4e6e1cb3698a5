package term

import (
	"errors"
	"io"
	"os"
	"path/filepath"
)

// WriteFile makes a file of what write writes. A file that could not be
// written whole is left as it is, for a look.
func WriteFile(path string, write func(io.Writer) error) error {
	return fill(path, os.O_TRUNC, write)
}

// AppendFile adds to a file what write writes.
func AppendFile(path string, write func(io.Writer) error) error {
	return fill(path, os.O_APPEND, write)
}

func fill(path string, flag int, write func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|flag, 0o666)
	if err != nil {
		return err
	}
	return WithCode(ErrIO, errors.Join(write(f), f.Close()))
}

// RewriteFile gives a file that exists new content. It is the old or the new
// whenever it is read, and the old if something fails, as when the disk is
// full. A link stays one, and the mode of the file stays what it was.
func RewriteFile(path string, content []byte) error {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*.tmp")
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	err = errors.Join(err, f.Chmod(info.Mode().Perm()), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return WithCode(ErrIO, errors.Join(err, os.Remove(f.Name())))
	}
	return nil
}
