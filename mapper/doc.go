// Package mapper defines the nodes that a source of service discovery reports,
// the interface that such a source implements, and wrappers that work with any
// source.
//
// A source is anything that can list nodes: a file, a Consul server, a gossip
// cluster. Each lives in a package of its own below this one and depends on one
// technology. What a caller does with the nodes is not decided here; hand them
// to rendezvous or ring:
//
//	nodes, err := source.Nodes(ctx)
//	set, err := rendezvous.Build(nodes)
//
// # How sure an answer is
//
// [Ask] and [Watcher] report an [Update]: the nodes, why they may be stale,
// which records were left out, when a live source last confirmed them, and where
// they come from.
//
// # Staying up to date
//
// [Follow] builds such a set again after every change. Its [View] answers
// without a lock while the source changes, fails or is gone; [View.Age] says for
// how long it may have been stale. Watcher.Watch yields the changes themselves;
// [Polled] makes a Watcher of any Mapper. A source that is notified of changes
// publishes them through a [Feed].
//
// # Wrappers
//
// Each wrapper takes a source and is one. In the order in which they are usually
// wanted, from the inside:
//
//	var m mapper.Mapper = &mapper.Merge{Sources: []mapper.Mapper{a, b}} // one set of several sources
//	m = &mapper.Debounce{Source: m, Min: time.Second}                   // waits until changes calm down
//	m = &mapper.Guard{Source: m, MaxDrop: 0.5}                          // rejects a mass deregistration
//	m = &mapper.Cached{Source: m, Path: "nodes.json"}                   // survives an outage at the start
//
// Their order matters: a Cached stores only what the inner wrappers let pass.
//
// # When things go wrong
//
// A View goes on answering with the last good value whatever happens; Err says
// why that may be stale, and Age for how long. The effect of each failure:
//
//   - A Consul agent is killed (SIGKILL): consul.ErrUnreachable at once, and a
//     retry every half second, or every ten seconds if a proxy answers for it
//     with an error. A new registration is in the view within a second, even if
//     the agent lost its state.
//   - An agent hangs (SIGSTOP): the same after Wait, a sixteenth of it and
//     Timeout, 21 s by default.
//   - A token is revoked or unknown: consul.ErrPermission, until the token file
//     holds one with read access.
//   - Most or all nodes are deregistered: they are gone, at once. With a Guard
//     they stay, with a GuardError.
//   - An agent comes back and knows fewer nodes, or none: new ones join at once;
//     missing ones stay for ShrinkHold, 10 s by default, with an error.
//   - A check flaps 20 times a second: every change is followed. A Debounce
//     reports none until the flapping ends or Max has passed.
//   - A file is truncated, broken, half-written or removed: a static.Error, until
//     it is a list again.
//   - A DNS name no longer exists: that is an empty set, which a Guard rejects.
//     Any other failure to resolve is an error.
//   - The source cannot be asked at the start: Follow waits, at most for Wait. A
//     Cached returns the snapshot, with a StaleError.
package mapper
