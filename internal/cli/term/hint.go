package term

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// hintError is an error with advice on what to do about it.
type hintError struct {
	error
	hint string
}

func (e *hintError) Unwrap() error { return e.error }

// Hint adds advice to an error.
func Hint(err error, format string, args ...any) error {
	return &hintError{err, fmt.Sprintf(format, args...)}
}

// HintOf returns the advice for an error, if it has any.
func HintOf(err error) string {
	var hinted *hintError
	if errors.As(err, &hinted) {
		return hinted.hint
	}
	return ""
}

// listError is an error with a list of what could have been typed, which is too
// long for the line that says what is wrong.
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

// listWidth is the width of a terminal that nobody has changed.
const listWidth = 80

// lines are the list in lines below one another, the first after the label.
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

// ReferToHelp gives a refusal without advice a place to read on: the help of the
// command that refused.
func ReferToHelp(c *cobra.Command, err error) error {
	if IsUsage(err) && HintOf(err) == "" {
		return Hint(err, "see %s --help", c.CommandPath())
	}
	return err
}

// UnknownChoice refuses a value that is none of the choices.
func UnknownChoice(what, typed string, choices []string) error {
	err := Usagef("unknown %s %q: choose from %s", what, typed, strings.Join(choices, ", "))
	if near := Nearest(typed, choices); near != "" {
		return Hint(err, "did you mean %q?", near)
	}
	return err
}

// Nearest returns the choice that typed was probably meant to be, or nothing.
// Cobra knows how to guess the names of commands, so the choices become some.
func Nearest(typed string, choices []string) string {
	guesser := &cobra.Command{SuggestionsMinimumDistance: 2}
	for _, c := range choices {
		guesser.AddCommand(&cobra.Command{Use: c, Run: func(*cobra.Command, []string) {}})
	}
	if near := guesser.SuggestionsFor(typed); typed != "" && len(near) > 0 {
		return near[0]
	}
	return ""
}
