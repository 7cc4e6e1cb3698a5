package answer

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/proxenos/proxenos/internal/cli/term"
)

// expectation checks that the first owner of every key is the node of --expect.
type expectation struct {
	want  string
	nodes []NodeView
	wrong atomic.Int64
	first atomic.Pointer[string] // the message of the first mismatch
}

func (e *expectation) compare(key string, found []int) {
	v := e.nodes[found[0]]
	if v.ID == e.want || v.Address == e.want {
		return
	}
	if e.wrong.Add(1) == 1 {
		message := fmt.Sprintf("key %q belongs to %q, want %q", key, v.ID, e.want)
		if v.Address != v.ID {
			message = fmt.Sprintf("key %q belongs to %q at %s, want %q", key, v.ID, v.Address, e.want)
		}
		e.first.Store(&message)
	}
}

// result returns an error if a key had another first owner.
func (e *expectation) result() error {
	wrong := e.wrong.Load()
	if wrong == 0 {
		return nil
	}
	message := *e.first.Load()
	if wrong > 1 {
		message = fmt.Sprintf("%d keys do not belong to %q; for example %s", wrong, e.want, message)
	}
	err := term.WithCode(term.ErrCheck, errors.New(message))
	if !slices.ContainsFunc(e.nodes, func(v NodeView) bool { return v.ID == e.want || v.Address == e.want }) {
		return term.Hint(err, "no node has %q as its ID or address", e.want)
	}
	return err
}
