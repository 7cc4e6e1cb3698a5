package rpc

import (
	"errors"
	"fmt"
	"strings"
	"time"

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

func toView(v node.View) *peerwire.View {
	view := &peerwire.View{Clock: v.Clock.UnixMilli(), States: map[string]string{}}
	for name, state := range v.States {
		view.States[name] = string(state)
	}
	return view
}

func fromView(view *peerwire.View) node.View {
	v := node.View{Clock: time.UnixMilli(view.GetClock()), States: map[string]node.State{}}
	for name, state := range view.GetStates() {
		v.States[name] = node.State(state)
	}
	return v
}

// failure returns the error to send to a caller. Errors that are not meant for callers
// go to the log, at most one per second.
func (h *Handler) failure(err error) error {
	if err == nil {
		return nil
	}
	for _, public := range []error{node.ErrUnavailable, node.ErrTooLarge, node.ErrDisk, kv.ErrAhead} {
		if errors.Is(err, public) {
			return &peerwire.Failure{Reason: err.Error(), Clock: errors.Is(err, kv.ErrAhead)}
		}
	}
	if now, last := time.Now().Unix(), h.logged.Load(); now != last && h.logged.CompareAndSwap(last, now) {
		h.Log.Error("a call failed", "err", err)
	}
	return &peerwire.Failure{Reason: "internal error; see the node's log"}
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
