package static

import (
	"fmt"

	"github.com/proxenos/proxenos/mapper"
)

// Schema is what the "schema" of a JSON list must be if it has one.
const Schema = "proxenos.nodes/v1"

// value is a part of a JSON or YAML document. Both become one tree, so that
// one reader says what a list may hold.
type value struct {
	kind    kind
	text    string   // a scalar as it was typed
	typed   bool     // the scalar is as typed, so it serves as text too (YAML)
	items   []value  // of a list
	members []member // of an object
	at      place
}

type member struct {
	key   string
	at    place
	value value
}

type kind string

const (
	aNull   kind = "null"
	aText   kind = "text"
	aNumber kind = "a number"
	aBool   kind = "true or false"
	aList   kind = "a list"
	anObj   kind = "an object"
)

// maxDepth is more than any list of nodes needs.
const maxDepth = 8

// nodesOf reads a document.
func nodesOf(v value) ([]mapper.Node, error) {
	if v.kind == anObj {
		var err error
		if v, err = nodesMember(v); err != nil {
			return nil, err
		}
	}
	if v.kind != aList {
		return nil, v.want(aList, "the nodes")
	}
	var r roll
	for _, item := range v.items {
		n, err := nodeOf(item)
		if err != nil {
			return nil, err
		}
		if err := r.add(n, item.at); err != nil {
			return nil, err
		}
	}
	return r.nodes, nil
}

// nodesMember takes the list out of the object that carries it.
func nodesMember(v value) (value, error) {
	nodes := value{at: v.at}
	for _, m := range v.members {
		switch m.key {
		case "nodes":
			nodes = m.value
			if nodes.kind == aNull { // "nodes:" with nothing below it
				nodes.kind = aList
			}
		case "schema":
			if m.value.text != Schema {
				return v, m.value.at.errorf("schema %s: want %q", quote(m.value.text), Schema)
			}
		case "saved":
		default:
			return v, m.at.errorf("field %s: want nodes, or a list of nodes without an object around it", quote(m.key))
		}
	}
	if nodes.kind == "" {
		return v, v.at.errorf(`the object has no "nodes"`)
	}
	return nodes, nil
}

// nodeOf reads one node: its ID alone, or an object.
func nodeOf(v value) (mapper.Node, error) {
	var d draft
	if id, ok := v.asText(); ok {
		d.node.Name = id
		return d.node, nil
	}
	if v.kind != anObj {
		return d.node, v.want("an ID or an object", "a node")
	}
	for _, m := range v.members {
		if err := d.member(m); err != nil {
			return d.node, err
		}
	}
	return d.node, nil
}

// member applies a field of a node. A null is as good as no field.
func (d *draft) member(m member) error {
	var err error
	switch name := memberName(m.key); {
	case name == "":
		return m.at.errorf("field %s: want id, address, weight, zone, drain, tags or meta", quote(m.key))
	case d.once(name) != nil:
		return m.at.errorf("field %s is given twice", quote(m.key))
	case m.value.kind == aNull:
		return nil
	case name == "w":
		if m.value.kind != aNumber {
			return m.value.want(aNumber, m.key)
		}
		err = setWeight(&d.node, m.value.text)
	case name == "drain":
		if m.value.kind != aBool {
			return m.value.want(aBool, m.key)
		}
		err = d.drain(m.value.text)
	case name == "tag":
		d.node.Tags, err = m.value.texts(m.key)
		return err
	case name == "meta":
		return d.metaOf(m.value)
	default:
		return d.textMember(name, m)
	}
	if err != nil {
		return m.value.at.wrap(err)
	}
	return nil
}

// memberName is the one name of a field by any of its spellings.
func memberName(key string) string {
	switch key {
	case "id", "meta":
		return key
	case "tag":
		return ""
	}
	return options[key]
}

func (d *draft) textMember(name string, m member) error {
	text, ok := m.value.asText()
	if !ok {
		return m.value.want(aText, m.key)
	}
	switch name {
	case "id":
		d.node.Name = text
	case "addr":
		d.node.Addr = text
	case "zone":
		d.node.Zone = text
	}
	return nil
}

func (d *draft) metaOf(v value) error {
	if v.kind != anObj {
		return v.want(anObj, "meta")
	}
	for _, m := range v.members {
		text, ok := m.value.asText()
		if !ok {
			return m.value.want(aText, "metadata "+quote(m.key))
		}
		if err := d.meta(m.key, text); err != nil {
			return m.at.wrap(err)
		}
	}
	return nil
}

func (v value) asText() (string, bool) {
	return v.text, v.kind == aText || v.typed && (v.kind == aNumber || v.kind == aBool)
}

func (v value) texts(what string) ([]string, error) {
	if v.kind != aList {
		return nil, v.want("a list of texts", what)
	}
	var out []string
	for _, item := range v.items {
		text, ok := item.asText()
		if !ok {
			return nil, item.want(aText, what)
		}
		out = append(out, text)
	}
	return out, nil
}

// want says what was expected and what was found.
func (v value) want(want kind, what string) error {
	found := string(v.kind)
	if v.text != "" {
		found = fmt.Sprintf("%s (%s)", quote(v.text), found)
	}
	return v.at.errorf("%s: want %s, not %s", what, want, found)
}
