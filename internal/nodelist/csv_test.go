package nodelist

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseCSV(t *testing.T) {
	t.Parallel()
	nodes, err := ParseCSV([]byte("zone,id,weight,tags,address\n"+
		"eu,\"web,1\",2,\"canary,blue\",10.0.0.1:80\r\n,web-2,0,,\n,web-3,,,[::1]:80\n"), "n.csv")
	require.NoError(t, err)
	require.Equal(t, []Node{
		{Name: "web,1", Addr: "10.0.0.1:80", Weight: 2, Zone: "eu", Tags: []string{"canary", "blue"}},
		{Name: "web-2", Drain: true},
		{Name: "web-3", Addr: "[::1]:80"},
	}, nodes)

	nodes, err = ParseCSV(nil, "n.csv")
	require.NoError(t, err)
	require.Empty(t, nodes)
}

func TestParseCSVRejects(t *testing.T) {
	t.Parallel()
	for data, want := range map[string]string{
		"id;address\na;b\n":               `n.csv:1: column "id;address": want a header with id and any of address, weight, zone, domain, tags and drain`,
		"id,rack\na,r7\n":                 `n.csv:1: column "rack": want a header with id and any of address, weight, zone, domain, tags and drain`,
		"id,addr,address\na,,\n":          `n.csv:1: column "address" is given twice`,
		"address,weight\n10.0.0.1:80,1\n": `n.csv:1: the header has no column "id"`,
		"id,weight\na,1\nb,heavy\n":       `n.csv:3: weight "heavy": must be a number from 0 to 1e+200 (1 is usual, 0 drains the node)`,
		"id,weight\na\n":                  `n.csv:2: not CSV: wrong number of fields`,
		"id,weight\na,\"1\n":              `n.csv:2: not CSV: extraneous or missing " in quoted-field`,
		"id,weight\na,1\na,2\n":           `n.csv:3: node "a" was given before with other data (n.csv:2): remove one, or make them the same`,
		"id,weight\n,1\n":                 `n.csv:2: the ID is empty: every node needs one`,
	} {
		_, err := ParseCSV([]byte(data), "n.csv")
		require.EqualError(t, err, want, data)
	}
}

func TestLooksLikeCSV(t *testing.T) {
	t.Parallel()
	for data, want := range map[string]bool{
		"id,address,weight,zone,tags\n": true,
		"id,zone\r\na,b\r\n":            true,
		"id\n":                          false, // a node of that name
		"id,rack\n":                     false,
		"zone,weight\n":                 false,
		"web-1 10.0.0.1:80\n":           false,
		"":                              false,
	} {
		require.Equal(t, want, LooksLikeCSV([]byte(data)), data)
	}
}

// A comma in a bare word of a text list is refused, as in a flag. It separates
// the tags of an option.
func TestParseTextRefusesBareCommas(t *testing.T) {
	t.Parallel()
	for _, line := range []string{"a,b", "a 10.0.0.1:80,x", "a zone=eu,us", "a,10.0.0.1:80,1", "a addr=h:1,h:2"} {
		_, err := ParseText([]byte(line), "n.txt")
		require.ErrorContains(t, err, "a comma outside quotation marks", line)
	}
	nodes, err := ParseText([]byte(`"a,b" zone="eu,us" tags=x,y note=1,2`), "n.txt")
	require.NoError(t, err)
	require.Equal(t, []Node{{Name: "a,b", Zone: "eu,us", Tags: []string{"x", "y"}, Meta: map[string]string{"note": "1,2"}}}, nodes)
}

// What WriteText writes of commas is read back.
func TestWriteTextQuotesCommas(t *testing.T) {
	t.Parallel()
	nodes := []Node{{Name: "a,b", Zone: "eu,us"}, {Name: "id,address"}, {Name: "c", Addr: "unix:/run/a,b.sock"}}
	var b bytes.Buffer
	require.NoError(t, WriteText(&b, nodes))
	got, err := ParseText(b.Bytes(), "n.txt")
	require.NoError(t, err)
	require.Equal(t, nodes, got)
}

// TestParseTextRefusesHeaders: the header of a table is no node that owns keys.
func TestParseTextRefusesHeaders(t *testing.T) {
	t.Parallel()
	for _, line := range []string{"id\taddress", "ID ADDRESS", "id;address;weight", "zone|id", "# a comment\n\nid address"} {
		_, err := ParseText([]byte(line+"\nweb-1\n"), "n.txt")
		require.ErrorContains(t, err, "the header of a table is no node", line)
	}
	want := []Node{{Name: "id", Addr: "address"}, {Name: "id;zone"}, {Name: "ID"}}
	var b bytes.Buffer
	require.NoError(t, WriteText(&b, want))
	nodes, err := ParseText(b.Bytes(), "n.txt")
	require.NoError(t, err)
	require.Equal(t, want, nodes, "as an ID it is quoted")
	nodes, err = ParseText([]byte("web-1\nid address\nid2 address\n"), "n.txt")
	require.NoError(t, err)
	require.Len(t, nodes, 3, "a header is the first line")
}
