package static

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/mapper"
)

func TestParseText(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, list string
		want       []mapper.Node
	}{
		{"nothing", "", nil},
		{"comments and blank lines only", "# none\n\n   \t\n#", nil},
		{"an ID", "a", []mapper.Node{{Name: "a"}}},
		{"the order is kept", "b\na\nc\n", []mapper.Node{{Name: "b"}, {Name: "a"}, {Name: "c"}}},
		{"an ID and an address", "a 10.0.0.1:80", []mapper.Node{{Name: "a", Addr: "10.0.0.1:80"}}},
		{"an ID that is an address", "192.168.0.3:8080 w=2", []mapper.Node{{Name: "192.168.0.3:8080", Weight: 2}}},
		{"IPv6 in brackets does not look like JSON", "[::1]:80 [fe80::1%eth0]:80", []mapper.Node{{Name: "[::1]:80", Addr: "[fe80::1%eth0]:80"}}},
		{"an address without a port", "a db.example\nb [::1]", []mapper.Node{{Name: "a", Addr: "db.example"}, {Name: "b", Addr: "[::1]"}}},
		{"every option", "a h:1 w=2.5 zone=z domain=eu/z/r7 tags=x,y drain rack=r7", []mapper.Node{
			{Name: "a", Addr: "h:1", Weight: 2.5, Zone: "z", Domain: "eu/z/r7", Tags: []string{"x", "y"}, Drain: true, Meta: map[string]string{"rack": "r7"}}}},
		{"the long spellings", "a weight=2 address=h:1", []mapper.Node{{Name: "a", Weight: 2, Addr: "h:1"}}},
		{"options without an address", "a drain\nb zone=z", []mapper.Node{{Name: "a", Drain: true}, {Name: "b", Zone: "z"}}},
		{"a weight of 0 drains", "a w=0\nb w=-0.0", []mapper.Node{{Name: "a", Drain: true}, {Name: "b", Drain: true}}},
		{"drain=false is as good as nothing", "a drain=false\nb w=0 drain=false", []mapper.Node{{Name: "a"}, {Name: "b", Drain: true}}},
		{"tags add up", `a tag=x tags=y,,z tag="b c"`, []mapper.Node{{Name: "a", Tags: []string{"x", "y", "z", "b c"}}}},
		{"quoted text", `"a b" zone="rack \"7\"" note="l\nm"`, []mapper.Node{{Name: "a b", Zone: `rack "7"`, Meta: map[string]string{"note": "l\nm"}}}},
		{"a quoted key is metadata", `a "w"=5 "weight"=6 w=2`, []mapper.Node{{Name: "a", Weight: 2, Meta: map[string]string{"w": "5", "weight": "6"}}}},
		{"a quoted drain is an address", `a "drain"`, []mapper.Node{{Name: "a", Addr: "drain"}}},
		{"the first = divides", "a q=x=y", []mapper.Node{{Name: "a", Meta: map[string]string{"q": "x=y"}}}},
		{"metadata may be empty", "a q=", []mapper.Node{{Name: "a", Meta: map[string]string{"q": ""}}}},
		{"# inside a word is no comment", "a#b h:1#c # d", nil},
		{"a comment after a blank", "a # b\nc\t#d", []mapper.Node{{Name: "a"}, {Name: "c"}}},
		{"CRLF and tabs", "a\th:1\r\nb\r\n", []mapper.Node{{Name: "a", Addr: "h:1"}, {Name: "b"}}},
		{"a byte order mark", "\ufeffa\n", []mapper.Node{{Name: "a"}}},
		{"letters beyond ASCII", "touché zone=北", []mapper.Node{{Name: "touché", Zone: "北"}}},
		{"twice the same counts once, where it was first", "a h:1\nb\na h:1", []mapper.Node{{Name: "a", Addr: "h:1"}, {Name: "b"}}},
		{"no ending newline", "a\nb", []mapper.Node{{Name: "a"}, {Name: "b"}}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := Parse([]byte(c.list), "nodes.txt")
			if c.name == "# inside a word is no comment" {
				require.ErrorContains(t, err, `port "1#c"`, "the # belongs to the address")
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
}

func TestParseTextErrors(t *testing.T) {
	t.Parallel()
	cases := []struct{ name, list, want string }{
		{"weight", "a\n\nb h:1 w=x", `nodes.txt:3:7: weight "x": must be a number from 0 to 1e+200 (1 is usual, 0 drains the node)`},
		{"negative weight", "a w=-1", `nodes.txt:1:3: weight "-1": must be`},
		{"NaN", "a w=NaN", `nodes.txt:1:3: weight "NaN": must be`},
		{"infinite", "a w=inf", `nodes.txt:1:3: weight "inf": must be`},
		{"too great", "a w=1e201", `nodes.txt:1:3: weight "1e201": must be`},
		{"overflow", "a w=1e400", `nodes.txt:1:3: weight "1e400": must be`},
		{"underflow", "a w=1e-400", `nodes.txt:1:3: weight "1e-400": too small to tell from 0`},
		{"no weight", "a w=", `nodes.txt:1:3: "w" has no value`},
		{"weight twice", "a w=1 weight=1", `nodes.txt:1:7: "w" is given twice`},
		{"address twice", "a h:1 addr=h:2", `nodes.txt:1:7: "addr" is given twice`},
		{"metadata twice", "a q=1 q=2", `nodes.txt:1:7: metadata "q" is given twice`},
		{"port too great", "a 10.0.0.1:99999", `nodes.txt:1: address "10.0.0.1:99999": port "99999" must be a number from 1 to 65535`},
		{"port of an ID", "10.0.0.1:80800", `nodes.txt:1: ID "10.0.0.1:80800": port "80800" must be`},
		{"named port", "a h:http", `address "h:http": port "http" must be`},
		{"port 0", "a h:0", `address "h:0": port "0" must be`},
		{"no port", "a h:", `address "h:": port "" must be`},
		{"signed port", "a h:+80", `address "h:+80": port "+80" must be`},
		{"no host", "a :80", `address ":80": the host is missing before the port`},
		{"bare IPv6", "a ::1", `address "::1": want host:port or a host alone, with an IPv6 host in brackets, as in [::1]:80`},
		{"bad brackets", "a [x]", `address "[x]": want host:port`},
		{"blank in an address", `a "h h:80"`, `address "h h:80": it holds a blank`},
		{"flag form in a file", "a=10.0.0.1:80,w=2", `nodes.txt:1:1: "a=10.0.0.1:80,w=2": an ID with an "=" must be quoted; a line is: ID ADDRESS w=2 zone=a`},
		{"a third word", "a h:1 west", `nodes.txt:1:7: "west": want key=value or drain after the address`},
		{"option in capitals", "a W=2", `nodes.txt:1:3: option "W" is written "w"; to have it as metadata, quote the key`},
		{"ID as an option", "a id=b", `nodes.txt:1:3: "id": the ID is the first word of the line`},
		{"drain", "a drain=maybe", `nodes.txt:1:3: drain "maybe": must be true or false`},
		{"no key", "a =x", `nodes.txt:1:3: the key before the "=" is empty`},
		{"empty ID", `""`, `nodes.txt:1: the ID is empty: every node needs one`},
		{"open quotation", `a zone="b`, `nodes.txt:1:8: bad quotation: want a closing "`},
		{"bad escape", `a zone="\q"`, `nodes.txt:1:8: bad quotation`},
		{"quotation in a word", `a zone=b"c`, `nodes.txt:1:9: a " in the middle of a word`},
		{"text after a quotation", `"a"b`, `nodes.txt:1:4: "b" follows a closing quotation mark`},
		{"no-break space", "a\u00a0b", `nodes.txt:1:2: the invisible character U+00A0: remove it, or quote the word and write it as "\u00a0"`},
		{"zero-width space", "a b\u200b", `nodes.txt:1:4: the invisible character U+200B`},
		{"columns count characters", "touché w=x", `nodes.txt:1:8: weight "x"`},
		{"NUL", "a\nb\x00", "nodes.txt:2:2: control character U+0000: a list is text"},
		{"escape sequence", "a\x1b[31m", "nodes.txt:1:2: control character U+001B"},
		{"lone carriage return", "a\rb", "nodes.txt:1:2: control character U+000D"},
		{"not UTF-8", "a\nb\xff", "nodes.txt:2:2: the byte 0xff is not valid UTF-8"},
		{"UTF-16", "\xff\xfea\x00", "nodes.txt:1:1: the list is UTF-16: save it as UTF-8"},
		{"escaped control character", `"a\x00"`, `nodes.txt:1: ID "a\x00": holds the control character U+0000`},
		{"empty names in a domain", "a domain=eu//r7", `nodes.txt:1: domain "eu//r7": want names with single slashes between them, as in eu/eu-1/r07`},
		{"a slash after a domain", "a domain=eu/", `nodes.txt:1: domain "eu/": want names`},
		{"a domain with a control character", `a domain="eu\t"`, `nodes.txt:1: domain "eu\t": holds the control character U+0009`},
		{"a domain without a value", "a domain=", `nodes.txt:1:3: "domain" has no value`},
		{"escaped garbage", `a zone="\xff"`, `nodes.txt:1: zone "\xff": not valid UTF-8`},
		{"tag with a newline", `a tag="x\ny"`, `nodes.txt:1: tag "x\ny": holds the control character U+000A`},
		{"metadata not UTF-8", `a q="\xff"`, `nodes.txt:1: metadata "q": the value "\xff" is not valid UTF-8`},
		{"twice with other data", "a h:1\nb\na h:2", `nodes.txt:3: node "a" was given before with other data (nodes.txt:1): remove one, or make them the same`},
		{"long words are cut", strings.Repeat("x", 200) + "=1", `... (202 bytes): an ID with an "="`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			nodes, err := Parse([]byte(c.list), "nodes.txt")
			require.ErrorContains(t, err, c.want)
			require.Empty(t, nodes)
			require.NotContains(t, err.Error(), "\n", "an error is one line")
			var place *Error
			require.ErrorAs(t, err, &place)
			require.Equal(t, "nodes.txt", place.Source)
			require.Positive(t, place.Line)
		})
	}
}

func TestParseSize(t *testing.T) {
	t.Parallel()
	list := "a\n"
	list += strings.Repeat("#", MaxSize-len(list))
	nodes, err := Parse([]byte(list), "nodes.txt")
	require.NoError(t, err)
	require.Len(t, nodes, 1)
	_, err = Parse([]byte(list+"#"), "nodes.txt")
	require.EqualError(t, err, "nodes.txt: larger than 67108864 bytes (64 MiB), the most a list of nodes may have")
	_, err = Parse([]byte(list), "nodes.yaml")
	require.EqualError(t, err, "nodes.yaml: larger than 1048576 bytes (1 MiB), the most a list of nodes in YAML may have")
}

func TestParseWithoutName(t *testing.T) {
	t.Parallel()
	_, err := Parse([]byte("a w=x"), "")
	require.ErrorContains(t, err, `nodes:1:3: weight "x"`)
}

// TestWrittenListsAreReadUnderAnyName: what the program saves is JSON, and a name
// of another format neither bounds nor changes it.
func TestWrittenListsAreReadUnderAnyName(t *testing.T) {
	t.Parallel()
	nodes := make([]mapper.Node, 20_000)
	for i := range nodes {
		nodes[i] = mapper.Node{Name: fmt.Sprintf("web-%d", i), Addr: fmt.Sprintf("10.0.%d.%d:80", i/256, i%256), Zone: "a"}
	}
	var b bytes.Buffer
	require.NoError(t, WriteJSON(&b, nodes))
	require.Greater(t, b.Len(), MaxYAMLSize)
	for _, name := range []string{"", "n.json", "n.txt", "n.yaml", "n.yml", "n.csv"} {
		got, err := Parse(b.Bytes(), name)
		require.NoError(t, err, name)
		require.Equal(t, nodes, got, name)
	}
}

// TestCheckFinishedIgnoresAByteOrderMark: it is no text.
func TestCheckFinishedIgnoresAByteOrderMark(t *testing.T) {
	t.Parallel()
	for _, blank := range []string{"", " \r\n", "\ufeff", "\ufeff\n"} {
		require.ErrorContains(t, checkFinished([]byte(blank), "n.txt"), "it is empty", "%q", blank)
	}
	require.NoError(t, checkFinished([]byte("\ufeff[]"), "n"), "JSON needs no newline")
}
