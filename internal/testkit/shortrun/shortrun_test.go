package shortrun_test

import (
	"flag"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/shortrun"
)

func TestFew(t *testing.T) {
	before := flag.Lookup("test.short").Value.String()
	t.Cleanup(func() { require.NoError(t, flag.Set("test.short", before)) })
	for short, want := range map[string]int{"true": 25, "false": 100} {
		require.NoError(t, flag.Set("test.short", short))
		assert.Equal(t, want, shortrun.Few(100))
	}
}
