package nodelist

import (
	"errors"
	"fmt"
)

// FlagPlace returns the place of a node in a flag, for errors.
func FlagPlace(typed string) Place { return Place{Source: "node " + Quote(typed)} }

// ParseFlag reads a node as it is given in a flag: ID[=ADDR][,OPTION...].
func ParseFlag(typed string) (Node, error) {
	at := FlagPlace(typed)
	d, err := scanFlag(typed)
	if err == nil {
		err = checkNode(d.node)
	}
	if err != nil {
		return Node{}, at.Wrap(err)
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
	return fmt.Errorf("option %s: want ID=ADDR,OPTION=VALUE with the options %s", Quote(f.key), optionNames)
}
