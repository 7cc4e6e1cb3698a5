package static

import (
	"errors"
	"fmt"

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
	n, err := parseFlag(typed)
	if err != nil {
		return mapper.Node{}, err
	}
	return n, nil
}

// Flags makes a source of nodes that are given as ParseNode takes them.
func Flags(typed []string) (*List, error) {
	var r roll
	for _, t := range typed {
		n, err := parseFlag(t)
		if err != nil {
			return nil, err
		}
		if err := r.add(n, flagPlace(t)); err != nil {
			return nil, err
		}
	}
	return &List{r.nodes}, nil
}

func flagPlace(typed string) place { return place{source: "node " + quote(typed)} }

func parseFlag(typed string) (mapper.Node, error) {
	at := flagPlace(typed)
	d, err := scanFlag(typed)
	if err == nil {
		err = checkNode(d.node)
	}
	if err != nil {
		return mapper.Node{}, at.wrap(err)
	}
	return d.node, nil
}

func scanFlag(typed string) (d draft, err error) {
	if err := checkText("node", typed); err != nil {
		return d, err
	}
	s := scanner{text: typed, separator: ","}
	for count := 0; ; count++ {
		f, ok, err := s.next()
		if err != nil || !ok && count == 0 {
			return d, err
		}
		if !ok {
			return d, errors.New("it ends in a comma: remove it, or add an option")
		}
		if err := d.flagField(count, f); err != nil {
			return d, err
		}
		if s.pos == len(typed) {
			return d, nil
		}
		s.pos++ // the comma
	}
}

// flagField takes ID or ID=ADDR, then options.
func (d *draft) flagField(count int, f field) error {
	_, known := options[f.key]
	switch {
	case count == 0:
		d.node.Name = f.key
		if f.pair {
			return d.option("addr", f.value)
		}
		return nil
	case f.plain && !f.pair && f.key == "drain":
		return d.option("drain", "true")
	case f.plain && f.pair && known:
		return d.option(f.key, f.value)
	}
	return fmt.Errorf("option %s: want ID=ADDR,OPTION=VALUE with the options %s", quote(f.key), optionNames)
}
