package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/proxenos/proxenos/internal/testkit/freeport"
)

// TestSession runs the scripts in testdata. $A to $C are the ports that nodes choose.
func TestSession(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"start": start,
			"end":   end,
			"exits": exits,
		},
		RequireUniqueNames: true,
		Setup: func(env *testscript.Env) error {
			first := freeport.TakeRun(t, 40)
			env.Setenv("PROXENOS_FIRST_PORT", strconv.Itoa(first))
			for i, name := range []string{"A", "B", "C"} {
				env.Setenv(name, strconv.Itoa(first+i))
			}
			env.Values["terminals"] = terminals{}
			return nil
		},
	})
}

// terminals holds the running commands by their names in the script.
type terminals map[string]*exec.Cmd

func terminalsOf(ts *testscript.TestScript) terminals { return ts.Value("terminals").(terminals) }

// start starts a node and waits until it serves. Its standard error goes to NAME.log:
//
//	start NAME proxenos-store serve [ARG...]
func start(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: start NAME COMMAND [ARG...]")
	}
	log, err := os.Create(ts.MkAbs(args[0] + ".log"))
	ts.Check(err)
	defer func() { ts.Check(log.Close()) }()
	cmd := exec.Command(args[1], args[2:]...)
	cmd.Env = []string{"PATH=" + ts.Getenv("PATH"), "PROXENOS_FIRST_PORT=" + ts.Getenv("PROXENOS_FIRST_PORT")}
	cmd.Stderr = log
	ts.Check(cmd.Start())
	terminalsOf(ts)[args[0]] = cmd
	ts.Defer(func() {
		if cmd.ProcessState == nil {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	})
	for limit := time.Now().Add(patience); !strings.Contains(ts.ReadFile(log.Name()), "Serving."); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(limit) {
			ts.Fatalf("%s does not serve: %s", args[0], ts.ReadFile(log.Name()))
		}
	}
}

// end sends a signal to a command and waits for it. Unless killed, it must exit with 0:
//
//	end INT|TERM|KILL NAME
func end(ts *testscript.TestScript, neg bool, args []string) {
	signals := map[string]syscall.Signal{"INT": syscall.SIGINT, "TERM": syscall.SIGTERM, "KILL": syscall.SIGKILL}
	if neg || len(args) != 2 || signals[args[0]] == 0 || terminalsOf(ts)[args[1]] == nil {
		ts.Fatalf("usage: end INT|TERM|KILL NAME")
	}
	cmd := terminalsOf(ts)[args[1]]
	ts.Check(cmd.Process.Signal(signals[args[0]]))
	if err := cmd.Wait(); err != nil && args[0] != "KILL" {
		ts.Fatalf("%s: %v: %s", args[1], err, ts.ReadFile(args[1]+".log"))
	}
}

// exits runs a command and checks its exit code:
//
//	exits CODE COMMAND [ARG...]
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND [ARG...]")
	}
	code := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		code = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if fmt.Sprint(code) != args[0] {
		ts.Fatalf("exit code %d, want %s", code, args[0])
	}
}
