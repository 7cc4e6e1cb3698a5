//go:build !plan9

package retry

import (
	"errors"
	"syscall"
)

// isRefused reports whether nothing listens at an address.
func isRefused(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }
