package checkfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Parse reads a check file. The name appears in errors, which are *Error.
func Parse(data []byte, name string) (*File, error) {
	if len(data) > MaxSize {
		return nil, &Error{File: name, Err: fmt.Errorf("it has %d bytes, and a check file at most %d", len(data), MaxSize)}
	}
	root, err := document(data)
	if err != nil {
		var at *nodeError
		if errors.As(err, &at) {
			return nil, &Error{name, at.line, at.column, at.err}
		}
		return nil, syntaxError(err, name)
	}
	f := &File{Name: name}
	if err := f.read(root); err != nil {
		var at *nodeError
		if !errors.As(err, &at) {
			return nil, &Error{File: name, Err: err}
		}
		return nil, &Error{name, at.line, at.column, at.err}
	}
	return f, nil
}

// document returns the root of the one document that a file must have.
func document(data []byte) (*yaml.Node, error) {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc, more yaml.Node
	if err := dec.Decode(&doc); errors.Is(err, io.EOF) {
		return nil, errors.New("it is empty: it needs checks")
	} else if err != nil {
		return nil, err
	}
	if err := dec.Decode(&more); err == nil {
		return nil, at(&more, errors.New("a second document: a check file is one"))
	} else if !errors.Is(err, io.EOF) {
		return nil, err
	}
	return doc.Content[0], nil
}

// syntaxError takes the line out of the parser's message.
func syntaxError(err error, name string) error {
	m := regexp.MustCompile(`^yaml: line (\d+): (.*)$`).FindStringSubmatch(err.Error())
	if m == nil {
		return &Error{File: name, Err: errors.New(strings.TrimPrefix(err.Error(), "yaml: "))}
	}
	line, _ := strconv.Atoi(m[1]) // digits by the pattern
	return &Error{File: name, Line: line, Column: 1, Err: errors.New(m[2])}
}

// nodeError is an error about a part of the document.
type nodeError struct {
	line, column int
	err          error
}

func (e *nodeError) Error() string { return e.err.Error() }

func at(n *yaml.Node, err error) error { return &nodeError{n.Line, n.Column, err} }

func atf(n *yaml.Node, format string, args ...any) error { return at(n, fmt.Errorf(format, args...)) }

// reader reads the value of a key.
type reader func(*yaml.Node) error

// field is a key and what reads its value. They are lists and not maps, as
// errors name the choices in order.
type field struct {
	name string
	read reader
}

// fields reads a mapping, in which every key is one of the fields and occurs
// once.
func fields(n *yaml.Node, what string, known []field) error {
	return pairs(n, what, func(key, value *yaml.Node) error {
		i := slices.IndexFunc(known, func(f field) bool { return f.name == key.Value })
		if i < 0 {
			return atf(key, "unknown key %q in %s: choose from %s", key.Value, what, strings.Join(names(known), ", "))
		}
		return known[i].read(value)
	})
}

func names(known []field) []string {
	list := make([]string, len(known))
	for i, f := range known {
		list[i] = f.name
	}
	return list
}

// pairs visits the keys of a mapping and their values.
func pairs(n *yaml.Node, what string, visit func(key, value *yaml.Node) error) error {
	if err := plain(n); err != nil {
		return err
	}
	if n.Kind != yaml.MappingNode {
		return atf(n, "%s: want keys with values", what)
	}
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if err := plain(key); err != nil {
			return err
		}
		if key.Kind != yaml.ScalarNode {
			return atf(key, "%s: a key must be text", what)
		}
		if line, twice := seen[key.Value]; twice {
			return atf(key, "key %q is in line %d already", key.Value, line)
		}
		seen[key.Value] = key.Line
		if err := plain(value); err != nil {
			return err
		}
		if err := visit(key, value); err != nil {
			return err
		}
	}
	return nil
}

// items visits the items of a list.
func items(n *yaml.Node, what string, visit func(*yaml.Node) error) error {
	if n.Kind != yaml.SequenceNode {
		return atf(n, "%s: want a list", what)
	}
	for _, item := range n.Content {
		if err := plain(item); err != nil {
			return err
		}
		if err := visit(item); err != nil {
			return err
		}
	}
	return nil
}

// plain refuses what stands for something else or is of another type than it
// looks.
func plain(n *yaml.Node) error {
	switch {
	case n.Kind == yaml.AliasNode:
		return atf(n, "alias *%s: aliases are not supported, write the value out", n.Value)
	case n.Anchor != "":
		return atf(n, "anchor &%s: anchors are not supported", n.Anchor)
	case n.Style&yaml.TaggedStyle != 0:
		return atf(n, "tag %q: tags are not supported", n.Tag)
	}
	return nil
}
