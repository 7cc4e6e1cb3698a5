package static_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/static"
)

func ExampleNew() {
	source, err := static.New([]mapper.Node{{Name: "b", Weight: 2}, {Name: "a"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	nodes, err := source.Nodes(context.Background())
	fmt.Println(nodes[0].Name, nodes[1].Name, err)
	// Output: b a <nil>
}

func ExampleList_Nodes() {
	var empty static.List
	nodes, err := empty.Nodes(context.Background())
	fmt.Println(len(nodes), err)
	// Output: 0 <nil>
}

func ExampleList_Watch() {
	source, _ := static.New([]mapper.Node{{Name: "a"}})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for u := range source.Watch(ctx) {
		fmt.Println(u.Nodes[0].Name, u.Err)
		cancel() // a list never changes: without this, the loop would never end
	}
	// Output: a <nil>
}

func ExampleRead() {
	source, err := static.Read(strings.NewReader("a 10.0.0.1:80\nb w=heavy\n"), "standard input")
	fmt.Println(source, err)
	// Output: <nil> standard input:2:3: weight "heavy": must be a number from 0 to 1e+200 (1 is usual, 0 drains the node)
}

func ExampleParse() {
	nodes, err := static.Parse([]byte(`
# id   address      options
web-1  10.0.0.1:80  w=2 zone=east
web-2  10.0.0.2:80  zone=west drain
`), "nodes.txt")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, n := range nodes {
		fmt.Println(n.Name, n.Addr, n.Capacity(), n.Zone)
	}
	// Output:
	// web-1 10.0.0.1:80 2 east
	// web-2 10.0.0.2:80 0 west
}

func ExampleParse_yaml() {
	nodes, err := static.Parse([]byte(`
- web-1
- id: web-2
  address: 10.0.0.2:80
`), "nodes.yaml")
	fmt.Println(nodes[0].Address(), nodes[1].Address(), err)
	// Output: web-1 10.0.0.2:80 <nil>
}

func ExampleParseNode() {
	n, err := static.ParseNode("web-1=10.0.0.1:80,w=2,zone=east")
	fmt.Println(n.Name, n.Addr, n.Weight, n.Zone, err)
	_, err = static.ParseNode("web-1,wieght=2")
	fmt.Println(err)
	// Output:
	// web-1 10.0.0.1:80 2 east <nil>
	// node "web-1,wieght=2": option "wieght": want ID=ADDR,OPTION=VALUE with the options w, zone, domain, tag, tags, addr and drain
}

func ExampleFlags() {
	_, err := static.Flags([]string{"a=10.0.0.1:80", "b", "a=10.0.0.2:80"})
	fmt.Println(err)
	// Output: node "a=10.0.0.2:80": node "a" was given before with other data (node "a=10.0.0.1:80"): remove one, or make them the same
}

func ExampleFile_Nodes() {
	dir, _ := os.MkdirTemp("", "example")
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "nodes.txt")
	_ = os.WriteFile(path, []byte("a 10.0.0.1:80\n"), 0o600)

	nodes, err := (&static.File{Path: path}).Nodes(context.Background())
	fmt.Println(nodes[0].Name, nodes[0].Addr, err)
	// Output: a 10.0.0.1:80 <nil>
}

func ExampleFile_Watch() {
	dir, _ := os.MkdirTemp("", "example")
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "nodes.txt")
	_ = os.WriteFile(path, []byte("a\n"), 0o600)

	for u := range (&static.File{Path: path}).Watch(context.Background()) {
		fmt.Println(len(u.Nodes), u.Err)
		if len(u.Nodes) == 2 {
			break
		}
		_ = os.WriteFile(path, []byte("a\nb\n"), 0o600)
	}
	// Output:
	// 1 <nil>
	// 2 <nil>
}

func ExampleWriteText() {
	_ = static.WriteText(os.Stdout, []mapper.Node{
		{Name: "web-1", Addr: "10.0.0.1:80", Weight: 2, Tags: []string{"blue", "canary"}},
		{Name: "a b", Drain: true, Meta: map[string]string{"rack": "r7"}},
	})
	// Output:
	// web-1 10.0.0.1:80 w=2 tags=blue,canary
	// "a b" drain rack=r7
}

func ExampleWriteJSON() {
	_ = static.WriteJSON(os.Stdout, []mapper.Node{{Name: "web-1", Addr: "10.0.0.1:80", Weight: 2}})
	// Output:
	// {"schema":"proxenos.nodes/v1","nodes":[
	//  {"id":"web-1","address":"10.0.0.1:80","weight":2}
	// ]}
}
