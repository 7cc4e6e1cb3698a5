package static

import (
	"github.com/proxenos/proxenos/internal/nodelist"
	"github.com/proxenos/proxenos/mapper"
)

// ParseNode reads a node as it is given in a flag: ID[=ADDR][,OPTION...] with
// the options w, zone, tag, addr and drain.
//
//	a
//	a=10.0.0.1:80,w=2,zone=east
//	192.168.0.3:8080,w=2
//	"a,b"=[::1]:80,drain
//
// An ID or a value that holds "," or a quotation mark is quoted as in Go, and
// so is an ID that holds "=".
func ParseNode(typed string) (mapper.Node, error) {
	n, err := nodelist.ParseFlag(typed)
	if err != nil {
		return mapper.Node{}, exported(err)
	}
	return mapper.Node(n), nil
}

// Flags makes a source of nodes that are given as ParseNode takes them.
func Flags(typed []string) (*List, error) {
	var b nodelist.Builder
	for _, t := range typed {
		n, err := nodelist.ParseFlag(t)
		if err != nil {
			return nil, exported(err)
		}
		if err := b.Add(n, nodelist.FlagPlace(t)); err != nil {
			return nil, exported(err)
		}
	}
	return &List{nodes: nodesOf(b.Nodes())}, nil
}
