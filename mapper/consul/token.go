package consul

import (
	"io"
	"os"
	"strings"
	"sync"
)

// maxToken is more bytes than any token has.
const maxToken = 64 << 10

// tokenFile reads an ACL token. A regular file is read each time. Anything else,
// such as a pipe, gives its content only once, which is kept.
type tokenFile struct {
	path string

	mu   sync.Mutex
	once string // the content of what is not a regular file
}

// read returns the token, or nothing if there is no file.
func (t *tokenFile) read() (string, error) {
	if t == nil {
		return "", nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.once != "" {
		return t.once, nil
	}
	token, regular, err := readToken(t.path)
	if err == nil && !regular {
		t.once = token
	}
	return token, err
}

func readToken(path string) (token string, regular bool, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", false, configError("the ACL token: %w", err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	info, err := f.Stat()
	if err != nil {
		return "", false, configError("the ACL token: %w", err)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxToken))
	if err != nil {
		return "", false, configError("the ACL token: %w", err)
	}
	if token = strings.TrimSpace(string(data)); token == "" {
		return "", false, configError("the ACL token: file %q is empty", path)
	}
	return token, info.Mode().IsRegular(), nil
}
