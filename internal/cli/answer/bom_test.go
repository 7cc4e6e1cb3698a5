package answer

import (
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/cli/term"
)

func TestByteOrderMarkIsWarnedOf(t *testing.T) {
	t.Parallel()
	for in, warned := range map[string]bool{"\ufeffa\nb\n": true, "a\n\ufeffb\n": false, "\xef\xbb": false, "": false, "\xef\xbba\xbf": false} {
		for _, reader := range []io.Reader{strings.NewReader(in), iotest.OneByteReader(strings.NewReader(in))} {
			var stderr strings.Builder
			std := &term.Streams{Err: &stderr, Getenv: func(string) string { return "" }}
			got, err := io.ReadAll(watchBOM(reader, std))
			require.NoError(t, err)
			assert.Equal(t, in, string(got), "keys do not change")
			assert.Equal(t, warned, strings.Contains(stderr.String(), "byte order mark"), "%q", in)
		}
	}
}
