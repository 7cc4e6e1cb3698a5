// Package term holds what every command shares with the terminal and the shell:
// streams, exit codes, errors with hints, flag groups, escaping, tables, JSON
// and progress. It knows nothing of nodes and keys.
package term

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/mattn/go-isatty"
)

// Streams is what a command has of the world around it. Standard output gets
// data only; everything meant for a person goes to standard error.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
	Getenv   func(string) string
	Color    Choice // the --color flag
}

// Colors returns the flag --color.
func Colors() Choice { return Choose("--color", "auto", "always", "never") }

// IsTerminal reports whether a person is looking at what is written to w.
func IsTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}

// colored reports whether standard error takes colour: as --color says, and
// by default on a terminal unless NO_COLOR or a dumb terminal speaks against.
func (s *Streams) colored() bool {
	switch s.Color.String() {
	case "always":
		return true
	case "never":
		return false
	}
	return IsTerminal(s.Err) && s.Getenv("NO_COLOR") == "" && s.Getenv("TERM") != "dumb"
}

// ColoredScreen reports whether a screen that is drawn takes color.
func (s *Streams) ColoredScreen() bool {
	return s.Color.value == "always" || s.Color.value != "never" && s.Getenv("NO_COLOR") == ""
}

// say writes one line for a person, after a label that stands out in colour.
// Control characters that a message quotes from elsewhere are escaped.
func (s *Streams) say(label, sgr, message string) {
	if s.colored() {
		label = "\x1b[" + sgr + "m" + label + "\x1b[0m"
	}
	fmt.Fprintf(s.Err, "%s %s\n", label, Printable(message))
}

// Warn tells of something that does not stop the command.
func (s *Streams) Warn(format string, args ...any) {
	s.say("proxenos:", "33", "warning: "+fmt.Sprintf(format, args...))
}

// sayList writes the lines of a list below one another.
func (s *Streams) sayList(list *listError) {
	for i, line := range list.lines() {
		if i == 0 {
			s.say(list.label, "36", line)
			continue
		}
		fmt.Fprintf(s.Err, "%*s %s\n", len(list.label), "", Printable(line))
	}
}

// Report tells why a command failed and how to go on, and returns its code.
func (s *Streams) Report(err error) int {
	code := ExitCode(err)
	if code == ExitDone || code == ExitInterrupted {
		return code
	}
	s.say("proxenos:", "31", err.Error())
	if hint := HintOf(err); hint != "" {
		s.say("hint:", "36", hint)
	}
	var list *listError
	if errors.As(err, &list) {
		s.sayList(list)
	}
	return code
}
