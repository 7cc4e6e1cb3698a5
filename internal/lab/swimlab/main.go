// Command swimlab measures package swim beside plain memberlist, in one run on
// one machine, with real sockets on loopback. Run everything, or what a
// pattern names:
//
//	go run ./internal/lab/swimlab
//	go run ./internal/lab/swimlab -run 'storm|crash' -runs 20
//
// Each scenario prints one row: what was measured, this package, and plain
// memberlist with its default LAN configuration.
//
// On a machine that others use, the times say as much about them. What depends
// on the protocol alone is measured in virtual time too:
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

// options say how much to measure.
type options struct {
	members int
	runs    int
	changes int // of metadata
	lossFor time.Duration
	world   func() world
}

// scenario is one row of the table.
type scenario struct {
	name string
	what string
	run  func(options) (us, plain string, err error)
	// protocol marks what depends on the protocol alone and so can be measured
	// in virtual time, whatever the machine has to do besides.
	protocol bool
}

var scenarios = []scenario{
	{"storm", "all join one seed at once: until all see all", storm, true},
	{"crash", "a member crashes: until all suspect it, and hold it offline", crash, true},
	{"metadata", "a metadata change: until all see it", metadataClean, true},
	{"metadata-loss", "the same with 30 % of packets lost", metadataLossy, true},
	{"large", "64 KiB of metadata: until 20 members have it", large, true},
	{"garbage", "log lines after 20,000 packets of garbage", garbage, false},
	{"idle", "1,000 idle connections to a member of 10", idle, false},
	{"stop", "SIGSTOP for 10 s, then SIGCONT", stop, false},
	{"restart", "kill -9 and start again within 1 s: until all see it", restart, false},
	{"chain", "twelve members in a chain of seeds: until all see all", chain, true},
	{"footprint", "100 members in one process, for each", footprint, false},
	{"loss", "false verdicts with 30 % of packets lost", loss, true},
}

func main() {
	if name := os.Getenv(childName); name != "" {
		child(name)
		return
	}
	o := options{world: onSockets}
	pattern := flag.String("run", ".", "scenarios to run, a regular `expression`")
	flag.IntVar(&o.members, "members", 60, "members of a cluster")
	flag.IntVar(&o.runs, "runs", 20, "runs of a scenario that differs from run to run")
	flag.IntVar(&o.changes, "changes", 100, "metadata changes that are timed")
	flag.DurationVar(&o.lossFor, "loss-for", 10*time.Minute, "how long to look for false verdicts")
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

// measure runs the chosen scenarios and reports whether all could be measured.
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
