package cli

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/mattn/go-isatty"
)

// streams is what a command has of the world around it. Standard output gets
// data only; everything meant for a person goes to standard error.
type streams struct {
	In       io.Reader
	Out, Err io.Writer
	Getenv   func(string) string
	color    string // the --color flag: auto, always or never
}

// colors are the values of --color.
var colors = []string{"auto", "always", "never"}

// isTerminal reports whether a person is looking at what is written to w.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}

// colored reports whether standard error takes colour: as --color says, and
// by default on a terminal unless NO_COLOR or a dumb terminal speaks against.
func (s *streams) colored() bool {
	switch s.color {
	case "always":
		return true
	case "never":
		return false
	}
	return isTerminal(s.Err) && s.Getenv("NO_COLOR") == "" && s.Getenv("TERM") != "dumb"
}

// say writes one line for a person, after a label that stands out in colour.
// Control characters that a message quotes from elsewhere are escaped.
func (s *streams) say(label, sgr, message string) {
	if s.colored() {
		label = "\x1b[" + sgr + "m" + label + "\x1b[0m"
	}
	fmt.Fprintf(s.Err, "%s %s\n", label, printable(message))
}

// warn tells of something that does not stop the command.
func (s *streams) warn(format string, args ...any) {
	s.say("proxenos:", "33", "warning: "+fmt.Sprintf(format, args...))
}

// sayList writes the lines of a list below one another.
func (s *streams) sayList(list *listError) {
	for i, line := range list.lines() {
		if i == 0 {
			s.say(list.label, "36", line)
			continue
		}
		fmt.Fprintf(s.Err, "%*s %s\n", len(list.label), "", printable(line))
	}
}

// report tells why a command failed and how to go on, and returns its code.
func (s *streams) report(err error) int {
	code := exitCode(err)
	if code == exitDone || code == exitInterrupted {
		return code
	}
	s.say("proxenos:", "31", err.Error())
	if hint := hintOf(err); hint != "" {
		s.say("hint:", "36", hint)
	}
	var list *listError
	if errors.As(err, &list) {
		s.sayList(list)
	}
	return code
}
