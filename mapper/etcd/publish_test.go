package etcd

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/mapper"
)

// Missing nodes stay for the hold after etcd lost state, unless they come back
// before. A failure meanwhile keeps its error.
func TestPublisherKeepsMissingNodes(t *testing.T) {
	t.Parallel()
	a, b, c := mapper.Node{Name: "a"}, mapper.Node{Name: "b"}, mapper.Node{Name: "c"}
	update := func(nodes ...mapper.Node) mapper.Update { return mapper.Update{Nodes: nodes} }
	errDown := errors.New("down")
	type step func(p *publisher)
	set := func(nodes ...mapper.Node) step { return func(p *publisher) { p.set(update(nodes...)) } }
	sleep := func(d time.Duration) step {
		return func(*publisher) { time.Sleep(d); synctest.Wait() }
	}
	lose := func(p *publisher) { p.keep(errHeld) }
	fail := func(p *publisher) { p.fail(errDown) }
	for name, of := range map[string]struct {
		hold  time.Duration
		steps []step
		want  []mapper.Node
		err   error
	}{
		"kept":                {time.Minute, []step{set(a, b), lose, set(c)}, []mapper.Node{a, b, c}, errHeld},
		"changed meanwhile":   {time.Minute, []step{set(a, b), lose, set(c), set(b, c)}, []mapper.Node{a, b, c}, errHeld},
		"all came back":       {time.Minute, []step{set(a, b), lose, set(), set(a, b)}, []mapper.Node{a, b}, nil},
		"released":            {time.Minute, []step{set(a, b), lose, set(c), sleep(time.Minute)}, []mapper.Node{c}, nil},
		"down at the release": {time.Minute, []step{set(a), lose, set(b), fail, sleep(time.Minute)}, []mapper.Node{a, b}, errDown},
		"up after that":       {time.Minute, []step{set(a), lose, set(b), fail, sleep(time.Minute), set(b)}, []mapper.Node{b}, nil},
		"no hold":             {-1, []step{set(a, b), lose, set(c)}, []mapper.Node{c}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &publisher{to: &mapper.Feed{}, hold: of.hold}
				for _, s := range of.steps {
					s(p)
				}
				u, ok := p.to.Latest()
				require.True(t, ok)
				require.Equal(t, of.want, u.Nodes)
				require.ErrorIs(t, u.Err, of.err)
				p.close()
			})
		})
	}
}

func TestStateIsLost(t *testing.T) {
	t.Parallel()
	now := state{cluster: "1", revision: 7}
	require.False(t, state{}.isLost(now), "nothing was known")
	require.False(t, now.isLost(state{cluster: "1", revision: 7}))
	require.False(t, now.isLost(state{cluster: "1", revision: 8}))
	require.True(t, now.isLost(state{cluster: "1", revision: 6}))
	require.True(t, now.isLost(state{cluster: "2", revision: 9}))
}
