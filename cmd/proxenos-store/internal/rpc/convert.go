package rpc

import (
	"errors"
	"fmt"
	"strings"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/kv"
	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/node"
	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/peerwire"
)

func toVersion(v kv.Version) *peerwire.Version {
	return &peerwire.Version{Key: v.Key, Clock: int64(v.Clock), Writer: v.Writer, Deleted: v.Deleted}
}

// fromVersion returns the zero Version for nil.
func fromVersion(v *peerwire.Version) kv.Version {
	if v == nil {
		return kv.Version{}
	}
	return kv.Version{Key: v.Key, Deleted: v.Deleted, Timestamp: kv.Timestamp{Clock: uint64(v.Clock), Writer: v.Writer}}
}

func toEntry(e kv.Entry) *peerwire.Entry {
	return &peerwire.Entry{Version: toVersion(e.Version), Value: e.Value}
}

func fromEntry(e *peerwire.Entry) kv.Entry {
	return kv.Entry{Version: fromVersion(e.GetVersion()), Value: e.GetValue()}
}

// each applies f to each element.
func each[A, B any](list []A, f func(A) B) []B {
	out := make([]B, len(list))
	for i, a := range list {
		out[i] = f(a)
	}
	return out
}

// toStates encodes states as name=state.
func toStates(states map[string]node.State) []string {
	list := make([]string, 0, len(states))
	for name, state := range states {
		list = append(list, name+"="+string(state))
	}
	return list
}

func fromStates(list []string) map[string]node.State {
	states := map[string]node.State{}
	for _, text := range list {
		if name, state, ok := strings.Cut(text, "="); ok {
			states[name] = node.State(state)
		}
	}
	return states
}

// toFailure returns the error to send to a caller. Only errors that are meant for
// callers carry their text.
func toFailure(err error) error {
	if err == nil {
		return nil
	}
	reason := "internal error; see the node's log"
	for _, public := range []error{node.ErrUnavailable, node.ErrTooLarge, node.ErrDisk, kv.ErrAhead} {
		if errors.Is(err, public) {
			reason = err.Error()
		}
	}
	return &peerwire.Failure{Reason: reason, Clock: errors.Is(err, kv.ErrAhead)}
}

// fromFailure returns an error with the reason that a node sent, or err itself.
func fromFailure(err error) error {
	var failure *peerwire.Failure
	switch {
	case !errors.As(err, &failure):
		return err
	case failure.Clock:
		return fmt.Errorf("%w: %s", kv.ErrAhead, strings.TrimPrefix(failure.Reason, kv.ErrAhead.Error()+": "))
	default:
		return errors.New(failure.Reason)
	}
}
