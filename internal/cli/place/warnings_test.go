package place

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/static"
)

func TestWarnings(t *testing.T) {
	t.Parallel()
	of := func(nodes ...string) []string { return nodes }
	many := []string{}
	for i := range 60 {
		many = append(many, fmt.Sprintf("n%d=10.0.0.%d:80", i, i))
	}
	for name, c := range map[string]struct {
		settings Settings
		nodes    []string
		want     []string
	}{
		"rendezvous":   {Settings{}, of("a", "b,drain"), nil},
		"ring":         {Settings{Algorithm: "ring"}, of("a", "b,drain", "c,w=0.25"), nil},
		"light":        {Settings{Algorithm: "ring"}, of("a", "b,w=0.1", "c,w=0.01"), of(`2 of 3 nodes have fewer than 40 points, "c" only 2, so their shares are uneven`)},
		"light unit":   {Settings{Algorithm: "ring", Unit: 0.01}, of("b,w=0.1", "c,w=0.01"), nil},
		"continuum":    {Settings{Algorithm: "continuum", Points: 2000}, many, of(`60 of 60 nodes have fewer than 40 points, "n0" only 33, so their shares are uneven`)},
		"no point":     {Settings{Algorithm: "ketama-weighted"}, of("a=a:1,w=1000", "b=b:1,w=1"), of(`node "b" owns no keys: its weight is too small for a point`)},
		"same server":  {Settings{Algorithm: "ketama"}, of("x=cache", "y=cache:11211", "z=other"), of(`node "y" owns no keys: its points coincide with those of other nodes`)},
		"same socket":  {Settings{Algorithm: "nginx"}, of("unix:/a", "UNIX:/a", "b"), of(`node "UNIX:/a" owns no keys: its points coincide with those of other nodes`)},
		"one node":     {Settings{Algorithm: "ring", Points: 3}, of("a", "b,drain"), nil},
		"same address": {Settings{Algorithm: "python-proxenos"}, of("a=10.0.0.1:80", "b=10.0.0.1:80", "c=10.0.0.1:80"), of(`2 nodes, "b" among them, own no keys: another node has the same address`)},
		"small table":  {Settings{Algorithm: "table", TableBits: 1}, of("a", "b,w=1000000", "c,drain"), of(`node "a" owns no keys: the table has too few slots`)},
		"large table":  {Settings{Algorithm: "table"}, of("a", "b"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var flags Flags
			std := &term.Streams{Out: new(bytes.Buffer), Err: new(bytes.Buffer), Getenv: func(string) string { return "" }}
			require.NoError(t, flags.Apply(c.settings, std))
			p, err := flags.Build(nodesOf(t, c.nodes))
			require.NoError(t, err)
			assert.Equal(t, c.want, p.Warnings())
		})
	}
}

func nodesOf(t *testing.T, flags []string) (nodes []mapper.Node) {
	t.Helper()
	for _, text := range flags {
		n, err := static.ParseNode(text)
		require.NoError(t, err)
		nodes = append(nodes, n)
	}
	return nodes
}
