package figures

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/proxenos/proxenos/internal/checkfile"
	"github.com/proxenos/proxenos/internal/cli/place"
	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/static"
)

// checkFormat is the format of check files.
var checkFormat = &checkfile.Format{Algorithms: place.AlgorithmNames(), Hashes: place.HashNames()}

// checkFolder is a check file and the root directory, the only one of which it may
// read files: its own, unless --root names another. [os.Root] follows no symbolic
// link out of it.
type checkFolder struct {
	path string
	name string // in messages
	root *os.Root
	in   string // the directory of the check file, relative to the root
	data []byte
	file *checkfile.File
}

// openCheckFolder opens a check file. The root is the directory of the file if it
// is empty.
func openCheckFolder(path, root string) (*checkFolder, error) {
	d := &checkFolder{path: path, name: term.Escape(path), in: "."}
	dir := filepath.Dir(path)
	if root == "" {
		root = dir
	}
	var err error
	if d.in, err = relative(root, dir); err != nil {
		return nil, err
	}
	if !filepath.IsLocal(d.in) {
		return nil, term.Hint(term.Usagef("%q is outside --root %q", path, root), "--root is a directory above the check file")
	}
	if d.root, err = os.OpenRoot(root); err != nil {
		if _, missing := os.Stat(path); errors.Is(missing, fs.ErrNotExist) {
			err = noCheckFile(path)
		}
		return nil, err
	}
	if err := d.read(); err != nil {
		d.close()
		return nil, err
	}
	return d, nil
}

func noCheckFile(path string) error {
	return term.Hint(fmt.Errorf("no check file %q", path), "proxenos check --help shows one")
}

// relative returns the path of dir relative to root.
func relative(root, dir string) (string, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return "", err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return "", err
	}
	return filepath.Rel(root, dir)
}

func (d *checkFolder) close() {
	d.root.Close() //nolint:errcheck // it was only read
}

func (d *checkFolder) read() error {
	f, err := d.open(filepath.Base(d.path), "the check file")
	if errors.Is(err, fs.ErrNotExist) {
		return noCheckFile(d.path)
	}
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // it was only read
	if d.data, err = io.ReadAll(io.LimitReader(f, checkfile.MaxSize+1)); err != nil {
		return err
	}
	if d.file, err = checkFormat.Parse(d.data, d.name); err != nil {
		return term.Hint(err, "proxenos check --help shows an example; --schema prints the format")
	}
	return nil
}

// open opens a file for reading. Its path is relative to the check file. Errors name
// the check file.
func (d *checkFolder) open(path, what string) (*os.File, error) {
	f, err := d.openSetting(path, what)
	if err != nil {
		return nil, term.Hint(fmt.Errorf("%s: %w", d.name, err), "%s", term.HintOf(err))
	}
	return f, nil
}

// openSetting is like open. Its errors name the setting only.
func (d *checkFolder) openSetting(path, what string) (*os.File, error) {
	inRoot := filepath.Join(d.in, path)
	if filepath.IsAbs(path) || !filepath.IsLocal(inRoot) {
		return nil, outside(path, what, errors.New("it is outside the root directory"))
	}
	info, err := d.root.Stat(inRoot)
	if err != nil {
		return nil, outside(path, what, err)
	}
	// Opening a named pipe would block.
	if !info.Mode().IsRegular() {
		return nil, outside(path, what, errors.New("it is not a regular file"))
	}
	return d.root.Open(inRoot)
}

func outside(path, what string, err error) error {
	var of *os.PathError
	if errors.As(err, &of) {
		err = of.Err
	}
	hint := "a check file can only name files in its own directory, or in that of --root"
	if errors.Is(err, fs.ErrNotExist) {
		hint = "paths are relative to the check file"
	}
	return term.Hint(fmt.Errorf("%s %q: %w", what, path, err), "%s", hint)
}

// nodes returns the nodes of a list or of a file in the folder.
func (d *checkFolder) nodes(ctx context.Context, from checkfile.Nodes) ([]mapper.Node, error) {
	var list *static.List
	var err error
	if from.Inline != nil {
		if list, err = static.Flags(from.Inline); err != nil {
			err = fileFault(d.name, err)
		}
	} else {
		list, err = d.list(from.File)
	}
	if err != nil {
		return nil, err
	}
	return list.Nodes(ctx)
}

// list reads a file of nodes.
func (d *checkFolder) list(path string) (*static.List, error) {
	f, err := d.open(path, "nodes")
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // it was only read
	list, err := static.Read(f, path)
	if err != nil {
		return nil, term.Hint(err, "proxenos help sources describes the format")
	}
	return list, nil
}
