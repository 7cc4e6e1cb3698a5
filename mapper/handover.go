package mapper

import (
	"context"
	"iter"
	"reflect"
)

// Ownership is a value that tells whether a node is among the n best for a key, as
// sets and rings do.
type Ownership interface {
	Owns(key, id string, n int) bool
}

// Handover is the change from one value to another as one node sees it. It tells a
// worker which keys to start and which to stop.
type Handover[T Ownership] struct {
	// Before and After are the values. A nil one owns no key.
	Before, After T
	// ID is the node.
	ID string
	// N is the number of nodes that a key belongs to; 0 means 1.
	N int
}

// Gained yields those of the keys that the node owns after the change and not before.
func (h Handover[T]) Gained(keys iter.Seq[string]) iter.Seq[string] {
	return h.only(keys, h.After, h.Before)
}

// Lost yields those of the keys that the node owned before the change and not after.
func (h Handover[T]) Lost(keys iter.Seq[string]) iter.Seq[string] {
	return h.only(keys, h.Before, h.After)
}

// only yields the keys that the node owns in one value and not in the other.
func (h Handover[T]) only(keys iter.Seq[string], in, without T) iter.Seq[string] {
	return func(yield func(string) bool) {
		if absent(in) {
			return
		}
		missing := absent(without)
		for key := range keys {
			if h.owns(in, key) && (missing || !h.owns(without, key)) && !yield(key) {
				return
			}
		}
	}
}

func (h Handover[T]) owns(value T, key string) bool { return value.Owns(key, h.ID, max(1, h.N)) }

// absent reports whether a value is nil: an interface, or a pointer whose method would
// dereference it.
func absent[T Ownership](value T) bool {
	v := reflect.ValueOf(value)
	return !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil()
}

// Handovers yields the handovers of a node: at first one with a nil Before, by which
// the node gains what it owns now, and then one for every change of the value until
// the context ends or the source is no longer followed. N is as in [Handover]. Changes
// during a step become one handover.
//
//	for h := range mapper.Handovers(ctx, view, self, 1) {
//		for key := range h.Lost(slices.Values(keys)) {
//			stop(key)
//		}
//		for key := range h.Gained(slices.Values(keys)) {
//			start(key)
//		}
//	}
//
// A key that appears between two handovers is the caller's to start if
// View.Value().Owns reports it; a handover may then report it too, so start must be
// idempotent.
//
// Ownership is not a lock. Nodes see a change at different times, so for a moment a
// key may have two owners, or none. A node that is cut off from the source keeps its
// last value, and with it its keys, while the others take them over; [View.Age] tells
// it when to stop. Where two owners do harm, the stored data must carry a version or a
// lease that an earlier owner cannot overwrite.
func Handovers[T Ownership](ctx context.Context, v *View[T], id string, n int) iter.Seq[Handover[T]] {
	return func(yield func(Handover[T]) bool) {
		var before T
		for value := range v.Values(ctx) {
			if !yield(Handover[T]{Before: before, After: value, ID: id, N: n}) {
				return
			}
			before = value
		}
	}
}
