package place

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/cli/term"
)

// Settings with an algorithm are complete; others fill in what is missing.
func TestSettingsOr(t *testing.T) {
	t.Parallel()
	after := Settings{Algorithm: "ring", Hash: "md5", Points: 40, Unit: 2}
	assert.Equal(t, after, Settings{}.Or(after))
	assert.Equal(t, Settings{Algorithm: "ring", Hash: "md5", Points: 80, Unit: 2}, Settings{Points: 80}.Or(after))
	assert.Equal(t, Settings{Algorithm: "ketama"}, Settings{Algorithm: "ketama"}.Or(after))
}

// The side before has the flags of the side after unless it has its own.
func TestBeforeFlags(t *testing.T) {
	t.Parallel()
	std := &term.Streams{Getenv: func(string) string { return "" }}
	var after Flags
	require.NoError(t, after.Apply(Settings{Algorithm: "ring", Hash: "sha256", Points: 40}, std))
	same, err := (&BeforeFlags{}).Of(&after, std)
	require.NoError(t, err)
	assert.Same(t, &after, same)
	before, err := (&BeforeFlags{settings: Settings{Points: 80}}).Of(&after, std)
	require.NoError(t, err)
	assert.Equal(t, Settings{Algorithm: "ring", Hash: "sha256", Points: 80}, before.settings())
	assert.Equal(t, 40, after.points.value)
}
