package mapper

import (
	"context"
	"iter"
	"slices"
	"time"
)

// DefaultKeepValues is the number of earlier values that a View keeps, unless
// FollowConfig.KeepValues is set.
const DefaultKeepValues = 16

// earlierValue is a value that another one replaced.
type earlierValue[T any] struct {
	value T
	nodes []Node
	ended time.Time // when it was replaced
}

// history holds earlier values, newest first. It is immutable.
type history[T any] []earlierValue[T]

// replaced returns the history after a state gave way to one with other nodes. It
// drops what is too old or too much, and values of the nodes that are current
// again: a change taken back leaves only the value of that change.
func (h history[T]) replaced(old *state[T], by []Node, keep time.Duration, most int) history[T] {
	if keep <= 0 || !old.built {
		return nil
	}
	now := time.Now()
	all := append(history[T]{{old.value, old.set.Nodes, now}}, h...)
	var kept history[T]
	for _, e := range all {
		if len(kept) < most && now.Sub(e.ended) < keep && !Equal(e.nodes, by) {
			kept = append(kept, e)
		}
	}
	return kept
}

// Previous yields the earlier values that may still matter, the newest first:
// those replaced less than FollowConfig.KeepPrevious ago, at most
// FollowConfig.KeepValues. It yields none if KeepPrevious is zero. The values
// belong to one moment, and yielding them takes no lock.
//
// A View that starts later has not seen the earlier values. Each View counts
// the time from when it saw the change.
//
// To abort a migration, put the earlier nodes back into the source. Their value is
// current again and the value of the aborted migration is the previous one, so
// data that only the new nodes have is still found.
func (v *View[T]) Previous() iter.Seq[T] { return v.state.Load().previous(v.keep) }

func (s *state[T]) previous(keep time.Duration) iter.Seq[T] {
	return func(yield func(T) bool) {
		for _, e := range s.earlier {
			if time.Since(e.ended) >= keep || !yield(e.value) {
				return // those that follow are older
			}
		}
	}
}

// Selector is a value that gives every key an owner, as sets and rings do.
type Selector[N any] interface {
	Select(key string) (N, bool)
}

// PreviousOwners yields the earlier owners of a key by View.Previous, the newest
// first and each node once, without the current owner. They may have the data of a
// key that has moved. A node may have left the set since then, or be down.
//
// While a migration is under way, a program that changes or deletes the data of
// a key must delete it at its previous owners too. Otherwise a later read may
// find the data of before the change there.
func PreviousOwners[N interface{ ID() string }, T Selector[N]](v *View[T], key string) iter.Seq[N] {
	return previousOwners[N](v.state.Load(), v.keep, key)
}

func previousOwners[N interface{ ID() string }, T Selector[N]](s *state[T], keep time.Duration, key string) iter.Seq[N] {
	return func(yield func(N) bool) {
		var seen []string
		if owner, ok := s.value.Select(key); ok {
			seen = append(seen, owner.ID())
		}
		for value := range s.previous(keep) {
			owner, ok := value.Select(key)
			if !ok || slices.Contains(seen, owner.ID()) {
				continue
			}
			seen = append(seen, owner.ID())
			if !yield(owner) {
				return
			}
		}
	}
}

// ReadThrough reads the data of a key while it may still be with an earlier owner:
// it gets the data from the current owner and, if that does not have it, from the
// previous owners one after another. Fill stores what one of them has with the
// current owner. Get reports false for data that the node does not have.
//
// ReadThrough reports false if no node has the data, or if there is none. It
// returns the error of the current owner, without asking another node. A previous
// owner that fails counts as one without the data, because it may have left. If
// fill fails, the data is returned with its error.
//
// Fill must not replace data that was stored meanwhile: memcached has the command
// add for that. See [PreviousOwners] for programs that change data.
func ReadThrough[V any, N interface{ ID() string }, T Selector[N]](ctx context.Context, v *View[T], key string,
	get func(ctx context.Context, node N, key string) (V, bool, error),
	fill func(ctx context.Context, node N, key string, data V) error,
) (data V, found bool, err error) {
	s := v.state.Load()
	owner, ok := s.value.Select(key)
	if !ok {
		return data, false, nil
	}
	if data, found, err = get(ctx, owner, key); found || err != nil {
		return data, found, err
	}
	for earlier := range previousOwners[N](s, v.keep, key) {
		if data, found, err := get(ctx, earlier, key); found && err == nil {
			return data, true, fill(ctx, owner, key, data)
		}
	}
	var none V
	return none, false, ctx.Err()
}
