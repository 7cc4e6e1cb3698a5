package cli

import (
	"errors"
	"io"
	"os"
)

// writeFile makes a file of what write writes. A file that could not be
// written whole is left as it is, for a look.
func writeFile(path string, write func(io.Writer) error) error {
	return fill(path, os.O_TRUNC, write)
}

// appendFile adds to a file what write writes.
func appendFile(path string, write func(io.Writer) error) error {
	return fill(path, os.O_APPEND, write)
}

func fill(path string, flag int, write func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|flag, 0o666)
	if err != nil {
		return err
	}
	return as(errIO, errors.Join(write(f), f.Close()))
}
