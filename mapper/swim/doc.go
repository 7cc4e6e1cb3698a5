// Package swim implements gossip membership and failure detection. Members
// discover each other without a server, detect failures, and announce metadata
// about themselves. A [Cluster] is a [mapper.Watcher], so any algorithm can
// follow it:
//
//	cluster, err := swim.Join(ctx, swim.Config{
//		Name:  "10.0.0.1:7946",
//		Peers: []string{"10.0.0.2:7946"},
//	})
//	for update := range cluster.Watch(ctx) { … }
//
// The protocol is SWIM with Lifeguard, as hashicorp/memberlist implements it.
// This package adds what memberlist hides or lacks: suspects, the difference
// between members that left and members that failed, metadata of more than 512
// bytes, fast convergence when many members join at once, and limits on peers
// that send garbage or nothing.
//
// All members of a cluster must use this package: its members and those of plain
// memberlist, Serf or Consul refuse each other.
//
// # Status
//
// A member is [StatusOnline] until it fails a probe: directly, over TCP and
// through other members. Then it is [StatusSuspect] everywhere until it refutes
// that, which takes one round trip, or until memberlist agrees that it failed,
// which makes it [StatusOffline]. A member that calls [Cluster.Leave] is
// [StatusLeft]. Only offline members and members that left are excluded from
// placement.
//
// # Restarts and partitions
//
// A member that crashes and starts again under its name is the same member with
// a greater [Member.Generation] and new metadata; its status need not change.
// Claims about the earlier process no longer count. No clock decides which
// process is later.
//
// At a new address, the others accept it once the old address is offline; until
// then it keeps trying. So a program that restarts fast under its name binds the
// same port again.
//
// A name that a running member uses is refused with [ErrNameTaken]. If two
// members with one name start before they can reach each other, the others keep
// the one that they knew first, the two log a warning, and the second is
// accepted when the first is gone. Two that also advertise one address would
// raise their generations in turn: the second closes with [ErrNameTaken].
//
// A member that joins learns current suspicions from its peer, so it places keys
// like every other member. It also learns which members failed or left in the
// last half minute.
//
// The two halves of a partitioned network show each other offline. They find
// each other within a few Timing.Reconnect after the repair, and every member is
// online again with its current metadata.
//
// Offline members are reaped after Timing.ReapOffline, members that left after
// Timing.ReapLeft, and observers that left after ten seconds; an [Event] says
// so. When [MaxMembers] are known, the member that has been gone the longest is
// reaped first. A reaped member that returns is treated as new.
//
// A process that was stopped or suspended discards what it missed meanwhile.
// A process whose timers fire late or that gets late answers, as on a machine that
// cannot keep up, probes and repairs less often until they are on time again.
//
// # Figures
//
// Figures of the protocol are measured in virtual time, in which the load of the
// machine does not matter, on a network in memory with packets of 0.2 ms. Both
// clusters have 60 members unless noted, and the same loss; plain is memberlist
// with its default LAN configuration.
//
//	go test ./internal/lab/swimlab -v -run TestFigures -timeout 2h -figures -runs 50
//
//	until every member knows it                swim                      plain memberlist
//	59 join one seed at once, 50 runs          p50 0.75 s, max 0.85 s    p50 1.25 s, max 79 s
//	12 in a chain of seeds, 50 runs            p50 0.45 s, max 0.45 s    p50 0.45 s, max 0.65 s
//	a crash, suspect everywhere, 50 runs       p50 1.4 s, max 2.05 s     never shown
//	the same, offline everywhere               p50 8.8 s, max 11.9 s     p50 9.4 s, max 12.4 s
//	a metadata change, 100 of them             p50 0.6 s, p99 0.8 s      p50 1.0 s, p99 1.2 to 57 s
//	the same with 30 % of packets lost         p50 0.6 s, p99 1.6 s      p50 1.0 s, p99 64 s
//	64 KiB of metadata, 20 members, 20 changes p50 0.4 s, max 0.6 s      512 bytes at most
//	10 minutes with 30 % of packets lost       none suspect or offline   none offline
//
// Members probe in a random order: the probability that none of 59 members
// probes a crashed one for two seconds is 2 in 100,000.
//
// Figures of processes and sockets were measured on two CPUs:
//
//	go run ./internal/lab/swimlab -run 'garbage|idle|stop|restart|footprint'
//	FILESYNC_KILLS=500 go test ./mapper/swim/filesync -run KilledWriter
//
//	log lines for 20,000 packets of garbage    5                         4985
//	goroutines for 1,000 idle connections      159, always converged     1000, always converged
//	stopped for 10 s, online everywhere after  0.2 s, others unaffected  0.2 s, others unaffected
//	killed and started again, online after     p50 0.3 s, max 0.5 s      p50 0.45 s, max 0.6 s
//	a member's part of 100 in one process      0.22 % of a CPU, 160 KiB  0.06 % of a CPU, 99 KiB
//	a mirror killed while it writes, 500 times no partial file
//
// # Security
//
// Any holder of the secret can make any claim about any member; a member always
// refutes false claims about itself, and only those. A packet or stream without
// the secret is dropped unread and not answered.
//
// Without a secret, any host that reaches the port is a member. Addresses are
// taken as they are gossiped, and memberlist answers a probe at the address in
// it: a stranger can make members send packets of up to 1,400 bytes, and open
// streams, to any address. A member without a secret therefore listens on
// loopback unless Config.Insecure is set. CIDRsAllowed, which Config.Tune can
// set, limits the addresses of members.
//
// memberlist does not detect replayed packets. Messages of this package name the
// state they are about and have no effect twice; a replayed request for metadata
// is answered a few times a second at most.
//
// Strangers can hold 128 connections: each for two seconds until its first byte,
// and for Timing.Stream after it. When all are taken, the address that holds
// most of them gives one up to an address that holds fewer (in IPv6, the /64
// network), so it takes many addresses to keep a joining member waiting. Another
// 32 are reserved for the addresses of members. Packets are not affected.
//
// A process that keeps answering the generation of a member with a greater one
// is taken for another process under its name: the member closes.
package swim
