package repo

// Every block of the README runs. This file parses it; session_test.go runs it
// as one session from top to bottom in an empty directory, with the program
// just built in PATH.
//
// A console block holds commands and their output. A line that begins with "$ "
// is a command (a trailing backslash continues it on the next line); the lines
// up to the next command are its exact output, standard output and standard
// error together. A line of "..." matches any lines; an empty line before a
// command is ignored.
//
//	```console
//	$ proxenos select -n a -n b -n c user:42
//	b
//	$ proxenos select -b static user:42 2>/dev/null
//	$ echo $?
//	65
//	```
//
// A command that fails must be followed by "$ echo $?", as above.
//
// A sh block holds commands to copy, one a line, without "$ ". They must
// succeed; their output is not compared. A command that ends in " &", here or
// in a console block, runs until the test interrupts it.
//
// A go block is a whole program. The test runs it and compares its output with
// the comment after "// Output:" at its end, as in an example.
//
// A comment in the line before a block marks it:
//
//	<!-- file: ten.txt -->      the block is the content of that file
//	<!-- needs: consul -->      8500 is the port of a real Consul, with the
//	                            services of consulWithWeb
//	<!-- needs: serve -->       9911 is a free port
//	<!-- needs: swim -->        20001 to 20005 are free ports
//	<!-- illustration -->       not run: a sketch, a signature
//
// A few commands are replaced by others that a test can run: see standIns.

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// block is a fenced block of the README, or an indented one of a guide.
type block struct {
	page     string // the file, if it is not README.md
	line     int    // of its fence, counted from 1
	language string
	mark     string // "file: ten.txt", "needs: consul", "illustration" or ""
	text     string
}

func (b block) String() string { return fmt.Sprintf("%s:%d", cmp.Or(b.page, "README.md"), b.line) }

// step is a command and its expected output.
type step struct {
	command string
	want    string
	silent  bool // the output is not compared
}

var (
	fence   = regexp.MustCompile("^```([a-z]*)$")
	comment = regexp.MustCompile(`^<!-- (.*) -->$`)
)

// blocksOf reads the fenced blocks, and refuses a fence that never closes.
func blocksOf(markdown string) (blocks []block, err error) {
	var open *block
	before := ""
	for i, line := range strings.Split(markdown, "\n") {
		switch {
		case open != nil && line == "```":
			blocks = append(blocks, *open)
			open = nil
		case open != nil:
			open.text += line + "\n"
		case fence.MatchString(line):
			open = &block{line: i + 1, language: fence.FindStringSubmatch(line)[1]}
			if mark := comment.FindStringSubmatch(before); mark != nil {
				open.mark = mark[1]
			}
		}
		before = line
	}
	if open != nil {
		return nil, fmt.Errorf("%v: the block never ends", open)
	}
	return blocks, nil
}

