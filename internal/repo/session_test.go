package repo

import (
	"bytes"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/consultest"
	"github.com/proxenos/proxenos/internal/testkit/freeport"
)

// session is a shell session that runs the README.
type session struct {
	*testing.T
	dir  string // working directory
	bin  string // directory of the installed programs
	code int    // $?
	swim int    // first port of the gossip cluster; 0 before its first use

	commands, programs int
	seen               []string
}

// newSession installs the programs and starts in an empty directory.
func newSession(t *testing.T) *session {
	s := &session{T: t, dir: t.TempDir(), bin: t.TempDir()}
	_, err := run(root, "go", "build", "-buildvcs=false", "-o", s.bin+string(filepath.Separator), "./cmd/...")
	require.NoError(t, err)
	return s
}

// play runs a block.
func (s *session) play(b block) {
	kind, value, _ := strings.Cut(b.mark, ": ")
	switch {
	case kind == "needs" && value == "swim":
		b.text = s.withPorts(b.text)
	case kind == "needs":
		b.text = withServer(s.T, value, b.text)
	}
	switch {
	case kind == "illustration":
	case kind == "file":
		require.True(s, filepath.IsLocal(value), "%v: %q", b, value)
		require.NoError(s, os.WriteFile(filepath.Join(s.dir, value), []byte(b.text), 0o644))
	case b.language == "console", b.language == "sh":
		s.runSteps(b)
	case b.language == "go":
		s.program(b)
	default:
		assert.Fail(s, "unchecked block", "%v: mark it as a file or as an illustration", b)
	}
}

func (s *session) runSteps(b block) {
	steps, err := stepsOf(b)
	require.NoError(s, err)
	require.NotEmpty(s, steps, "%v: no commands", b)
	for i, step := range steps {
		s.commands++
		s.seen = append(s.seen, step.command)
		if lasting, ok := strings.CutSuffix(step.command, " &"); ok {
			s.startBackground(lasting)
			continue
		}
		got := s.exec(step.command)
		if !step.silent {
			assert.True(s, matches(step.want, got), "%v: %s\nshown:\n%s\nprinted:\n%s", b, step.command, step.want, got)
		}
		expected := i+1 < len(steps) && steps[i+1].command == "echo $?"
		assert.True(s, s.code == 0 || expected, "%v: %s: exit code %d\n%s", b, step.command, s.code, got)
	}
}

// exec runs a command.
func (s *session) exec(command string) string {
	dir, shown := s.dir, command
	for _, in := range standIns {
		if in.pattern.MatchString(command) {
			dir, command = root, in.pattern.ReplaceAllString(command, in.run)
			break
		}
	}
	cmd := s.shell(command)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		require.NoError(s, err, shown)
	}
	s.code = cmd.ProcessState.ExitCode()
	return string(out)
}

// startBackground starts a command that runs until the test interrupts it. It
// must not end earlier, and must then exit with 0.
func (s *session) startBackground(command string) {
	cmd := s.shell("exec " + command)
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	cmd.WaitDelay = time.Minute
	require.NoError(s, cmd.Start())
	s.Cleanup(func() {
		assert.NoError(s, cmd.Process.Signal(os.Interrupt), command)
		assert.NoError(s, cmd.Wait(), "%s:\n%s", command, output.String())
	})
}

// shell returns a command that runs in a new shell, where $? is the exit code
// of the previous one.
func (s *session) shell(command string) *exec.Cmd {
	cmd := exec.Command("sh", "-c", "(exit $LAST)\n"+command)
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(),
		"PATH="+s.bin+string(filepath.ListSeparator)+os.Getenv("PATH"),
		"LAST="+strconv.Itoa(s.code), "BIN="+s.bin, "NO_COLOR=1", "LC_ALL=C", "GOFLAGS=-buildvcs=false", "MAKEFLAGS=")
	return cmd
}

