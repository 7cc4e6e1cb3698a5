package rpc

import (
	"errors"
	"strings"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/kv"
	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/node"
	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/peerwire"
)

func toStamp(s kv.Stamp) *peerwire.Stamp {
	return &peerwire.Stamp{Key: s.Key, Clock: int64(s.Clock), Writer: s.Writer, Deleted: s.Deleted}
}

// fromStamp reads a stamp; nil is that of nothing.
func fromStamp(s *peerwire.Stamp) kv.Stamp {
	if s == nil {
		return kv.Stamp{}
	}
	return kv.Stamp{Key: s.Key, Deleted: s.Deleted, Version: kv.Version{Clock: uint64(s.Clock), Writer: s.Writer}}
}

func toEntry(e kv.Entry) *peerwire.Entry {
	return &peerwire.Entry{Stamp: toStamp(e.Stamp), Value: e.Value}
}

func fromEntry(e *peerwire.Entry) kv.Entry {
	return kv.Entry{Stamp: fromStamp(e.GetStamp()), Value: e.GetValue()}
}

// each returns what f makes of each element.
func each[A, B any](list []A, f func(A) B) []B {
	out := make([]B, len(list))
	for i, a := range list {
		out[i] = f(a)
	}
	return out
}

// A member of a view travels as name=state.

func toView(view map[string]node.State) []string {
	list := make([]string, 0, len(view))
	for name, state := range view {
		list = append(list, name+"="+string(state))
	}
	return list
}

func fromView(list []string) map[string]node.State {
	view := map[string]node.State{}
	for _, text := range list {
		if name, state, ok := strings.Cut(text, "="); ok {
			view[name] = node.State(state)
		}
	}
	return view
}

// told returns the error that a peer told, and any other as it is.
func told(err error) error {
	var refused *peerwire.Refused
	if errors.As(err, &refused) {
		return errors.New(refused.Why)
	}
	return err
}

// refused tells a peer why. Only errors that are made for it to read are told.
func refused(err error) error {
	if err == nil {
		return nil
	}
	why := "internal error; the node's log says more"
	if errors.Is(err, node.ErrUnavailable) || errors.Is(err, node.ErrTooLarge) || errors.Is(err, node.ErrDisk) {
		why = err.Error()
	}
	return &peerwire.Refused{Why: why}
}
