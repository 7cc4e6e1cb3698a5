//go:build unix

package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/proxenos/proxenos/internal/testkit/freeport"
)

// TestSwimScripts runs the scripts of testdata/swim, in which several processes are
// members of one cluster. $P1 to $P12 are free ports of 127.0.0.1.
func TestSwimScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "swim"),
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":  exits,
			"await":  await,
			"fetch":  fetch,
			"signal": signal,
		},
		RequireUniqueNames: true,
		UpdateScripts:      os.Getenv("UPDATE_SCRIPTS") != "",
		Setup: func(env *testscript.Env) error {
			for i := range 12 {
				env.Setenv(fmt.Sprint("P", i+1), fmt.Sprint(freeport.Take(env.T().(testing.TB))))
			}
			return nil
		},
	})
}

// await waits until a file contains a text, or with ! until the file does not exist:
//
//	await node1/.online/127.0.0.1:2002/port 8080
func await(ts *testscript.TestScript, gone bool, args []string) {
	if len(args) == 0 {
		ts.Fatalf("usage: [!] await FILE [TEXT]")
	}
	path, want := ts.MkAbs(args[0]), strings.Join(args[1:], " ")
	var content []byte
	var err error
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		content, err = os.ReadFile(path)
		if gone && os.IsNotExist(err) || !gone && err == nil && strings.Contains(string(content), want) {
			return
		}
	}
	ts.Fatalf("%s: %q, %v", args[0], content, err)
}

// signal sends a signal to the background command with that --name:
//
//	signal TERM 127.0.0.1:2001
func signal(ts *testscript.TestScript, neg bool, args []string) {
	signals := map[string]os.Signal{"HUP": syscall.SIGHUP, "TERM": syscall.SIGTERM, "STOP": syscall.SIGSTOP, "CONT": syscall.SIGCONT}
	if neg || len(args) != 2 || signals[args[0]] == nil {
		ts.Fatalf("usage: signal HUP|TERM|STOP|CONT ARGUMENT")
	}
	for _, cmd := range ts.BackgroundCmds() {
		if i := slices.Index(cmd.Args, "--name"); i > 0 && cmd.Args[i+1] == args[1] {
			ts.Check(cmd.Process.Signal(signals[args[0]]))
			return
		}
	}
	ts.Fatalf("no background command has --name %s", args[1])
}

// fetch sends requests until a server responds, and until the body contains the
// text if one is given. It writes the status code and the body to a file.
//
//	fetch answer.txt application/json http://127.0.0.1:9911/ '"name":"a"'
func fetch(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: fetch FILE ACCEPT URL [TEXT]")
	}
	want := strings.Join(args[3:], " ")
	request, err := http.NewRequest(http.MethodGet, args[2], nil)
	ts.Check(err)
	request.Header.Set("Accept", args[1])
	client := http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		answer, err := client.Do(request)
		if err != nil && time.Now().Before(end) {
			continue
		}
		ts.Check(err)
		body, err := io.ReadAll(answer.Body)
		ts.Check(err)
		ts.Check(answer.Body.Close())
		if !strings.Contains(string(body), want) {
			if time.Now().After(end) {
				ts.Fatalf("%s: no %q in %s", args[2], want, body)
			}
			continue
		}
		ts.Check(os.WriteFile(ts.MkAbs(args[0]), fmt.Appendf(nil, "%d\n%s", answer.StatusCode, body), 0o600))
		return
	}
}