// standIns lists commands that a test cannot run as written, and what runs in
// their place, at the top of the repository.
var standIns = []struct {
	pattern *regexp.Regexp
	run     string
}{
	// make runs this test, so it only checks that the target exists.
	{regexp.MustCompile(`^make( .*)?$`), "make --dry-run$1 >/dev/null"},
	{regexp.MustCompile(`^go test (.*)$`), "go test -run '^$$' $1"},
	// Modules of their own are neither fetched nor built; the path is checked.
	{regexp.MustCompile(`^go (?:get|install) (` + module + `/(mapper/grpclb|cmd/proxenos-beam))@v[0-9.]+$`), `grep -qx "module $1" $2/go.mod`},
	{regexp.MustCompile(`^go install ` + module + `/(\S+)@v[0-9.]+$`), `go build -o "$$BIN/" ./$1`},
	// Nothing is fetched; the pattern checks the path of the module.
	{regexp.MustCompile(`^git clone https://` + module + `(\.git)?( && cd proxenos)?$`), "true"},
	{regexp.MustCompile(`^go get ` + module + `@v[0-9.]+$`), "true"},
	{regexp.MustCompile(`^(go (run|build|vet|doc) .*)$`), "$1"},
}

// program runs a go block in a file of its own, within the module.
func (s *session) program(b block) {
	s.programs++
	require.Contains(s, b.text, "package main\n", "%v: not a whole program", b)
	file := filepath.Join(s.TempDir(), "main.go")
	require.NoError(s, os.WriteFile(file, []byte(b.text), 0o644))
	formatted, err := run(root, "gofmt", "-l", file)
	require.NoError(s, err)
	assert.Empty(s, string(formatted), "%v: gofmt would change it", b)
	out, err := run(root, "go", "run", file)
	require.NoError(s, err, "%v", b)
	want, shown := outputComment(b.text)
	assert.True(s, shown, "%v: no // Output: comment", b)
	assert.True(s, matches(want, string(out)), "%v: shown:\n%s\nprinted:\n%s", b, want, out)
}

// outputComment returns the lines of comment that follow "// Output:".
func outputComment(program string) (text string, found bool) {
	_, rest, found := strings.Cut(program, "// Output:\n")
	for line := range strings.Lines(rest) {
		comment, isComment := strings.CutPrefix(strings.TrimSpace(line), "//")
		if !isComment {
			break
		}
		text += strings.TrimPrefix(comment, " ") + "\n"
	}
	return text, found
}

func TestOutputComment(t *testing.T) {
	t.Parallel()
	text, found := outputComment("func main() {}\n\t// Output:\n\t// a\n\t//\n\t//  b\n}\n// c\n")
	assert.True(t, found)
	assert.Equal(t, "a\n\n b\n", text)
}

// Ports of the gossip cluster as the README has them.
const (
	swimPort  = 20001
	swimPorts = 5
)

// withPorts replaces the ports of the members by free ports, the same in every
// block.
func (s *session) withPorts(text string) string {
	if s.swim == 0 {
		s.swim = freeport.TakeRun(s, swimPorts)
	}
	var pairs []string
	for i := range swimPorts {
		pairs = append(pairs, strconv.Itoa(swimPort+i), strconv.Itoa(s.swim+i))
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// withServer starts a real server and replaces its usual port by the actual
// one.
func withServer(t *testing.T, name, text string) string {
	t.Helper()
	server, known := servers[name]
	require.True(t, known, "needs %q: unknown server", name)
	require.Contains(t, text, server.port, "needs %s, but no command names its port", name)
	return strings.ReplaceAll(text, server.port, server.start(t))
}

// servers lists the servers that a block can need. They run until the test
// ends; start returns the port.
var servers = map[string]struct {
	port  string // as the README has it
	start func(*testing.T) string
}{
	"consul": {"8500", consulWithWeb},
	"serve":  {"9911", func(t *testing.T) string { return strconv.Itoa(freeport.Take(t)) }},
}

// consulWithWeb starts Consul with three instances of one service on a node
// called demo.
func consulWithWeb(t *testing.T) string {
	server := consultest.Start(t, consultest.Options{Node: "demo"})
	server.Register(
		consultest.Instance{Service: "web", ID: "web-1", Address: "10.0.0.1", Port: 80, Tags: []string{"v1"}},
		consultest.Instance{Service: "web", ID: "web-2", Address: "10.0.0.2", Port: 80, Tags: []string{"v2"}},
		consultest.Instance{Service: "web", ID: "web-3", Address: "10.0.0.3", Port: 80, Tags: []string{"v2"}},
	)
	_, port, err := net.SplitHostPort(server.Addr)
	require.NoError(t, err)
	return port
}
