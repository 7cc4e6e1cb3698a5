package nodelist

import (
	"fmt"
	"time"
)

// Schema is what the "schema" of a JSON or YAML list must be if it has one.
const Schema = "proxenos.nodes/v1"

// Document is a list with the fields around it.
type Document struct {
	Nodes   []Node
	Saved   time.Time // when the nodes were saved; zero: the list does not say so
	Partial bool      // records were left out when the list was written
	Query   string    // the query that the nodes answer; empty: not known
}

// Value is a part of a JSON or YAML document. Both become one tree, so that one
// reader defines what a list may hold.
type Value struct {
	Kind    Kind
	Text    string   // a scalar as it was typed
	Typed   bool     // the scalar is as typed, so it serves as text too (YAML)
	Items   []Value  // of a list
	Members []Member // of an object
	At      Place
}

// Member is a field of an object.
type Member struct {
	Key   string
	At    Place
	Value Value
}

// Kind says what a Value is, as errors word it.
type Kind string

// The kinds of values.
const (
	KindNull   Kind = "null"
	KindText   Kind = "text"
	KindNumber Kind = "a number"
	KindBool   Kind = "true or false"
	KindList   Kind = "a list"
	KindObject Kind = "an object"
)

// MaxDepth is deeper than any list of nodes needs.
const MaxDepth = 8

// FromValue reads a list from a tree.
func FromValue(v Value) (Document, error) {
	var d Document
	if v.Kind == KindObject {
		nodes, err := d.around(v)
		if err != nil {
			return Document{}, err
		}
		v = nodes
	}
	if v.Kind != KindList {
		return Document{}, v.Want(KindList, "the nodes")
	}
	var b Builder
	for _, item := range v.Items {
		if err := b.addValue(item); err != nil {
			return Document{}, err
		}
	}
	d.Nodes = b.Nodes()
	return d, nil
}

// addValue adds one node of a document.
func (b *Builder) addValue(v Value) error {
	n, err := nodeOf(v)
	if err != nil {
		return err
	}
	return b.Add(n, v.At)
}

// around reads the object around a list, and returns the list.
func (d *Document) around(v Value) (nodes Value, err error) {
	var h header
	for _, m := range v.Members {
		if err := h.member(d, m.Key, m.At, m.Value); err != nil {
			return nodes, err
		}
		if m.Key == "nodes" {
			nodes = m.Value
			if nodes.Kind == KindNull { // "nodes:" with nothing below it
				nodes.Kind = KindList
			}
		}
	}
	return nodes, h.complete(v.At)
}

// header reads the fields of the object around a list.
type header struct{ given map[string]bool }

// member takes one field; the value of "nodes" is read elsewhere.
func (h *header) member(d *Document, key string, at Place, v Value) error {
	if h.given[key] {
		return at.Errorf("field %s is given twice", Quote(key))
	}
	if h.given == nil {
		h.given = map[string]bool{}
	}
	h.given[key] = true
	switch key {
	case "nodes":
	case "address_checksum": // proxenos nodes writes it for people and scripts to compare
	case "schema":
		if v.Text != Schema {
			return v.At.Errorf("schema %s: want %q", Quote(v.Text), Schema)
		}
	case "saved":
		return d.saved(v)
	case "partial":
		if v.Kind != KindBool {
			return v.Want(KindBool, "partial")
		}
		d.Partial = v.Text == "true"
	case "query":
		text, ok := v.asText()
		if !ok {
			return v.Want(KindText, "query")
		}
		d.Query = text
	default:
		return at.Errorf("field %s: want nodes, or a list of nodes without an object around it", Quote(key))
	}
	return nil
}

func (d *Document) saved(v Value) (err error) {
	text, ok := v.asText()
	if !ok {
		return v.Want(KindText, "saved")
	}
	if d.Saved, err = time.Parse(time.RFC3339Nano, text); err != nil {
		return v.At.Errorf("saved %s: want a time like 2026-01-31T15:04:05Z", Quote(text))
	}
	return nil
}

func (h *header) complete(at Place) error {
	if !h.given["nodes"] {
		return at.Errorf(`the object has no "nodes"`)
	}
	return nil
}

// nodeOf reads one node: its ID alone, or an object.
func nodeOf(v Value) (Node, error) {
	var d draft
	if id, ok := v.asText(); ok {
		d.node.Name = id
		return d.node, nil
	}
	if v.Kind != KindObject {
		return d.node, v.Want("an ID or an object", "a node")
	}
	for _, m := range v.Members {
		if err := d.member(m); err != nil {
			return d.node, err
		}
	}
	return d.node, nil
}

// member applies a field of a node. A null is like a missing field.
func (d *draft) member(m Member) error {
	var err error
	switch name := memberName(m.Key); {
	case name == "":
		return m.At.Errorf("field %s: want id, address, weight, zone, domain, drain, tags or meta", Quote(m.Key))
	case d.once(name) != nil:
		return m.At.Errorf("field %s is given twice", Quote(m.Key))
	case m.Value.Kind == KindNull:
		return nil
	case name == "w":
		if m.Value.Kind != KindNumber {
			return m.Value.Want(KindNumber, m.Key)
		}
		err = setWeight(&d.node, m.Value.Text)
	case name == "drain":
		if m.Value.Kind != KindBool {
			return m.Value.Want(KindBool, m.Key)
		}
		err = d.drain(m.Value.Text)
	case name == "tag":
		d.node.Tags, err = m.Value.texts(m.Key)
		return err
	case name == "meta":
		return d.metaOf(m.Value)
	default:
		return d.textMember(name, m)
	}
	if err != nil {
		return m.Value.At.Wrap(err)
	}
	return nil
}

// memberName returns the one name of a field that has several spellings.
func memberName(key string) string {
	switch key {
	case "id", "meta":
		return key
	case "tag":
		return ""
	}
	return options[key]
}

func (d *draft) textMember(name string, m Member) error {
	text, ok := m.Value.asText()
	if !ok {
		return m.Value.Want(KindText, m.Key)
	}
	switch name {
	case "id":
		d.node.Name = text
	case "addr":
		d.node.Addr = text
	case "zone":
		d.node.Zone = text
	case "domain":
		d.node.Domain = text
	}
	return nil
}

func (d *draft) metaOf(v Value) error {
	if v.Kind != KindObject {
		return v.Want(KindObject, "meta")
	}
	for _, m := range v.Members {
		text, ok := m.Value.asText()
		if !ok {
			return m.Value.Want(KindText, "metadata "+Quote(m.Key))
		}
		if err := d.meta(m.Key, text); err != nil {
			return m.At.Wrap(err)
		}
	}
	return nil
}

func (v Value) asText() (string, bool) {
	return v.Text, v.Kind == KindText || v.Typed && (v.Kind == KindNumber || v.Kind == KindBool)
}

// IsText reports whether the value serves as text.
func (v Value) IsText() bool {
	_, ok := v.asText()
	return ok
}

func (v Value) texts(what string) ([]string, error) {
	if v.Kind != KindList {
		return nil, v.Want("a list of texts", what)
	}
	var out []string
	for _, item := range v.Items {
		text, ok := item.asText()
		if !ok {
			return nil, item.Want(KindText, what)
		}
		out = append(out, text)
	}
	return out, nil
}

// Want returns an error that says what was expected and what was found.
func (v Value) Want(want Kind, what string) error {
	found := string(v.Kind)
	if v.Text != "" {
		found = fmt.Sprintf("%s (%s)", Quote(v.Text), found)
	}
	return v.At.Errorf("%s: want %s, not %s", what, want, found)
}
