package term

import (
	"errors"
	"io"
	"os"
	"path/filepath"
)

// WriteFile creates or truncates a file and calls write on it. After an error the
// partial file remains.
func WriteFile(path string, write func(io.Writer) error) error {
	return fill(path, os.O_TRUNC, write)
}

// AppendFile opens a file for appending and calls write on it.
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

// RewriteFile atomically replaces the content of an existing file. On failure the
// old content stays. It follows a symbolic link and keeps the mode of the file.
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
