package mappertest

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/mapper"
)

// promptly bounds what must happen at once. A wrong source may never get
// there, and must fail in seconds.
const promptly = 10 * time.Second

// unsorted is a set in neither order of name, with every field in use.
func unsorted() []mapper.Node {
	return []mapper.Node{
		{Name: "charlie", Addr: "10.0.0.3:8080", Weight: 2, Zone: "west", Tags: []string{"blue", "canary"}, Meta: map[string]string{"rack": "r3"}},
		{Name: "alpha", Addr: "10.0.0.1:8080", Zone: "east", Tags: []string{"blue"}, Meta: map[string]string{"rack": "r1"}},
		{Name: "bravo", Addr: "10.0.0.2:8080", Zone: "west", Meta: map[string]string{"rack": "r2"}},
	}
}

// publish publishes and waits until the source reports it.
func (s Source) publish(t testing.TB, nodes []mapper.Node) []mapper.Node {
	t.Helper()
	want := s.announce(t, nodes)
	var got []mapper.Node
	var err error
	for end := time.Now().Add(s.Settle); ; time.Sleep(5 * time.Millisecond) {
		got, err = s.Mapper.Nodes(t.Context())
		if err == nil && mapper.Equal(got, want) {
			return want
		}
		if time.Now().After(end) {
			require.NoError(t, err, "the source cannot be asked")
			require.Equal(t, want, got, "%v after publishing", s.Settle)
		}
	}
}

// announce publishes without waiting, and says what is to be reported.
func (s Source) announce(t testing.TB, nodes []mapper.Node) []mapper.Node {
	t.Helper()
	s.Publish(t, mapper.Clone(nodes))
	return s.expected(nodes)
}

// expected says what is to be reported once the nodes are published.
func (s Source) expected(nodes []mapper.Node) []mapper.Node {
	want := s.Want(mapper.Clone(nodes))
	if !s.KeepsOrder {
		slices.SortFunc(want, byName)
	}
	return want
}

func byName(a, b mapper.Node) int { return cmp.Compare(a.Name, b.Name) }

func content(t testing.TB, s Source) {
	s.publish(t, unsorted())
	got, err := s.Mapper.Nodes(t.Context())
	require.NoError(t, err)
	require.NotEmpty(t, got, "nodes were published")
	seen := map[string]bool{}
	for _, n := range got {
		require.NotEmpty(t, n.Name, "a node without a name")
		require.False(t, seen[n.Name], "%q occurs twice", n.Name)
		seen[n.Name] = true
	}
}

func order(t testing.TB, s Source) {
	s.publish(t, unsorted())
	for range 10 {
		again, err := s.Mapper.Nodes(t.Context())
		require.NoError(t, err)
		if !s.KeepsOrder {
			require.True(t, slices.IsSortedFunc(again, byName), "not sorted by name: %v", again)
			continue
		}
		require.Equal(t, names(s.Want(unsorted())), names(again), "not in the order published")
	}
}

func names(nodes []mapper.Node) []string {
	out := make([]string, len(nodes))
	for i, n := range nodes {
		out[i] = n.Name
	}
	return out
}

func empty(t testing.TB, s Source) {
	s.publish(t, unsorted())
	want := s.publish(t, nil)
	got, err := s.Mapper.Nodes(t.Context())
	require.NoError(t, err, "having no nodes is an answer")
	require.Len(t, got, len(want))
}

func follows(t testing.TB, s Source) {
	set := unsorted()
	s.publish(t, set)
	s.publish(t, set[:1])
	s.publish(t, set)
}

func freshAnswer(t testing.TB, s Source) {
	want := s.publish(t, unsorted())
	first, err := s.Mapper.Nodes(t.Context())
	require.NoError(t, err)
	spoil(first)
	second, err := s.Mapper.Nodes(t.Context())
	require.NoError(t, err)
	require.True(t, mapper.Equal(want, second), "changing one answer changed the next: want %v, got %v", want, second)
}

