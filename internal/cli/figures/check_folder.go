package figures

import (
	"context"
	"errors"
	"fmt"
	"io"
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

// checkFolder is a check file and its folder, the only one that it may read.
// [os.Root] follows no symbolic link out of it.
type checkFolder struct {
	path string
	name string // in messages
	root *os.Root
	data []byte
	file *checkfile.File
}

func openCheckFolder(path string) (*checkFolder, error) {
	d := &checkFolder{path: path, name: term.Escape(path)}
	var err error
	if d.root, err = os.OpenRoot(filepath.Dir(path)); err != nil {
		return nil, err
	}
	if err := d.read(); err != nil {
		d.close()
		return nil, err
	}
	return d, nil
}

func (d *checkFolder) close() {
	d.root.Close() //nolint:errcheck // it was only read
}

func (d *checkFolder) read() error {
	f, err := d.open(filepath.Base(d.path), "the check file")
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

// open opens a file in the folder for reading.
func (d *checkFolder) open(path, what string) (*os.File, error) {
	if !filepath.IsLocal(path) {
		return nil, d.outside(path, what, errors.New("it is outside the folder of the check file"))
	}
	info, err := d.root.Stat(path)
	if err != nil {
		return nil, d.outside(path, what, err)
	}
	// Opening a named pipe would block.
	if !info.Mode().IsRegular() {
		return nil, d.outside(path, what, errors.New("it is not a regular file"))
	}
	return d.root.Open(path)
}

func (d *checkFolder) outside(path, what string, err error) error {
	var of *os.PathError
	if errors.As(err, &of) {
		err = of.Err
	}
	return term.Hint(fmt.Errorf("%s: %s %q: %w", d.name, what, path, err), "a check file can only name files in its own folder")
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
