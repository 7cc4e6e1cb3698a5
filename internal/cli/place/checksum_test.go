package place

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestAddressChecksum(t *testing.T) {
	t.Parallel()
	nodes := nodesOf(t, []string{"a=10.0.0.1:80", "b=10.0.0.2:80,w=2", "c"})
	sum := AddressChecksum(nodes)
	assert.Len(t, sum, 16)
	reversed := slices.Clone(nodes)
	slices.Reverse(reversed)
	assert.Equal(t, sum, AddressChecksum(reversed), "the order does not matter")
	assert.Equal(t, sum, AddressChecksum(nodesOf(t, []string{"a=10.0.0.1:80,drain", "b=10.0.0.2:80", "c=c"})), "nor do weights")
	for name, other := range map[string][]string{
		"swapped":   {"a=10.0.0.2:80", "b=10.0.0.1:80", "c"},
		"port":      {"a=10.0.0.1:81", "b=10.0.0.2:80", "c"},
		"a node":    {"a=10.0.0.1:80", "b=10.0.0.2:80"},
		"other IDs": {"x=10.0.0.1:80", "b=10.0.0.2:80", "c"},
	} {
		assert.NotEqual(t, sum, AddressChecksum(nodesOf(t, other)), name)
	}
}
