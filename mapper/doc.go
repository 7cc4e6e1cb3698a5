// Package mapper says who is there: it defines the nodes that a source of
// service discovery reports, and the interface such a source implements.
//
// A source is anything that can list nodes: a file, a Consul server, a gossip
// cluster. Each lives in a package of its own below this one and depends on
// one technology. What a caller does with the nodes is not decided here; hand
// them to rendezvous or ring:
//
//	nodes, err := source.Nodes(ctx)
//	set, err := rendezvous.Build(nodes)
//
// # Staying up to date
//
// Follow builds such a set once more after every change, and its View answers
// without a lock while the source changes, fails or is gone; View.Age says for
// how long it may have been stale. Watch is the loop beneath it, for those who
// want the changes themselves. What is not a Watcher is polled.
//
// # Wrappers
//
// A source in, a source out; they go around each other. In the order in which
// they are usually wanted, from the inside:
//
//	var m mapper.Mapper = &mapper.Merge{Sources: []mapper.Mapper{a, b}} // one set of several sources
//	m = &mapper.Quiet{Source: m, Min: time.Second}                      // waits until changes calm down
//	m = &mapper.Guard{Source: m, MaxDrop: 0.5}                          // refuses a mass deregistration
//	m = &mapper.Cached{Source: m, Path: "nodes.json"}                   // survives an outage at the start
//
// Their order matters: a Cached keeps only what the wrappers within let pass.
//
// # When things go wrong
//
// A View goes on answering with the last good value whatever happens; Err says
// why that may be stale, and Age for how long. What makes the difference:
//
//   - A Consul agent is killed (SIGKILL): consul.ErrUnreachable at once, and a
//     try every half a second, or every ten seconds where an error is answered. The
//     view is right within a second of the first registration, even if the
//     agent lost its state (consul.TestOutage, consul.TestOutageOfAMinute,
//     consul.TestPauses).
//   - An agent hangs (SIGSTOP): the same after Wait, a sixteenth of it and
//     Timeout, 21 s by default (consul.TestWatchSuspended,
//     consul.TestSuspendedAgent).
//   - A token is revoked or unknown: consul.ErrPermission, until the token file
//     holds one that may read (consul.TestWatchRevokedToken,
//     consul.TestWatchUnknownToken).
//   - Most or all nodes are deregistered: they are gone, at once. With a Guard
//     they stay, beside a GuardError (consul.TestMassDeregistration,
//     consul.TestWatchMassDeregistration, TestGuardGivesWay).
//   - An agent comes back and knows nobody: that is an error for EmptyHold, 10 s
//     by default, and then believed (consul.TestWatchRestartedEmpty).
//   - A check flaps 20 times a second: every change is followed. Behind a Quiet
//     nothing is until it is over, or Max has passed (consul.TestFlapping,
//     TestQuietFlapThatLeadsBackIsNoNews, TestQuietWaitsNoLongerThanMax).
//   - A file is truncated, broken, half-written or removed: a static.Error, until
//     it is a list again (static.TestWatchKeepsTheLastGoodList,
//     static.TestWatchWaitsForAWriterToFinish).
//   - A DNS name does not exist any more: that is the answer that there is
//     nobody, which a Guard refuses. Anything else that is no answer is an error
//     (dns.TestConsulFollowed, dns.TestErrors).
//   - The source cannot be asked at the start: Follow waits, for Wait at most. A
//     Cached gives what it kept, beside a StaleError (TestFollowGivesUpWaiting,
//     TestCachedWatchStartsInAnOutage).
package mapper
