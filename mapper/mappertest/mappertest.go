// Package mappertest holds the conformance suite of mapper.Mapper and
// mapper.Watcher. A source passes it in one call:
//
//	func TestConformance(t *testing.T) {
//		mappertest.Test(t, func(t *testing.T) mappertest.Source {
//			server := startServer(t)
//			return mappertest.Source{Mapper: New(server.URL), Publish: server.register}
//		})
//	}
package mappertest

import (
	"testing"
	"time"

	"github.com/proxenos/proxenos/mapper"
)

// Source is a source under test with the means to change the nodes behind
// it. The comment of each field describes its zero value.
type Source struct {
	// Mapper is the source. It is checked as a mapper.Watcher too if it is
	// one.
	Mapper mapper.Mapper

	// Publish makes the service behind the source hold exactly these nodes,
	// and fails the test if it cannot. The source may take up to Settle to see
	// it.
	Publish func(t testing.TB, nodes []mapper.Node)

	// Fixed is set instead of Publish for a source whose nodes never change.
	// Checks that need a change are skipped then.
	Fixed []mapper.Node

	// Want returns what the source must report once the nodes are published: a
	// technology may name nodes in its own way, carry less than a Node holds,
	// or always have a member of its own. Nil means the published nodes.
	Want func(published []mapper.Node) []mapper.Node

	// KeepsOrder says that the source reports nodes in the order they were
	// published. False means that it sorts them by name.
	KeepsOrder bool

	// PublishBroken is like Publish, and adds one record that the source cannot
	// use. The source must report the nodes and say that the set is partial. Nil
	// means that the technology cannot hold such a record.
	PublishBroken func(t testing.TB, nodes []mapper.Node)

	// Settle bounds how long a published set takes to be seen. Zero means 10 s.
	Settle time.Duration
}

// Test runs the suite, and stops at the first check that fails. Open makes a
// source for one check; what it starts it stops by t.Cleanup. Opening and
// publishing must work several times in one test. Run the suite under -race:
// some checks only make sense there.
func Test(t *testing.T, open func(t *testing.T) Source) {
	t.Helper()
	for _, c := range checks {
		passed := t.Run(c.name, func(t *testing.T) {
			s := open(t).withDefaults()
			if why := c.cannotRun(s); why != "" {
				t.Skip(why)
			}
			c.run(t, s)
		})
		if !passed {
			return
		}
	}
}

// cannotRun says why a check does not apply to a source.
func (c check) cannotRun(s Source) string {
	_, watches := s.Mapper.(mapper.Watcher)
	switch {
	case c.needs&watching != 0 && !watches:
		return "the source is not a mapper.Watcher"
	case c.needs&changes != 0 && s.Fixed != nil:
		return "the source is fixed"
	case c.needs&broken != 0 && s.PublishBroken == nil:
		return "the source has no PublishBroken"
	default:
		return ""
	}
}

// check is one promise of the interface.
type check struct {
	name  string
	needs need
	run   func(testing.TB, Source)
}

// need is what a check asks of a source.
type need int

const (
	watching need = 1 << iota // a mapper.Watcher
	changes                   // Publish
	broken                    // PublishBroken
)

var checks = []check{
	{"Content", 0, content},
	{"Order", 0, order},
	{"Empty", changes, empty},
	{"Follows", changes, follows},
	{"FreshAnswer", 0, freshAnswer},
	{"Asks", 0, asks},
	{"Partial", changes | broken, partial},
	{"Canceled", 0, canceled},
	{"Deadline", 0, deadline},
	{"Concurrent", 0, concurrent},
	{"WatchFirst", watching, watchFirst},
	{"WatchChange", watching | changes, watchChange},
	{"WatchEmpty", watching | changes, watchEmpty},
	{"WatchFreshUpdate", watching, watchFreshUpdate},
	{"WatchTwice", watching | changes, watchTwice},
	{"WatchEnds", watching, watchEnds},
	{"WatchCanceledBefore", watching, watchCanceledBefore},
	{"WatchBreak", watching, watchBreak},
	{"FollowAndClose", 0, followAndClose},
}

func (s Source) withDefaults() Source {
	if s.Fixed != nil {
		s.Publish = func(testing.TB, []mapper.Node) {}
		s.Want = func([]mapper.Node) []mapper.Node { return mapper.Clone(s.Fixed) }
	}
	if s.Want == nil {
		s.Want = mapper.Clone
	}
	if s.Settle == 0 {
		s.Settle = promptly
	}
	return s
}
