package place

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/ring/rules"
)

// The level zone gives nodes their zones, and leaves the caller's nodes alone.
func TestZoned(t *testing.T) {
	t.Parallel()
	l := levelFlags{names: []string{"region", "zone", "rack"}}
	nodes := []mapper.Node{
		{Name: "a", Domain: "eu/eu-1/r1"}, {Name: "b", Zone: "eu-1", Domain: "eu/eu-1/r2"},
		{Name: "c", Drain: true}, {Name: "d", Drain: true, Zone: "z", Domain: "short/path"},
	}
	zoned, err := l.zoned(nodes)
	require.NoError(t, err)
	assert.Equal(t, []string{"eu-1", "eu-1", "", "z"}, []string{zoned[0].Zone, zoned[1].Zone, zoned[2].Zone, zoned[3].Zone})
	assert.Empty(t, nodes[0].Zone)

	_, err = l.zoned([]mapper.Node{{Name: "a", Domain: "eu/1/r1"}, {Name: "b", Domain: "us/1/r2"}})
	require.EqualError(t, err, `zone "1" is in the domains "eu/1" and "us/1": zones need names of their own`)
	assert.NotEmpty(t, term.HintOf(err))
	_, err = l.zoned([]mapper.Node{{Name: "a", Zone: "2", Domain: "eu/1/r1"}})
	require.EqualError(t, err, `node "a" has the zone "2", and the domain "eu/1/r1", in which the zone is "1"`)

	_, err = l.zoned([]mapper.Node{{Name: "a", Domain: "eu/1"}})
	require.ErrorIs(t, err, rules.ErrDomain)
	require.EqualError(t, err, `node "a": domain "eu/1" is not region/zone/rack: the domain must have a name for every level`)

	l.names = []string{"zone"}
	zoned, err = l.zoned([]mapper.Node{{Name: "a", Zone: "eu"}, {Name: "b", Domain: "us"}, {Name: "c", Drain: true}})
	require.NoError(t, err)
	assert.Equal(t, []string{"eu", "us", ""}, []string{zoned[0].Domain, zoned[1].Zone, zoned[2].Domain})
	_, err = l.zoned([]mapper.Node{{Name: "a", Zone: "eu"}, {Name: "b"}})
	require.EqualError(t, err, `node "b": domain "" is not zone: the domain must have a name for every level`)

	l.names = []string{"region", "az"}
	zoned, err = l.zoned([]mapper.Node{{Name: "a", Domain: "eu/1"}, {Name: "b", Domain: "us/1"}})
	require.NoError(t, err)
	assert.Empty(t, zoned[0].Zone)
}
