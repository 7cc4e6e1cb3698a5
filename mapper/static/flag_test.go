package static

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/mapper"
)

func TestParseNode(t *testing.T) {
	t.Parallel()
	cases := []struct {
		flag string
		want mapper.Node
	}{
		{"a", mapper.Node{Name: "a"}},
		{"192.168.0.3:8080,w=2", mapper.Node{Name: "192.168.0.3:8080", Weight: 2}},
		{"a=10.0.0.1:80,w=2,zone=east", mapper.Node{Name: "a", Addr: "10.0.0.1:80", Weight: 2, Zone: "east"}},
		{"[::1]:80", mapper.Node{Name: "[::1]:80"}},
		{"a=[::1]:80,drain", mapper.Node{Name: "a", Addr: "[::1]:80", Drain: true}},
		{"a,w=0", mapper.Node{Name: "a", Drain: true}},
		{"a,addr=h:1,weight=3,drain=true", mapper.Node{Name: "a", Addr: "h:1", Weight: 3, Drain: true}},
		{"a,tag=x,tag=y", mapper.Node{Name: "a", Tags: []string{"x", "y"}}},
		{`a,tags="x,y"`, mapper.Node{Name: "a", Tags: []string{"x", "y"}}},
		{"my node,zone=room 7", mapper.Node{Name: "my node", Zone: "room 7"}},
		{`"a,b=c"=h:1,zone="x,\"y\""`, mapper.Node{Name: "a,b=c", Addr: "h:1", Zone: `x,"y"`}},
		{"#a", mapper.Node{Name: "#a"}},
		{"a,zone=x=y", mapper.Node{Name: "a", Zone: "x=y"}},
	}
	for _, c := range cases {
		t.Run(c.flag, func(t *testing.T) {
			got, err := ParseNode(c.flag)
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
}

func TestParseNodeErrors(t *testing.T) {
	t.Parallel()
	cases := []struct{ name, flag, want string }{
		{"nothing", "", `node "": the ID is empty: every node needs one`},
		{"no ID", ",w=2", `node ",w=2": the ID is empty`},
		{"no ID before an address", "=h:1", `node "=h:1": the ID is empty`},
		{"no address", "a=", `node "a=": "addr" has no value`},
		{"bad port", "a=h:99999", `node "a=h:99999": address "h:99999": port "99999" must be a number from 1 to 65535`},
		{"bad port of an ID", "10.0.0.1:x", `ID "10.0.0.1:x": port "x" must be`},
		{"weight", "a,w=x", `node "a,w=x": weight "x": must be a number from 0 to 1e+200`},
		{"weight twice", "a,w=1,w=1", `"w" is given twice`},
		{"misspelt option", "a,wieght=2", `option "wieght": want ID=ADDR,OPTION=VALUE with the options w, zone, domain, tag, tags, addr and drain`},
		{"capitals", "a,W=2", `option "W": want`},
		{"option without a value", "a,zone", `option "zone": want`},
		{"comma at the end", "a,", `node "a,": it ends in a comma: remove it, or add an option`},
		{"two commas", "a,,w=2", `option "": want`},
		{"control character", "a\x1b[31m", `node "a\x1b[31m": node "a\x1b[31m": holds the control character U+001B`},
		{"not UTF-8", "a\xff", `not valid UTF-8`},
		{"open quotation", `"a`, `bad quotation`},
		{"quotation in a word", `a"b`, `a " in the middle of a word`},
		{"invisible", "a\u200b", `the invisible character U+200B`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := ParseNode(c.flag)
			require.ErrorContains(t, err, c.want)
			require.NotContains(t, err.Error(), "\n")
			_, listErr := Flags([]string{"z", c.flag})
			require.EqualError(t, listErr, err.Error())
		})
	}
}

func TestFlags(t *testing.T) {
	t.Parallel()
	list, err := Flags([]string{"b,w=2", "a=h:1", "b,w=2"})
	require.NoError(t, err)
	nodes, err := list.Nodes(t.Context())
	require.NoError(t, err)
	require.Equal(t, []mapper.Node{{Name: "b", Weight: 2}, {Name: "a", Addr: "h:1"}}, nodes)

	_, err = Flags([]string{"a=h:1", "a=h:2"})
	require.EqualError(t, err, `node "a=h:2": node "a" was given before with other data (node "a=h:1"): remove one, or make them the same`)

	none, err := Flags(nil)
	require.NoError(t, err)
	nodes, err = none.Nodes(t.Context())
	require.NoError(t, err)
	require.Empty(t, nodes)
}
