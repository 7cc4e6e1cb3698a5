package checkfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Parse parses a check file. Its errors are of type [*Error] and contain name.
func (format *Format) Parse(data []byte, name string) (*File, error) {
	if len(data) > MaxSize {
		return nil, &Error{File: name, Err: fmt.Errorf("file has %d bytes, more than the limit of %d", len(data), MaxSize)}
	}
	root, err := document(data)
	if err != nil {
		var at *nodeError
		if errors.As(err, &at) {
			return nil, &Error{name, at.line, at.column, at.err}
		}
		return nil, syntaxError(err, name)
	}
	f := &File{Name: name, format: format}
	if err := f.read(root); err != nil {
		var at *nodeError
		if !errors.As(err, &at) {
			return nil, &Error{File: name, Err: err}
		}
		return nil, &Error{name, at.line, at.column, at.err}
	}
	return f, nil
}

// document returns the root of the file's only document.
func document(data []byte) (*yaml.Node, error) {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc, more yaml.Node
	if err := dec.Decode(&doc); errors.Is(err, io.EOF) {
		return nil, errors.New("file is empty; want checks")
	} else if err != nil {
		return nil, err
	}
	if err := dec.Decode(&more); err == nil {
		return nil, at(&more, errors.New("second document in the file; want one"))
	} else if !errors.Is(err, io.EOF) {
		return nil, err
	}
	return doc.Content[0], nil
}

// syntaxError extracts the line from the message of the YAML parser.
func syntaxError(err error, name string) error {
	m := regexp.MustCompile(`^yaml: line (\d+): (.*)$`).FindStringSubmatch(err.Error())
	if m == nil {
		return &Error{File: name, Err: errors.New(strings.TrimPrefix(err.Error(), "yaml: "))}
	}
	line, _ := strconv.Atoi(m[1]) // the pattern matches digits only
	return &Error{File: name, Line: line, Column: 1, Err: errors.New(m[2])}
}

// nodeError is an error at a position in the document.
type nodeError struct {
	line, column int
	err          error
}

func (e *nodeError) Error() string { return e.err.Error() }

func at(n *yaml.Node, err error) error { return &nodeError{n.Line, n.Column, err} }

func atf(n *yaml.Node, format string, args ...any) error { return at(n, fmt.Errorf(format, args...)) }

// pairs calls visit for every key of a mapping and its value.
func pairs(n *yaml.Node, what string, visit func(key, value *yaml.Node) error) error {
	if err := plain(n); err != nil {
		return err
	}
	if n.Kind != yaml.MappingNode {
		return atf(n, "%s: want a mapping of keys to values", what)
	}
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if err := plain(key); err != nil {
			return err
		}
		switch {
		case key.Kind != yaml.ScalarNode:
			return atf(key, "%s: key is not text", what)
		case key.Value == "<<" && key.Style == 0:
			return atf(key, "merge key <<: merge keys are not supported")
		}
		if line, duplicate := seen[key.Value]; duplicate {
			return atf(key, "duplicate key %q, first on line %d", key.Value, line)
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

// items calls visit for every item of a list.
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

// plain returns an error if n is an alias or has an anchor or a tag: its value
// would not be the text in the file.
func plain(n *yaml.Node) error {
	switch {
	case n.Kind == yaml.AliasNode:
		return atf(n, "alias *%s: aliases are not supported; write the value out", n.Value)
	case n.Anchor != "":
		return atf(n, "anchor &%s: anchors are not supported", n.Anchor)
	case n.Style&yaml.TaggedStyle != 0:
		return atf(n, "tag %q: tags are not supported", n.Tag)
	}
	return nil
}
