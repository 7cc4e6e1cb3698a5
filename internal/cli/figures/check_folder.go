package figures

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/proxenos/proxenos/internal/checkfile"
	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/mapper/static"
)

// checkFolder is a check file with the folder that it may read. The operating
// system follows no link out of it.
type checkFolder struct {
	path string
	name string // in messages
	root *os.Root
	data []byte
	file *checkfile.File
}

func openCheckFolder(path string) (*checkFolder, error) {
	r := &checkFolder{path: path, name: term.Escape(path)}
	var err error
	if r.root, err = os.OpenRoot(filepath.Dir(path)); err != nil {
		return nil, err
	}
	if err := r.read(); err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

func (r *checkFolder) close() {
	r.root.Close() //nolint:errcheck // it was only read
}

func (r *checkFolder) read() error {
	f, err := r.open(filepath.Base(r.path), "the check file")
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // it was only read
	if r.data, err = io.ReadAll(io.LimitReader(f, checkfile.MaxSize+1)); err != nil {
		return err
	}
	if r.file, err = checkfile.Parse(r.data, r.name); err != nil {
		return term.Hint(err, "proxenos check --help shows an example, and --schema the format")
	}
	return nil
}

// open opens a file of the folder for reading.
func (r *checkFolder) open(path, what string) (*os.File, error) {
	if !filepath.IsLocal(path) {
		return nil, r.outside(path, what, errors.New("it is not below the folder of the check file"))
	}
	info, err := r.root.Stat(path)
	if err != nil {
		return nil, r.outside(path, what, err)
	}
	// A pipe would hold up the check until somebody writes to it.
	if !info.Mode().IsRegular() {
		return nil, r.outside(path, what, errors.New("it is not a file"))
	}
	return r.root.Open(path)
}

func (r *checkFolder) outside(path, what string, err error) error {
	var of *os.PathError
	if errors.As(err, &of) {
		err = of.Err
	}
	return term.Hint(fmt.Errorf("%s: %s %q: %w", r.name, what, path, err), "a check file reads only files below its own folder")
}

// list reads a file of nodes.
func (r *checkFolder) list(path string) (*static.List, error) {
	f, err := r.open(path, "nodes")
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // it was only read
	list, err := static.Read(f, path)
	if err != nil {
		return nil, term.Hint(err, "see proxenos help sources for the format")
	}
	return list, nil
}
