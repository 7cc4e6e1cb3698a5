package mapper_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/bubble"
	"github.com/proxenos/proxenos/mapper"
)

func TestAskTakesAMapperAsLive(t *testing.T) {
	t.Parallel()
	bubble.Test(t, func(t *testing.T) {
		u, err := mapper.Ask(t.Context(), &polled{nodes: nodesOf("a")})
		require.NoError(t, err)
		require.Equal(t, mapper.Update{Nodes: nodesOf("a"), Confirmed: time.Now()}, u)

		_, err = mapper.Ask(t.Context(), &polled{err: errDown})
		require.Equal(t, errDown, err)
	})
}

func TestAskKeepsWhatWasSkipped(t *testing.T) {
	t.Parallel()
	bad := errors.New(`node "b": port 0`)
	src := mapper.Func(func(context.Context) ([]mapper.Node, error) {
		return nodesOf("a"), fmt.Errorf("list: %w", &mapper.PartialError{Skipped: []error{bad}})
	})
	for name, m := range map[string]mapper.Mapper{
		"Func": src, "Guard": &mapper.Guard{Source: src}, "Debounce": &mapper.Debounce{Source: src}, "Polled": &mapper.Polled{Source: src},
		"Merge": &mapper.Merge{Sources: []mapper.Mapper{src}}, "Cached": &mapper.Cached{Source: src, Path: saved(t, "z", 0)},
	} {
		t.Run(name, func(t *testing.T) {
			u, err := mapper.Ask(t.Context(), m)
			require.NoError(t, err)
			require.Equal(t, "[a]", words(u.Nodes, u.Err))
			require.Equal(t, []error{bad}, u.Skipped)

			nodes, err := m.Nodes(t.Context())
			require.Equal(t, "[a]", words(nodes, nil), "the usable nodes")
			require.ErrorIs(t, err, bad)
			var partial *mapper.PartialError
			require.ErrorAs(t, err, &partial)

			for u := range (&mapper.Polled{Source: m}).Watch(t.Context()) {
				require.Equal(t, "[a]", words(u.Nodes, u.Err))
				require.Equal(t, []error{bad}, u.Skipped)
				break
			}
		})
	}
}

func TestPartialErrorNamesTenCauses(t *testing.T) {
	t.Parallel()
	e := &mapper.PartialError{}
	for i := range 12 {
		e.Skipped = append(e.Skipped, fmt.Errorf("record %d", i))
	}
	require.EqualError(t, e, "the set is partial, records left out: 12: record 0; record 1; record 2; record 3; record 4; "+
		"record 5; record 6; record 7; record 8; record 9; and 2 more")
}

func TestUpdateKnown(t *testing.T) {
	t.Parallel()
	require.True(t, mapper.Update{}.Known(), "no nodes is an answer")
	require.True(t, mapper.Update{Nodes: []mapper.Node{}, Err: errDown}.Known(), "the last set had no nodes")
	require.False(t, mapper.Update{Err: errDown}.Known())
}
