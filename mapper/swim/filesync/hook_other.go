//go:build !unix

package filesync

import (
	"io/fs"
	"os/exec"
)

// trusted checks nothing: files here have no owner or mode.
func trusted(fs.FileInfo) error { return nil }

func withGroup(*exec.Cmd) {}
