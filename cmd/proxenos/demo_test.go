//go:build unix

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/freeport"
)

// terminal is a pseudo-terminal with a demo and its output.
type terminal struct {
	t    *testing.T
	cmd  *exec.Cmd
	tty  *os.File
	done chan struct{} // closed at the end of the output

	mu    sync.Mutex
	drawn bytes.Buffer
}

// demo starts a demo. The test binary is the program; see TestMain.
func demo(t *testing.T, width, height uint16, args ...string) *terminal {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Args = append([]string{"proxenos", "swim", "demo", "--timing", "local"}, args...)
	races := filepath.Join(t.TempDir(), "race")
	cmd.Env = append(os.Environ(), "TERM=xterm-256color", "GORACE=exitcode=0 log_path="+races)
	tty, err := pty.StartWithSize(cmd, &pty.Winsize{Cols: width, Rows: height})
	require.NoError(t, err)
	term := &terminal{t: t, cmd: cmd, tty: tty, done: make(chan struct{})}
	go term.watch()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = tty.Close()
		<-term.done
		noRaces(t, races)
	})
	return term
}

// noRaces fails the test if the race detector wrote a report to a file whose name
// begins with prefix. It ignores one report of bubbletea, which waits half a second
// for its reader and then closes the file that the reader uses; that happens on a
// slow machine.
func noRaces(t *testing.T, prefix string) {
	t.Helper()
	files, err := filepath.Glob(prefix + "*")
	require.NoError(t, err)
	for _, file := range files {
		all, err := os.ReadFile(file)
		require.NoError(t, err)
		for report := range strings.SplitSeq(string(all), "==================\n") {
			if strings.Contains(report, "DATA RACE") && !isReaderClosedEarly(report) {
				t.Error(report)
			}
		}
	}
}

// isReaderClosedEarly reports whether a race is the one of bubbletea's reader.
func isReaderClosedEarly(report string) bool {
	accesses, _, _ := strings.Cut(report, "\nGoroutine ")
	return strings.Count(accesses, "github.com/muesli/cancelreader.(*") >= 2 && strings.Contains(accesses, "CancelReader).Close()")
}

// watch records the output. It does not reply to terminal queries.
func (term *terminal) watch() {
	defer close(term.done)
	buf := make([]byte, 4096)
	for {
		n, err := term.tty.Read(buf)
		term.mu.Lock()
		term.drawn.Write(buf[:n])
		term.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// shows waits for a text in the output. Only text that the program draws in one
// piece is found; later it moves the cursor and changes single characters.
func (term *terminal) shows(text string) {
	term.t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		term.mu.Lock()
		drawn := term.drawn.String()
		term.mu.Unlock()
		if strings.Contains(drawn, text) {
			return
		}
		require.True(term.t, time.Now().Before(end), "%q is not in %q", text, drawn)
	}
}

// resize changes the size of the terminal, which makes the program redraw.
func (term *terminal) resize(width, height uint16) {
	term.t.Helper()
	term.mu.Lock()
	term.drawn.Reset()
	term.mu.Unlock()
	require.NoError(term.t, pty.Setsize(term.tty, &pty.Winsize{Cols: width, Rows: height}))
}

func (term *terminal) press(keys string) {
	term.t.Helper()
	_, err := term.tty.WriteString(keys)
	require.NoError(term.t, err)
}

func TestDemoOnATerminal(t *testing.T) {
	t.Parallel()
	one, two := fmt.Sprint("127.0.0.1:", freeport.Take(t)), fmt.Sprint("127.0.0.1:", freeport.Take(t))
	here := demo(t, 80, 24, "--name", one)
	here.shows("\x1b[?1049h")
	here.shows(">>> " + one + " is ONLINE")
	here.shows("Available: ") // the program writes the last column separately
	there := demo(t, 200, 50, "--name", two, "--peer", one)
	there.shows(one + " is ONLINE")

	here.press("hello, \x01\tworld")
	there.resize(190, 40)
	there.shows("typed=hello, world")
	here.resize(100, 30)
	here.shows("typed=hello, world")
	here.shows("<<<")

	here.press("\x03")
	require.NoError(t, here.cmd.Wait(), "Ctrl-C is a clean exit")
	here.shows("\x1b[?1049l")
	for end := time.Now().Add(patience); ; {
		there.resize(180, 40)
		time.Sleep(200 * time.Millisecond)
		there.resize(170, 40)
		time.Sleep(200 * time.Millisecond)
		there.mu.Lock()
		left := strings.Contains(there.drawn.String(), one+" is LEFT")
		there.mu.Unlock()
		if left {
			break
		}
		require.True(t, time.Now().Before(end), "the member that left is not shown as LEFT")
	}
	require.NoError(t, there.cmd.Process.Signal(os.Interrupt))
	require.NoError(t, there.cmd.Wait())
}
