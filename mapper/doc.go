// Package mapper defines the nodes that a source of service discovery reports,
// the interface that such a source implements, and wrappers that work with any
// source.
//
// A source is anything that can list nodes. Each lives in a package of its own
// below this one and depends on one technology:
//
//   - static: lists in code, a file, standard input;
//   - consul, kubernetes, etcd: the servers of these names;
//   - dns: SRV records;
//   - httplist: a list at a URL;
//   - sd: the format of Prometheus service discovery, for static and httplist;
//   - swim: a gossip cluster;
//   - locator: a peer-to-peer location service.
//
// A source does not place keys; for that, hand the nodes to rendezvous or
// ring:
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
// Module mapper/examples lets client libraries follow a View: go-redis, gomemcache,
// groupcache, franz-go, and Prometheus for metrics. Module mapper/grpclb is a resolver
// and a balancer for gRPC.
//
// # Writing a source
//
// A source of another technology needs no permission of this package: implement
// Mapper, and Asker to say how sure an answer is. For one that learns of changes,
// give Watch a [Feed]. Package etcd is the example to start from; its parts are
// those of any source:
//
//   - Config with defaults, and New that rejects what contradicts itself, without
//     connecting (config.go);
//   - one function that reads the whole set, in one consistent state, and fails
//     otherwise: half a list is an error (read.go);
//   - one function from a record to a Node. A record that cannot be a node goes to
//     Update.Skipped, and the others stand (value.go);
//   - errors by kind, for errors.Is: unreachable, permission denied, bad
//     configuration (errors.go);
//   - a loop that reads, follows changes, publishes with Feed.Set, and after a
//     failure calls Feed.Fail, waits with growing pauses and reads again. A server
//     that is silent must not pass for one without changes: make it answer at
//     intervals (watch.go).
//
// The Feed does the rest of a Watcher:
//
//	func (s *Source) Watch(ctx context.Context) iter.Seq[mapper.Update] {
//		f := &mapper.Feed{}
//		f.Run = func(ctx context.Context) { s.follow(ctx, f) }
//		return f.Watch(ctx)
//	}
//
// The name of a node is its identity. Take one that survives a restart: a name, an
// ordinal, a fixed address. Sort by name. Bound what is read. Package mappertest
// checks the rest against the real server, in one call.
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
//	m = &mapper.SlowStart{Source: m, Over: 5 * time.Minute}             // raises the weight of a new node step by step
//
// Their order matters: a Cached stores only what the inner wrappers let pass.
//
// # Keys that move
//
// A change of the set moves keys to nodes that do not have their data yet. A
// [SlowStart] spreads the moves over time. [View.Previous] keeps the earlier values
// during a migration, [PreviousOwners] gives the nodes that had a key before, and
// [ReadThrough] fetches the data from there once. A worker that keeps state for its
// keys starts and stops them by [Handovers]. internal/lab/resize in the
// repository shows what each does to the hit rate of a memcached fleet.
//
// # When things go wrong
//
// A View answers with its last good value whatever happens. [View.State] says how
// sure that value is: Err tells why it may be stale, Age for how long, and Skipped
// which records are missing. The effect of each failure:
//
//   - A Consul agent is killed (SIGKILL): consul.ErrUnreachable at once, and a
//     retry every half second, or every ten seconds if a proxy answers for it
//     with an error. A new registration is in the view within a second, even if
//     the agent lost its state.
//   - An agent hangs (SIGSTOP): the same after Wait, a sixteenth of it and
//     Timeout, 21 s by default.
//   - An agent is cut off from the servers: with consul.ConsistencyCached its cache
//     answers as if nothing had failed. A watch queries a server once a minute and
//     after each failure, and Err stays until one has answered. A single answer
//     from the cache has no time of confirmation, and neither has its snapshot.
//   - A token is revoked, unknown or missing: consul.ErrPermission, until the token
//     file holds one with read access.
//   - A Kubernetes API server is killed: kubernetes.ErrUnreachable at once; it hangs:
//     the same after three times Timeout, 15 s by default; its etcd is dead, or a
//     permission is revoked: an error at the end of Wait, 1 min by default. A server
//     that has lost state keeps missing nodes for ShrinkHold, with an error.
//   - An etcd server is killed: etcd.ErrUnreachable at once, and the next endpoint;
//     it hangs, or has no quorum: the same after Confirm and Timeout, 15 s by
//     default. One that has lost state keeps missing nodes for ShrinkHold, with an
//     error.
//   - Most or all nodes are deregistered: they are gone, at once. With a Guard
//     they stay, with a GuardError.
//   - An agent comes back and knows fewer nodes, or none: new ones join at once;
//     missing ones stay for ShrinkHold, 10 s by default, with an error.
//   - A check flaps 20 times a second: every change is followed. A Debounce
//     reports none until the flapping ends or Max has passed.
//   - A record cannot be a node: it is left out, and Skipped says why.
//   - A file is truncated, broken, half-written or removed: a static.Error, until
//     it is a list again. A watch waits until no program has the file open for
//     writing.
//   - A DNS name no longer exists: that is an empty set, which a Guard rejects.
//     Any other failure to resolve is an error.
//   - A DNS answer is truncated: dns.ErrTruncated. None of it is used.
//   - The source fails at the start: Follow waits, at most for Wait. A
//     Cached returns the snapshot, with a StaleError, until that is older than
//     MaxStale.
//   - The source loses all nodes: the snapshot of a Cached keeps them for the next
//     start, and a Guard inside compares new sets with them.
//
// What an operator sees is in the table below. Err and Skipped are those of State.
// A failure is logged once when it begins (WARN) and once when it ends (INFO,
// recovered=true). The exit code is that of a proxenos command that queries the
// source once, without a cache:
//
//	failure                      Err                     Skipped  log           exit
//	agent dead, hanging, cut off consul.ErrUnreachable   -        WARN          64
//	token revoked, none          consul.ErrPermission    -        WARN          77
//	API server or etcd dead      kubernetes.ErrUnreachable -      WARN          64
//	etcd dead, without quorum    etcd.ErrUnreachable     -        WARN          64
//	verb not granted             kubernetes.ErrPermission  -      WARN          77
//	nodes missing after outage   consul.ErrUnreachable   -        WARN          -
//	no nodes                     nil                     -        INFO nodes=0  65
//	mass deregistration, Guard   *GuardError             -        WARN          65
//	record unusable              nil                     causes   INFO          0, or 78 with --require-complete
//	list broken, half-written    *static.Error           -        WARN          78
//	DNS answer truncated         dns.ErrTruncated        -        WARN          78
//	snapshot in use              *StaleError             -        WARN twice    0, and a warning
//	snapshot too old             *StaleError with Limit  -        WARN          66
//	value cannot be built        the error of build      -        WARN          -
//	no longer followed           ErrStopped              -        -             -
package mapper
