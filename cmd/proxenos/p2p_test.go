//go:build unix

package main

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/proxenos/proxenos/internal/testkit/freeport"
)

// TestP2PScripts runs the scripts of testdata/p2p, in which several processes are
// nodes of one network. $A to $E are the first ports that nodes try.
func TestP2PScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "p2p"),
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":     exits,
			"until":     until,
			"terminate": terminate,
		},
		RequireUniqueNames: true,
		Setup: func(env *testscript.Env) error {
			first := freeport.TakeRun(t, 40)
			env.Setenv("PROXENOS_FIRST_PORT", fmt.Sprint(first))
			for i, name := range []string{"A", "B", "C", "D", "E"} {
				env.Setenv(name, fmt.Sprint(first+i))
			}
			return nil
		},
	})
}

// until runs a command until it succeeds and its output matches, or with ! does
// not match:
//
//	until [!] REGEXP COMMAND [ARG...]
func until(ts *testscript.TestScript, neg bool, args []string) {
	unwanted := len(args) > 0 && args[0] == "!"
	if unwanted {
		args = args[1:]
	}
	if neg || len(args) < 2 {
		ts.Fatalf("usage: until [!] REGEXP COMMAND [ARG...]")
	}
	want, err := regexp.Compile(args[0])
	ts.Check(err)
	for end := time.Now().Add(2 * patience); ; time.Sleep(20 * time.Millisecond) {
		err := ts.Exec(args[1], args[2:]...)
		if err == nil && want.MatchString(ts.ReadFile("stdout")) != unwanted {
			return
		}
		if time.Now().After(end) {
			ts.Fatalf("until %s: %v", strings.Join(args, " "), err)
		}
	}
}

// terminate sends SIGTERM, which the kill command of testscript does not support, to
// the background command with an argument:
//
//	terminate 9902
func terminate(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: terminate ARGUMENT")
	}
	for _, cmd := range ts.BackgroundCmds() {
		if slices.Contains(cmd.Args, args[0]) {
			ts.Check(cmd.Process.Signal(syscall.SIGTERM))
			return
		}
	}
	ts.Fatalf("no background command has the argument %s", args[0])
}
