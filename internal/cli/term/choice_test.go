package term

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestChoice(t *testing.T) {
	t.Parallel()
	c := Choose("--speed", "slow", "fast")
	assert.Equal(t, "slow", c.String(), "the first is the default")
	require.NoError(t, c.Set("fast"))
	assert.Equal(t, "fast", c.String())
	err := c.Set("fats")
	require.EqualError(t, err, `unknown --speed "fats": choose from slow, fast`)
	assert.True(t, IsUsage(err))
	assert.Equal(t, `did you mean "fast"?`, HintOf(err))
	assert.Equal(t, "fast", c.String(), "a refused value changes nothing")
}

func TestFormat(t *testing.T) {
	t.Parallel()
	full := errors.New("disk full")
	var f Format[string]
	command := &cobra.Command{Use: "x", RunE: func(*cobra.Command, []string) error { return nil }}
	f.Bind(command, "text, json or none", append(TextOrJSON(func(w io.Writer, s string) error {
		_, err := io.WriteString(w, s)
		return err
	}), Writer[string]{"none", func(io.Writer, string) error { return full }})...)
	for format, want := range map[string]string{"text": "a\tb", "json": "\"a\\tb\"\n"} {
		require.NoError(t, command.Flags().Set("output", format))
		require.True(t, f.Is(format))
		var out bytes.Buffer
		require.NoError(t, f.Write(&out, "a\tb"))
		assert.Equal(t, want, out.String())
	}
	require.NoError(t, command.Flags().Set("output", "none"))
	err := f.Write(io.Discard, "")
	require.ErrorIs(t, err, full)
	assert.Equal(t, ExitIO, ExitCode(err))
	complete, ok := command.GetFlagCompletionFunc("output")
	require.True(t, ok)
	offered, _ := complete(command, nil, "")
	assert.Equal(t, []string{"text", "json", "none"}, offered)
	require.ErrorContains(t, command.Flags().Set("output", "xml"), `unknown output format "xml": choose from text, json, none`)
}
