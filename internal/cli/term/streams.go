// Package term holds what every command shares with the terminal and the shell:
// streams, exit codes, errors with hints, flag groups, escaping, tables, JSON
// and progress. It knows nothing of nodes and keys.
package term

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/mattn/go-isatty"
)

// Streams are the standard streams and the environment of a command. Standard
// output gets data only; messages go to standard error.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
	Getenv   func(string) string
	Color    Choice // the --color flag
	subject  string // begins warnings
}

// About returns streams whose warnings begin with a subject, such as the name of a
// source among several.
func (s *Streams) About(subject string) *Streams {
	about := *s
	about.subject = subject + ": "
	return &about
}

// Colors returns the choice for --color.
func Colors() Choice { return Choose("--color", "auto", "always", "never") }

// IsTerminal reports whether w is a terminal.
func IsTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}

// colored reports whether messages on standard error are colored.
func (s *Streams) colored() bool { return s.wantsColor(IsTerminal(s.Err)) }

// ColoredOut reports whether words in the text on standard output are colored. Off
// a terminal they never are, as programs read them.
func (s *Streams) ColoredOut() bool { return IsTerminal(s.Out) && s.wantsColor(true) }

// wantsColor reports whether a stream is colored: as --color says. By default
// NO_COLOR turns color off, then FORCE_COLOR or CLICOLOR_FORCE turns it on, and then
// a terminal has color unless CLICOLOR=0 or TERM=dumb.
func (s *Streams) wantsColor(terminal bool) bool {
	switch s.Color.String() {
	case "always":
		return true
	case "never":
		return false
	}
	switch {
	case s.Getenv("NO_COLOR") != "":
		return false
	case isOn(s.Getenv("FORCE_COLOR")), isOn(s.Getenv("CLICOLOR_FORCE")):
		return true
	}
	return terminal && s.Getenv("CLICOLOR") != "0" && s.Getenv("TERM") != "dumb"
}

// isOn reports whether a variable that turns something on does.
func isOn(value string) bool { return value != "" && value != "0" }

// ColoredScreen reports whether a full-screen view is colored.
func (s *Streams) ColoredScreen() bool {
	return s.Color.value == "always" || s.Color.value != "never" && s.Getenv("NO_COLOR") == ""
}

// Paint returns text in the color of sgr, the parameters of an escape sequence.
func Paint(sgr, text string) string { return "\x1b[" + sgr + "m" + text + "\x1b[0m" }

// ShowsUTF8 reports whether the terminal shows UTF-8: unless the locale names
// another encoding or none.
func (s *Streams) ShowsUTF8() bool {
	locale := strings.ToLower(cmp.Or(s.Getenv("LC_ALL"), s.Getenv("LC_CTYPE"), s.Getenv("LANG"), "UTF-8"))
	return strings.Contains(locale, "utf-8") || strings.Contains(locale, "utf8")
}

// say writes a message after a colored label, with control characters escaped.
// sgr is the color of the label.
func (s *Streams) say(label, sgr, message string) {
	if s.colored() {
		label = Paint(sgr, label)
	}
	fmt.Fprintf(s.Err, "%s %s\n", label, Printable(message))
}

// Warn prints a warning.
func (s *Streams) Warn(format string, args ...any) {
	s.say("proxenos:", "33", "warning: "+s.subject+fmt.Sprintf(format, args...))
}

// Verdict returns the error of a command whose exit code is a verdict, which
// outranks written, the error of writing its output. If both are errors, it
// prints the latter.
func (s *Streams) Verdict(verdict, written error) error {
	if verdict == nil {
		return written
	}
	if written != nil && !isBrokenPipe(written) {
		s.Complain(written)
	}
	return verdict
}

// Complain prints an error with its hint, in addition to the one that ends
// the command.
func (s *Streams) Complain(err error) {
	s.say("proxenos:", "31", err.Error())
	if hint := HintOf(err); hint != "" {
		s.say("hint:", "36", hint)
	}
}

// WarnOf prints an error with its hint as a warning.
func (s *Streams) WarnOf(err error) {
	s.Warn("%v", err)
	if hint := HintOf(err); hint != "" {
		s.say("hint:", "36", hint)
	}
}

// sayList prints a list, indented below its label.
func (s *Streams) sayList(list *listError) {
	for i, line := range list.lines() {
		if i == 0 {
			s.say(list.label, "36", line)
			continue
		}
		fmt.Fprintf(s.Err, "%*s %s\n", len(list.label), "", Printable(line))
	}
}

// Report prints an error with its hint and list, and returns the exit code.
func (s *Streams) Report(err error) int {
	code := ExitCode(err)
	if code == ExitDone || code == ExitInterrupted || code == ExitTerminated {
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
