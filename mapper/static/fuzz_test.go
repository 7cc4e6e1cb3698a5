package static

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/proxenos/proxenos/mapper"
)

func FuzzParseText(f *testing.F) {
	seeds := []string{"a h:1 w=2 zone=z tags=x,y drain k=v # c", `"a b" "w"="1"`, "[::1]:80", "a\r\n\n#b", `x tag="" tag=","`, "a w=0", "\ufeffa"}
	fuzzParse(f, "n.conf", seeds)
}

func FuzzParseJSON(f *testing.F) {
	seeds := []string{"[]", `["a", {"id": "b", "weight": 2, "drain": true, "tags": ["x"], "meta": {"k": "v"}}]`, `{"schema": "proxenos.nodes/v1", "nodes": [{"id": null}]}`, `["\ud800"]`, `[1e999]`, "[[[["}
	fuzzParse(f, "n.json", seeds)
}

func FuzzParseYAML(f *testing.F) {
	seeds := []string{"- a\n- id: b\n  weight: 2\n  tags: [x]\n  meta: {k: v}\n", "nodes:\n- &x a\n- *x\n", "---\n...\n", "- !!binary YQ==", "- |\n  a\n", "? [a]\n: b", "<<: {a: b}", "- {id: ~}"}
	fuzzParse(f, "n.yaml", seeds)
}

func FuzzParseCSV(f *testing.F) {
	seeds := []string{"id,address,weight,zone,tags\na,h:1,2,z,\"x,y\"\n", "zone,id\n,b\r\n", "id\n\"a\nb\"\n", "id,drain\na,true\na,\n", "id,w\n\"a"}
	fuzzParse(f, "n.csv", seeds)
}

// fuzzParse feeds the bytes to a parser and holds what it accepts to the
// promises of the package.
func fuzzParse(f *testing.F, name string, seeds []string) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		nodes, err := Parse(data, name)
		if _, partial := errors.AsType[*mapper.PartialError](err); err != nil && !partial {
			refusedWell(t, err)
			return
		}
		acceptedWell(t, nodes)
	})
}

func FuzzParseNode(f *testing.F) {
	for _, s := range []string{"a", "a=h:1,w=2,zone=z", `"a,b"=[::1]:80,drain`, ",", "a,tag=x,tag=", "192.168.0.3:8080,w=2"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		n, err := ParseNode(typed)
		if err != nil {
			refusedWell(t, err)
			return
		}
		acceptedWell(t, []mapper.Node{n})
	})
}

func refusedWell(t *testing.T, err error) {
	if _, ok := errors.AsType[*Error](err); !ok {
		t.Fatalf("%T, not *Error: %v", err, err)
	}
	if msg := err.Error(); strings.ContainsAny(msg, "\n\x1b\x00") || len(msg) > 2000 {
		t.Fatalf("not one legible line: %q", msg)
	}
}

// acceptedWell writes the nodes, which checks them, and reads them back.
func acceptedWell(t *testing.T, nodes []mapper.Node) {
	for _, write := range []func(*bytes.Buffer) error{
		func(b *bytes.Buffer) error { return WriteText(b, nodes) },
		func(b *bytes.Buffer) error { return WriteJSON(b, nodes) },
	} {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			t.Fatalf("accepted, but refused when written: %v", err)
		}
		if b.Len() > MaxSize {
			continue // quoting makes a list longer
		}
		back, err := Parse(b.Bytes(), "")
		if err != nil {
			t.Fatalf("wrote what cannot be read: %v\n%s", err, b.Bytes())
		}
		if !mapper.Equal(nodes, back) {
			t.Fatalf("wrote %s\nwant %#v\ngot  %#v", b.Bytes(), nodes, back)
		}
	}
}
