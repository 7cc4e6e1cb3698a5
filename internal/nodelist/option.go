package nodelist

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// draft is a node being read, with the options it has been given.
type draft struct {
	node  Node
	given map[string]bool
}

// options maps the spellings of an option to its one name. A tag may be given
// several times, any other option once.
var options = map[string]string{
	"w": "w", "weight": "w", "zone": "zone", "domain": "domain", "tag": "tag", "tags": "tag",
	"drain": "drain", "addr": "addr", "address": "addr",
}

const optionNames = "w, zone, domain, tag, tags, addr and drain"

// once rejects an option that has been given before.
func (d *draft) once(name string) error {
	if d.given[name] {
		return fmt.Errorf("%s is given twice", Quote(name))
	}
	if d.given == nil {
		d.given = make(map[string]bool)
	}
	d.given[name] = true
	return nil
}

// option applies an option in any of its spellings.
func (d *draft) option(spelling, value string) error {
	name := options[spelling]
	if spelling != "tag" { // which adds one
		field := name
		if name == "tag" {
			field = spelling
		}
		if err := d.once(field); err != nil {
			return err
		}
	}
	if value == "" && name != "tag" {
		return fmt.Errorf("%s has no value", Quote(spelling))
	}
	switch name {
	case "w":
		return setWeight(&d.node, value)
	case "zone":
		d.node.Zone = value
	case "domain":
		d.node.Domain = value
	case "addr":
		d.node.Addr = value
	case "tag":
		d.addTags(spelling, value)
	case "drain":
		return d.drain(value)
	}
	return nil
}

// addTags adds one tag for "tag", and a comma-separated list for "tags".
func (d *draft) addTags(spelling, value string) {
	if spelling == "tag" {
		d.node.Tags = append(d.node.Tags, value)
		return
	}
	for tag := range strings.SplitSeq(value, ",") {
		if tag != "" {
			d.node.Tags = append(d.node.Tags, tag)
		}
	}
}

// drain drains the node if value is true. drain=false does not undo weight 0.
func (d *draft) drain(value string) error {
	yes, err := strconv.ParseBool(value)
	if err != nil {
		return fmt.Errorf("drain %s: must be true or false", Quote(value))
	}
	d.node.Drain = d.node.Drain || yes
	return nil
}

// meta adds metadata.
func (d *draft) meta(key, value string) error {
	if _, ok := d.node.Meta[key]; ok {
		return fmt.Errorf("metadata %s is given twice", Quote(key))
	}
	if key == "" {
		return errors.New(`the key before the "=" is empty`)
	}
	if d.node.Meta == nil {
		d.node.Meta = make(map[string]string)
	}
	d.node.Meta[key] = value
	return nil
}
