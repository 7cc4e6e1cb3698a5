package childenv

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFilter(t *testing.T) {
	t.Parallel()
	env := []string{"PATH=/bin", "CONSUL_HTTP_TOKEN=x", "LC_ALL=C", "SWIM_SECRET=y", "PROXENOS_SIPHASH_KEY=z", "HOME=/", "PATHS=p"}
	require.Equal(t, []string{"PATH=/bin", "LC_ALL=C", "HOME=/"}, Filter(env))
	require.NotNil(t, Filter(nil), "a nil environment of a command is that of this process")
}
