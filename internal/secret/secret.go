// Package secret reads files with secrets. It bounds what it reads and how long
// it waits, so that no file can exhaust memory or block a program.
package secret

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/proxenos/proxenos/internal/nonblock"
)

const (
	// MaxFile is enough for the secrets of a file, in bytes.
	MaxFile = 64 << 10

	// MinLength is the least number of bytes of a secret.
	MinLength = 16

	// pipeTimeout bounds the wait for a pipe.
	pipeTimeout = 10 * time.Second
)

// ReadFile returns the content of a file of at most limit bytes. It also reads
// pipes, such as <(pass show gossip), for up to ten seconds or until ctx ends. A
// pipe without a writer is an error, as it reads like an empty file.
func ReadFile(ctx context.Context, path string, limit int) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|nonblock.Flag, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()                                    //nolint:errcheck // the file is only read
	_ = f.SetReadDeadline(time.Now().Add(pipeTimeout)) // fails for a regular file
	stop := context.AfterFunc(ctx, func() { _ = f.SetReadDeadline(time.Now()) })
	defer stop()
	content, err := io.ReadAll(io.LimitReader(f, int64(limit)+1))
	switch {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("reading %s: %w", path, ctx.Err())
	case err != nil:
		return nil, err
	case len(content) > limit:
		return nil, fmt.Errorf("%s exceeds the limit of %d bytes", path, limit)
	case len(content) == 0 && isPipe(f):
		return nil, fmt.Errorf("%s: the pipe is empty and has no writer", path)
	}
	return content, nil
}

func isPipe(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeNamedPipe != 0
}

// Lines returns the secrets in a text, one a line. It skips empty lines. Each
// secret must be text of [MinLength] bytes or more, as a line end within binary
// data would cut it.
func Lines(text []byte) ([][]byte, error) {
	var secrets [][]byte
	number := 0
	for line := range bytes.Lines(text) {
		number++
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			continue
		}
		if !utf8.Valid(line) || bytes.ContainsFunc(line, unicode.IsControl) {
			return nil, fmt.Errorf("line %d of the secret is not text: encode it as hex or base64", number)
		}
		if err := CheckLength(line); err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		secrets = append(secrets, line)
	}
	if secrets == nil {
		return nil, errors.New("the secret is empty")
	}
	return secrets, nil
}

// CheckLength returns an error for a secret that is too short.
func CheckLength(secret []byte) error {
	switch {
	case len(secret) == 0:
		return errors.New("the secret is empty")
	case len(secret) < MinLength:
		return fmt.Errorf("the secret is too short: %d of at least %d bytes", len(secret), MinLength)
	}
	return nil
}

// Exposed reports whether other users may read the file.
func Exposed(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0
}