// stepsOf reads a console block or a sh block.
func stepsOf(b block) (steps []step, err error) {
	lines := strings.Split(strings.TrimSuffix(b.text, "\n"), "\n")
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		prompted := strings.HasPrefix(line, "$ ")
		switch {
		case b.language == "sh" && (strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#")):
			continue
		case b.language == "sh", prompted:
			if len(steps) > 0 && lines[i-1] == "" {
				last := &steps[len(steps)-1]
				last.want = strings.TrimSuffix(last.want, "\n")
			}
			command := strings.TrimPrefix(line, "$ ")
			for strings.HasSuffix(command, `\`) && i+1 < len(lines) {
				i++
				command += "\n" + lines[i]
			}
			steps = append(steps, step{command: command, silent: b.language == "sh"})
		case len(steps) == 0:
			return nil, fmt.Errorf("%v: output %q comes before any command", b, line)
		default:
			steps[len(steps)-1].want += line + "\n"
		}
	}
	return steps, nil
}

// matches compares the output of a command with the README. Each "..." line
// matches as few lines as possible.
func matches(want, got string) bool {
	var pattern strings.Builder
	for line := range strings.Lines(want) {
		if line == "...\n" {
			pattern.WriteString(`(?:.*\n)*?`)
		} else {
			pattern.WriteString(regexp.QuoteMeta(line))
		}
	}
	return regexp.MustCompile(`\A` + pattern.String() + `\z`).MatchString(got)
}

func TestMatches(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name      string
		want, got string
		equal     bool
	}{
		{"the same", "a\nb\n", "a\nb\n", true},
		{"nothing", "", "", true},
		{"less", "a\nb\n", "a\n", false},
		{"more", "a\n", "a\nb\n", false},
		{"dots for two lines", "a\n...\nd\n", "a\nb\nc\nd\n", true},
		{"dots for no line", "a\n...\nd\n", "a\nd\n", true},
		{"dots at the start", "...\nd\n", "a\nd\n", true},
		{"dots at the end", "a\n...\n", "a\nb\n", true},
		{"dots for half a line are no dots", "a...\n", "ab\n", false},
		{"dots twice in a row", "...\n...\n", "a\n", true},
		{"a pattern means itself", "a.c\n", "abc\n", false},
	} {
		t.Run(c.name, func(t *testing.T) { assert.Equal(t, c.equal, matches(c.want, c.got)) })
	}
}

func TestStepsOf(t *testing.T) {
	t.Parallel()
	console, err := stepsOf(block{language: "console", text: "$ one \\\n  two\nout\n\nput\n\n$ three\n"})
	require.NoError(t, err)
	assert.Equal(t, []step{{command: "one \\\n  two", want: "out\n\nput\n"}, {command: "three"}}, console)

	sh, err := stepsOf(block{language: "sh", text: "# a remark\none\n\ntwo\n"})
	require.NoError(t, err)
	assert.Equal(t, []step{{command: "one", silent: true}, {command: "two", silent: true}}, sh)

	_, err = stepsOf(block{line: 7, language: "console", text: "out\n"})
	assert.EqualError(t, err, `README.md:7: output "out" comes before any command`)
}

func TestBlocksOf(t *testing.T) {
	t.Parallel()
	blocks, err := blocksOf("text\n<!-- file: a.txt -->\n```text\none\n```\n\n```console\n$ two\n```\n")
	require.NoError(t, err)
	assert.Equal(t, []block{
		{line: 3, language: "text", mark: "file: a.txt", text: "one\n"},
		{line: 7, language: "console", text: "$ two\n"},
	}, blocks)

	_, err = blocksOf("```sh\nnever closed\n")
	assert.EqualError(t, err, "README.md:1: the block never ends")
}

// TestREADME runs the README.
func TestREADME(t *testing.T) {
	t.Parallel()
	markdown, err := os.ReadFile(filepath.Join(root, "README.md"))
	require.NoError(t, err)
	blocks, err := blocksOf(string(markdown))
	require.NoError(t, err)
	s := newSession(t)
	for _, b := range blocks {
		s.play(b)
	}
	assert.Positive(t, s.commands, "the README has no command")
	assert.Positive(t, s.programs, "the README has no program")
	assert.Subset(t, s.seen, quickStart, "the README's quick start")

	picture, err := os.ReadFile(filepath.Join(s.dir, "moves.svg"))
	require.NoError(t, err, "the README draws its picture")
	shown := filepath.Join(root, ".github", "moves.svg")
	if *update {
		require.NoError(t, os.WriteFile(shown, picture, 0o644))
	}
	want, err := os.ReadFile(shown)
	require.NoError(t, err)
	assert.True(t, string(want) == string(picture), "the picture differs: go test ./internal/repo -run TestREADME -update")
}

// TestREADMEPinsOneVersion: an example that takes the latest version does
// something else for each reader.
func TestREADMEPinsOneVersion(t *testing.T) {
	t.Parallel()
	versions := map[string]bool{}
	for _, page := range []string{"README.md", "cmd/proxenos-store/README.md", "internal/cli/topics/checks.txt"} {
		text, err := os.ReadFile(filepath.Join(root, page))
		require.NoError(t, err)
		assert.NotContains(t, string(text), "@latest", page)
		for _, pin := range regexp.MustCompile(`proxenos\S*@(v[0-9.]+)|version: (v[0-9.]+)`).FindAllStringSubmatch(string(text), -1) {
			versions[pin[1]+pin[2]] = true
		}
	}
	assert.Len(t, versions, 1)
}

// TestFollowingTakesTenLines counts the lines of main in the programs of the
// README that follow a source.
func TestFollowingTakesTenLines(t *testing.T) {
	t.Parallel()
	markdown, err := os.ReadFile(filepath.Join(root, "README.md"))
	require.NoError(t, err)
	blocks, err := blocksOf(string(markdown))
	require.NoError(t, err)
	programs := 0
	for _, b := range blocks {
		if b.language != "go" || !strings.Contains(b.text, "mapper.Follow(") {
			continue
		}
		programs++
		_, main, _ := strings.Cut(b.text, "func main() {\n")
		main, _, _ = strings.Cut(main, "\t// Output:")
		assert.LessOrEqual(t, strings.Count(main, "\n"), 10, "%v:\n%s", b, main)
	}
	assert.Positive(t, programs, "the README has no program that follows a source")
}

// quickStart lists the two commands that a newcomer runs first.
var quickStart = []string{"go run ./cmd/proxenos select -n a -n b -n c user:42", "make test"}
