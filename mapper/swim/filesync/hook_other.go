//go:build !unix

package filesync

import (
	"io/fs"
	"os/exec"
)

// trusted has no owner or mode to ask for here.
func trusted(fs.FileInfo) error { return nil }

func withGroup(*exec.Cmd) {}
