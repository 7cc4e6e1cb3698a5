//go:build unix

// Command swimlab compares package swim with plain memberlist, in one run on
// one machine, with sockets on loopback. Run all scenarios, or those that match a
// pattern:
//
//	go run ./internal/lab/swimlab
//	go run ./internal/lab/swimlab -run 'storm|crash' -runs 20
//	go run ./internal/lab/swimlab -run crowd -members 200 -busy 6
//
// Each scenario prints one row: what was measured, this package, and plain
// memberlist with its default LAN configuration.
//
// Times depend on the load of the machine. Scenarios that depend on the protocol
// alone also run in virtual time:
//
//	go test ./internal/lab/swimlab -v -run TestFigures -timeout 2h -figures
//	go test ./internal/lab/swimlab -v -run TestFigures/storm -figures -runs 100
package main

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"time"
)

// options set how much is measured.
type options struct {
	members int
	runs    int
	changes int // of metadata
	lossFor time.Duration
	busy    int           // processes that do other work
	kill    bool          // half of a crowd, and start it again
	watch   time.Duration // a crowd, after it met
	network func() network
}

// scenario is one row of the table.
type scenario struct {
	name string
	what string
	run  func(options) (us, plain string, err error)
	// protocol marks a scenario that depends on the protocol alone, so that it can
	// run in virtual time, in which the load of the machine does not matter.
	protocol bool
}

var scenarios = []scenario{
	{"storm", "all join one seed at once: until every member knows all", storm, true},
	{"crash", "a member crashes: until all suspect it, and until it is offline everywhere", crash, true},
	{"metadata", "a metadata change: until every member knows it", metadataClean, true},
	{"metadata-loss", "the same with 30 % of packets lost", metadataLossy, true},
	{"large", "64 KiB of metadata: until 20 members have it", large, true},
	{"garbage", "log lines after 20,000 packets of garbage", garbage, false},
	{"idle", "1,000 idle connections to a member of 10", idle, false},
	{"stop", "SIGSTOP for 10 s, then SIGCONT", stop, false},
	{"restart", "kill -9 and start again within 1 s: until every member knows it", restart, false},
	{"chain", "twelve members in a chain of seeds: until every member knows all", chain, true},
	{"footprint", "100 members in one process, per member", footprint, false},
	{"crowd", "as many processes join one seed at once: until every one knows all, and a while more", crowd, false},
	{"loss", "members wrongly suspect or offline with 30 % of packets lost", loss, true},
}

func main() {
	if name := os.Getenv(childName); name != "" {
		child(name)
		return
	}
	o := options{network: overSockets}
	pattern := flag.String("run", ".", "scenarios to run, a regular `expression`")
	flag.IntVar(&o.members, "members", 60, "members of a cluster")
	flag.IntVar(&o.runs, "runs", 20, "runs of a scenario that differs from run to run")
	flag.IntVar(&o.changes, "changes", 100, "metadata changes that are timed")
	flag.DurationVar(&o.lossFor, "loss-for", 10*time.Minute, "how long to look for members wrongly suspect or offline")
	flag.IntVar(&o.busy, "busy", 0, "processes that do other work while a crowd meets")
	flag.BoolVar(&o.kill, "kill", false, "kill half of a crowd and start it again")
	flag.DurationVar(&o.watch, "watch", 20*time.Second, "how long to watch a crowd after it met")
	flag.Parse()
	chosen, err := regexp.Compile("^(" + *pattern + ")$")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	if *pattern == "." {
		chosen = regexp.MustCompile("")
	}
	if !measure(o, chosen) {
		os.Exit(1)
	}
}

// measure runs the chosen scenarios and reports whether all succeeded.
func measure(o options, chosen *regexp.Regexp) (ok bool) {
	fmt.Printf("%s, %d CPUs, %d members, %d runs\n\n", runtime.Version(), runtime.NumCPU(), o.members, o.runs)
	fmt.Println("| scenario | measured | swim | plain memberlist |")
	fmt.Println("| --- | --- | --- | --- |")
	ok = true
	for _, s := range scenarios {
		if !chosen.MatchString(s.name) {
			continue
		}
		us, plain, err := s.run(o)
		if err != nil {
			us, ok = "failed: "+err.Error(), false
		}
		fmt.Printf("| %s | %s | %s | %s |\n", s.name, s.what, us, plain)
	}
	return ok
}
