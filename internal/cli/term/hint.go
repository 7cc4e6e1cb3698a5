package term

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// hintError is an error with a hint on how to fix it.
type hintError struct {
	error
	hint string
}

func (e *hintError) Unwrap() error { return e.error }

// Hint adds a hint to an error. [Streams.Report] prints it on a line of its own.
func Hint(err error, format string, args ...any) error {
	return &hintError{err, fmt.Sprintf(format, args...)}
}

// HintOf returns the hint of an error, or the empty string.
func HintOf(err error) string {
	var hinted *hintError
	if errors.As(err, &hinted) {
		return hinted.hint
	}
	return ""
}

// listError is an error with a list of valid inputs that is too long for the
// error line.
type listError struct {
	error
	label string
	items []string
}

func (e *listError) Unwrap() error { return e.error }

// withList adds a list to an error.
func withList(err error, label string, items []string) error {
	return &listError{err, label, items}
}

// listWidth is the default width of a terminal.
const listWidth = 80

// lines wraps the list. The first line follows the label.
func (e *listError) lines() []string {
	var lines []string
	line := ""
	for i, item := range e.items {
		if i < len(e.items)-1 {
			item += ","
		}
		switch {
		case line == "":
			line = item
		case len(e.label)+1+len(line)+1+len(item) > listWidth:
			lines, line = append(lines, line), item
		default:
			line += " " + item
		}
	}
	return append(lines, line)
}

// ReferToHelp adds a hint that points to the help of c to a usage error without
// a hint.
func ReferToHelp(c *cobra.Command, err error) error {
	if IsUsage(err) && HintOf(err) == "" {
		return Hint(err, "see %s --help", c.CommandPath())
	}
	return err
}

// UnknownChoice returns the usage error for a value that is not among choices.
func UnknownChoice(what, typed string, choices []string) error {
	err := Usagef("unknown %s %q: choose from %s", what, typed, strings.Join(choices, ", "))
	if near := Nearest(typed, choices); near != "" {
		return Hint(err, "did you mean %q?", near)
	}
	return err
}

// Nearest returns the choice closest to typed, or the empty string. It uses
// cobra's suggestions for command names.
func Nearest(typed string, choices []string) string {
	guesser := &cobra.Command{SuggestionsMinimumDistance: 2}
	for _, c := range choices {
		guesser.AddCommand(&cobra.Command{Use: c, Run: func(*cobra.Command, []string) {}})
	}
	for _, near := range guesser.SuggestionsFor(typed) {
		if strings.ContainsAny(near, typed) { // two edits turn "z" into "a"
			return near
		}
	}
	return ""
}
