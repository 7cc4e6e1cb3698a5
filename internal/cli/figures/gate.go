package figures

import (
	"errors"
	"fmt"
	"strings"

	"github.com/proxenos/proxenos/internal/cli/term"
)

// gateResult gathers what a command was asked to make sure of and found not to
// be so. Figures are printed all the same.
type gateResult struct{ failures []string }

// failf adds a failure. What it quotes is escaped.
func (v *gateResult) failf(format string, args ...any) {
	v.failures = append(v.failures, term.Escape(fmt.Sprintf(format, args...)))
}

// someKeys fails if there are none: who looks at nothing finds nothing wrong.
func (v *gateResult) someKeys(count int64) {
	if count == 0 {
		v.failf("there are no keys to look at")
	}
}

// result returns an error if anything failed.
func (v *gateResult) result() error {
	if len(v.failures) == 0 {
		return nil
	}
	return term.WithCode(term.ErrCheck, errors.New(strings.Join(v.failures, "; ")))
}
