package static

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"

	"github.com/proxenos/proxenos/mapper"
)

// parseJSON walks the tokens, as the decoder into structs knows no places.
func parseJSON(data []byte, name string) ([]mapper.Node, error) {
	var whole json.RawMessage
	if err := json.Unmarshal(data, &whole); err != nil {
		return nil, jsonSyntax(err, data, name)
	}
	w := jsonWalk{json.NewDecoder(bytes.NewReader(data)), newCursor(data, name)}
	w.dec.UseNumber()
	v, err := w.value(0)
	if err != nil {
		return nil, err
	}
	return nodesOf(v)
}

func jsonSyntax(err error, data []byte, name string) error {
	at := place{source: name}
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		at = newCursor(data, name).to(int(syntax.Offset) - 1)
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return at.errorf("no JSON in it: a list of nobody is []")
	}
	return at.errorf("not JSON: %w", err)
}

type jsonWalk struct {
	dec    *json.Decoder
	cursor *cursor
}

// value reads the next value. The syntax has been checked before.
func (w *jsonWalk) value(depth int) (value, error) {
	v := value{at: w.here()}
	if depth > maxDepth {
		return v, v.at.errorf("nested too deep for a list of nodes")
	}
	token, err := w.dec.Token()
	if err != nil {
		return v, v.at.wrap(err)
	}
	switch t := token.(type) {
	case json.Delim:
		if t == '[' {
			return w.list(v, depth)
		}
		return w.object(v, depth)
	case string:
		v.kind, v.text = aText, t
	case json.Number:
		v.kind, v.text = aNumber, t.String()
	case bool:
		v.kind, v.text = aBool, strconv.FormatBool(t)
	default:
		v.kind = aNull
	}
	return v, nil
}

func (w *jsonWalk) list(v value, depth int) (value, error) {
	v.kind = aList
	for w.dec.More() {
		item, err := w.value(depth + 1)
		if err != nil {
			return v, err
		}
		v.items = append(v.items, item)
	}
	return v, w.end(v)
}

func (w *jsonWalk) object(v value, depth int) (value, error) {
	v.kind = anObj
	for w.dec.More() {
		key, err := w.value(depth + 1)
		if err != nil {
			return v, err
		}
		val, err := w.value(depth + 1)
		if err != nil {
			return v, err
		}
		v.members = append(v.members, member{key.text, key.at, val})
	}
	return v, w.end(v)
}

// end takes the closing bracket.
func (w *jsonWalk) end(v value) error {
	if _, err := w.dec.Token(); err != nil && !errors.Is(err, io.EOF) {
		return v.at.wrap(err)
	}
	return nil
}

// here is the place of the next token.
func (w *jsonWalk) here() place {
	offset := int(w.dec.InputOffset())
	rest := w.cursor.data[offset:]
	offset += len(rest) - len(bytes.TrimLeft(rest, " \t\r\n,:"))
	return w.cursor.to(offset)
}
