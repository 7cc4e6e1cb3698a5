package cli

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

// withHint adds advice to an error.
func withHint(err error, format string, args ...any) error {
	return &hintError{err, fmt.Sprintf(format, args...)}
}

// hintOf returns the advice for an error, if it has any.
func hintOf(err error) string {
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

// referTo gives a refusal without advice a place to read on: the help of the
// command that refused.
func referTo(c *cobra.Command, err error) error {
	var usage *usageError
	if errors.As(err, &usage) && hintOf(err) == "" {
		return withHint(err, "see %s --help", c.CommandPath())
	}
	return err
}

// unknownChoice refuses a value that is none of the choices.
func unknownChoice(what, typed string, choices []string) error {
	err := usagef("unknown %s %q: choose from %s", what, typed, strings.Join(choices, ", "))
	if near := nearest(typed, choices); near != "" {
		return withHint(err, "did you mean %q?", near)
	}
	return err
}

// nearest returns the choice that typed was probably meant to be, or nothing.
// Cobra knows how to guess the names of commands, so the choices become some.
func nearest(typed string, choices []string) string {
	guesser := &cobra.Command{SuggestionsMinimumDistance: 2}
	for _, c := range choices {
		guesser.AddCommand(&cobra.Command{Use: c, Run: func(*cobra.Command, []string) {}})
	}
	if near := guesser.SuggestionsFor(typed); typed != "" && len(near) > 0 {
		return near[0]
	}
	return ""
}
