package source

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/mapper"
)

// While a watched set is partial, the last complete one stands.
func TestCompleteKeepsTheLastCompleteSet(t *testing.T) {
	t.Parallel()
	one, two := []mapper.Node{{Name: "a"}}, []mapper.Node{{Name: "a"}, {Name: "b"}}
	updates := []mapper.Update{
		{Nodes: one}, {Nodes: two, Skipped: []error{errors.New("record c: port 0")}}, {Err: errors.New("down")}, {Nodes: two},
	}
	feed := &mapper.Feed{}
	next := make(chan bool)
	feed.Run = func(ctx context.Context) {
		for _, u := range updates {
			if u.Known() {
				feed.Set(u)
			} else {
				feed.Fail(u.Err)
			}
			select {
			case <-next:
			case <-ctx.Done():
			}
		}
	}
	var got []mapper.Update
	for u := range (complete{watched{feed}}).Watch(t.Context()) {
		if got = append(got, u); len(got) == len(updates) {
			break
		}
		next <- true
	}
	require.Equal(t, one, got[0].Nodes)
	require.NoError(t, got[0].Err)
	require.Equal(t, one, got[1].Nodes, "the complete set")
	require.ErrorContains(t, got[1].Err, "the set is partial")
	require.ErrorContains(t, got[2].Err, "down")
	require.Equal(t, two, got[3].Nodes)
	require.NoError(t, got[3].Err)
}

// watched is a source that is only watched.
type watched struct{ *mapper.Feed }

func (watched) Nodes(context.Context) ([]mapper.Node, error) { panic("only watched") }
