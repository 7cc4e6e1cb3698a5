package term

import (
	"io"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Format is the flag --output of a command that writes a T: a [Choice] of
// formats, each with its writer.
type Format[T any] struct {
	Choice
	writers []Writer[T]
}

// Writer is a named format and the function that writes a T in it.
type Writer[T any] struct {
	Name  string
	Write func(io.Writer, T) error
}

// Offer sets the formats. The first is the default.
func (f *Format[T]) Offer(writers ...Writer[T]) {
	names := make([]string, len(writers))
	for i, w := range writers {
		names[i] = w.Name
	}
	f.Choice, f.writers = Choose("output format", names...), writers
}

// Bind sets the formats and declares the flag on c.
func (f *Format[T]) Bind(c *cobra.Command, usage string, writers ...Writer[T]) {
	f.Offer(writers...)
	AddGroup(c, "Output", func(fs *pflag.FlagSet) { fs.VarP(f, "output", "o", usage) })
}

// Is reports whether the named format is selected.
func (f *Format[T]) Is(name string) bool { return f.value == name }

// Write writes v in the selected format. Its errors carry [ErrIO].
func (f *Format[T]) Write(w io.Writer, v T) error {
	i := slices.IndexFunc(f.writers, func(w Writer[T]) bool { return w.Name == f.value })
	return WithCode(ErrIO, f.writers[i].Write(w, v))
}

// TextOrJSON returns the formats text, written by text, and json.
func TextOrJSON[T any](text func(io.Writer, T) error) []Writer[T] {
	return []Writer[T]{{"text", text}, {"json", WriteJSON[T]}}
}
