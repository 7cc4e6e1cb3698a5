package nodelist

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
)

// ParseJSON reads a list in JSON, one node after the other: what it holds in
// memory besides the nodes is one node's tree. It walks the tokens, because
// decoding into structs loses positions.
func ParseJSON(data []byte, name string) (Document, error) {
	if err := CheckBytes(data, name); err != nil {
		return Document{}, err
	}
	var whole json.RawMessage
	if err := json.Unmarshal(data, &whole); err != nil {
		return Document{}, jsonSyntax(err, data, name)
	}
	w := jsonWalk{json.NewDecoder(bytes.NewReader(data)), newCursor(data, name)}
	w.dec.UseNumber()
	return w.document()
}

func jsonSyntax(err error, data []byte, name string) error {
	at := Place{Source: name}
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		at = newCursor(data, name).to(int(syntax.Offset) - 1)
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return at.Errorf("no JSON in it: a list without nodes is []")
	}
	return at.Errorf("not JSON: %w", err)
}

// jsonWalk reads tokens. The syntax has been checked before.
type jsonWalk struct {
	dec    *json.Decoder
	cursor *cursor
}

// document reads the list, or the object around it.
func (w *jsonWalk) document() (d Document, err error) {
	v, err := w.open(0)
	switch {
	case err != nil:
		return Document{}, err
	case v.Kind == KindObject:
		err = w.around(&d, v.At)
	default:
		d.Nodes, err = w.nodes(v, 0)
	}
	if err != nil {
		return Document{}, err
	}
	return d, nil
}

// around reads the fields of the object around the list.
func (w *jsonWalk) around(d *Document, at Place) error {
	var h header
	for w.dec.More() {
		key, err := w.value(1)
		if err != nil {
			return err
		}
		if key.Text == "nodes" {
			if err := h.member(d, key.Text, key.At, Value{}); err != nil {
				return err
			}
			if d.Nodes, err = w.nodesMember(); err != nil {
				return err
			}
			continue
		}
		v, err := w.value(1)
		if err != nil {
			return err
		}
		if err := h.member(d, key.Text, key.At, v); err != nil {
			return err
		}
	}
	return h.complete(at)
}

// nodesMember reads the value of "nodes". Null is like an empty list.
func (w *jsonWalk) nodesMember() ([]Node, error) {
	v, err := w.open(1)
	if err != nil || v.Kind == KindNull {
		return nil, err
	}
	return w.nodes(v, 1)
}

// nodes reads the items of a list that was opened.
func (w *jsonWalk) nodes(list Value, depth int) ([]Node, error) {
	if list.Kind != KindList {
		return nil, list.Want(KindList, "the nodes")
	}
	var b Builder
	for w.dec.More() {
		v, err := w.value(depth + 1)
		if err != nil {
			return nil, err
		}
		if err := b.addValue(v); err != nil {
			return nil, err
		}
	}
	return b.Nodes(), w.end(list)
}

// value reads the next value whole.
func (w *jsonWalk) value(depth int) (Value, error) {
	v, err := w.open(depth)
	switch {
	case err != nil:
		return v, err
	case v.Kind == KindList:
		return w.list(v, depth)
	case v.Kind == KindObject:
		return w.object(v, depth)
	}
	return v, nil
}

// open reads a scalar, or the bracket that opens a list or an object.
func (w *jsonWalk) open(depth int) (Value, error) {
	v := Value{At: w.here()}
	if depth > MaxDepth {
		return v, v.At.Errorf("nested too deep for a list of nodes")
	}
	token, err := w.dec.Token()
	if err != nil {
		return v, v.At.Wrap(err)
	}
	switch t := token.(type) {
	case json.Delim:
		v.Kind = KindObject
		if t == '[' {
			v.Kind = KindList
		}
	case string:
		v.Kind, v.Text = KindText, t
	case json.Number:
		v.Kind, v.Text = KindNumber, t.String()
	case bool:
		v.Kind, v.Text = KindBool, strconv.FormatBool(t)
	default:
		v.Kind = KindNull
	}
	return v, nil
}

func (w *jsonWalk) list(v Value, depth int) (Value, error) {
	for w.dec.More() {
		item, err := w.value(depth + 1)
		if err != nil {
			return v, err
		}
		v.Items = append(v.Items, item)
	}
	return v, w.end(v)
}

func (w *jsonWalk) object(v Value, depth int) (Value, error) {
	for w.dec.More() {
		key, err := w.value(depth + 1)
		if err != nil {
			return v, err
		}
		val, err := w.value(depth + 1)
		if err != nil {
			return v, err
		}
		v.Members = append(v.Members, Member{key.Text, key.At, val})
	}
	return v, w.end(v)
}

// end takes the closing bracket.
func (w *jsonWalk) end(v Value) error {
	if _, err := w.dec.Token(); err != nil && !errors.Is(err, io.EOF) {
		return v.At.Wrap(err)
	}
	return nil
}

// here returns the place of the next token.
func (w *jsonWalk) here() Place {
	offset := int(w.dec.InputOffset())
	rest := w.cursor.data[offset:]
	offset += len(rest) - len(bytes.TrimLeft(rest, " \t\r\n,:"))
	return w.cursor.to(offset)
}
