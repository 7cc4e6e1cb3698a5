package figures

import (
	"errors"
	"fmt"
	"strings"

	"github.com/proxenos/proxenos/internal/cli/term"
)

// gateResult collects the gates that failed. Figures are printed regardless.
type gateResult struct{ failures []string }

// failf adds a failure. It escapes the message for logs.
func (v *gateResult) failf(format string, args ...any) {
	v.failures = append(v.failures, term.Escape(fmt.Sprintf(format, args...)))
}

// someKeys fails if there are no keys, as every other gate would pass then.
func (v *gateResult) someKeys(count int64) {
	if count == 0 {
		v.failf("there are no keys to check")
	}
}

// result returns an error if a gate failed.
func (v *gateResult) result() error {
	if len(v.failures) == 0 {
		return nil
	}
	return term.WithCode(term.ErrCheck, errors.New(strings.Join(v.failures, "; ")))
}

// errPartialPart returns the error of a gate over merged results of which one has
// a partial set of nodes.
func errPartialPart() error {
	return term.Hint(errors.New("a result to merge has a partial set of nodes"), "correct the records that its warnings named; without limits the results are merged")
}
