package cli

import (
	"errors"
	"fmt"
	"strings"
)

// verdict gathers what a command was asked to make sure of and found not to
// be so. Figures are printed all the same.
type verdict struct{ failures []string }

// failf adds a failure. What it quotes is escaped.
func (v *verdict) failf(format string, args ...any) {
	v.failures = append(v.failures, tame(fmt.Sprintf(format, args...)))
}

// someKeys fails if there are none: who looks at nothing finds nothing wrong.
func (v *verdict) someKeys(count int64) {
	if count == 0 {
		v.failf("there are no keys to look at")
	}
}

// result returns an error if anything failed.
func (v *verdict) result() error {
	if len(v.failures) == 0 {
		return nil
	}
	return as(errCheck, errors.New(strings.Join(v.failures, "; ")))
}