// spoil overwrites everything that an answer reaches.
func spoil(nodes []mapper.Node) {
	for i := range nodes {
		for j := range nodes[i].Tags {
			nodes[i].Tags[j] = "spoiled"
		}
		for k := range nodes[i].Meta {
			nodes[i].Meta[k] = "spoiled"
		}
		nodes[i] = mapper.Node{Name: "spoiled"}
	}
}

func canceled(t testing.TB, s Source) {
	s.publish(t, unsorted())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	endsWith(ctx, t, s, context.Canceled)
}

func deadline(t testing.TB, s Source) {
	s.publish(t, unsorted())
	ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	endsWith(ctx, t, s, context.DeadlineExceeded)
}

func endsWith(ctx context.Context, t testing.TB, s Source, want error) {
	t.Helper()
	var got []mapper.Node
	var err error
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		got, err = s.Mapper.Nodes(ctx)
	}()
	within(t, answered, "no answer after the end of the context")
	require.ErrorIs(t, err, want)
	require.Empty(t, got, "nodes with an error")
}

// asks compares the two ways to ask once.
func asks(t testing.TB, s Source) {
	want := s.publish(t, unsorted())
	u, err := mapper.Ask(t.Context(), s.Mapper)
	require.NoError(t, err)
	requireSound(t, u)
	require.NoError(t, u.Err, "the source can be asked")
	require.Empty(t, u.Skipped, "every record can be used")
	require.True(t, mapper.Equal(want, u.Nodes), "want %v, got %v", want, u.Nodes)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	u, err = mapper.Ask(ctx, s.Mapper)
	require.ErrorIs(t, err, context.Canceled)
	require.Empty(t, u, "an update with an error")
}

// partial has one record that cannot be used among others.
func partial(t testing.TB, s Source) {
	s.publish(t, unsorted())
	s.PublishBroken(t, unsorted()[:2])
	want := s.expected(unsorted()[:2])
	for end := time.Now().Add(s.Settle); ; time.Sleep(5 * time.Millisecond) {
		nodes, err := s.Mapper.Nodes(t.Context())
		cause, ok := errors.AsType[*mapper.PartialError](err)
		if ok && mapper.Equal(nodes, want) {
			require.NotEmpty(t, cause.Skipped, "a partial set without a cause")
			break
		}
		if time.Now().After(end) {
			require.True(t, ok, "%v after publishing a broken record: want a PartialError, got %v", s.Settle, err)
			require.Equal(t, want, nodes, "the usable nodes")
		}
	}
	u, err := mapper.Ask(t.Context(), s.Mapper)
	require.NoError(t, err, "a partial set is an answer")
	requireSound(t, u)
	require.NotEmpty(t, u.Skipped)
	require.True(t, mapper.Equal(want, u.Nodes), "want %v, got %v", want, u.Nodes)
	if w, ok := s.Mapper.(mapper.Watcher); ok {
		for u := range w.Watch(t.Context()) {
			require.NoError(t, u.Err)
			require.NotEmpty(t, u.Skipped, "the watch does not say that the set is partial")
			require.True(t, mapper.Equal(want, u.Nodes), "want %v, got %v", want, u.Nodes)
			break
		}
	}
}

func concurrent(t testing.TB, s Source) {
	want := s.publish(t, unsorted())
	type answer struct {
		nodes []mapper.Node
		err   error
	}
	const callers, calls = 8, 10
	answers := make(chan answer)
	for range callers {
		go func() {
			for range calls {
				nodes, err := s.Mapper.Nodes(t.Context())
				answers <- answer{nodes, err}
			}
		}()
	}
	var all []answer
	for range callers * calls {
		all = append(all, <-answers)
	}
	for _, a := range all {
		require.NoError(t, a.err)
		require.True(t, mapper.Equal(want, a.nodes), "want %v, got %v", want, a.nodes)
		spoil(a.nodes) // the race detector sees shared memory that is never read again
	}
}
