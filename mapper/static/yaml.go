package static

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"

	"go.yaml.in/yaml/v3"

	"github.com/proxenos/proxenos/internal/nodelist"
)

// parseYAML reads the tree of the parser, in which aliases are not resolved: an
// alias bomb is never expanded.
func parseYAML(data []byte, name string) (nodelist.Document, error) {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc, more yaml.Node
	if err := dec.Decode(&doc); errors.Is(err, io.EOF) {
		return nodelist.Document{}, nil
	} else if err != nil {
		return nodelist.Document{}, yamlSyntax(err, name)
	}
	if err := dec.Decode(&more); err == nil {
		return nodelist.Document{}, nodelist.Place{Source: name, Line: more.Line, Column: more.Column}.Errorf("a second document: a list is one")
	} else if !errors.Is(err, io.EOF) {
		return nodelist.Document{}, yamlSyntax(err, name)
	}
	if len(doc.Content) == 0 {
		return nodelist.Document{}, nil
	}
	v, err := yamlValue(doc.Content[0], name, 0)
	if err != nil {
		return nodelist.Document{}, err
	}
	if v.Kind == nodelist.KindNull {
		return nodelist.Document{}, nil
	}
	return nodelist.FromValue(v)
}

var (
	yamlMessage = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)
	// yamlGrammar are the messages of the parser's grammar. They count lines
	// from 0, while those of its scanner count from 1 (go.yaml.in/yaml/v3
	// v3.0.6, decode.go, fail); a message without a line is of the first one,
	// or of the reader.
	yamlGrammar = regexp.MustCompile(`^did not find expected (node content|key|<|'-'|',')`)
)

// yamlSyntax moves the line from the parser's message to the place.
func yamlSyntax(err error, name string) error {
	at := nodelist.Place{Source: name}
	m := yamlMessage.FindStringSubmatch(err.Error())
	if m == nil {
		return at.Errorf("not YAML: %w", err)
	}
	if line, err := strconv.Atoi(m[1]); err == nil {
		at.Line = line
		if yamlGrammar.MatchString(m[2]) {
			at.Line++
		}
	}
	return at.Errorf("not YAML: %s", m[2])
}

func yamlValue(n *yaml.Node, name string, depth int) (nodelist.Value, error) {
	v := nodelist.Value{At: nodelist.Place{Source: name, Line: n.Line, Column: n.Column}, Typed: true}
	switch {
	case depth > nodelist.MaxDepth:
		return v, v.At.Errorf("nested too deep for a list of nodes")
	case n.Kind == yaml.AliasNode:
		return v, v.At.Errorf("alias *%s: aliases are not supported, write the value out", n.Value)
	case n.Style&yaml.TaggedStyle != 0:
		return v, v.At.Errorf("tag %s: tags are not supported, remove it", nodelist.Quote(n.Tag))
	}
	switch n.Kind {
	case yaml.SequenceNode:
		return yamlList(v, n, name, depth)
	case yaml.MappingNode:
		return yamlObject(v, n, name, depth)
	default:
		v.Kind, v.Text = yamlKind(n), n.Value
		return v, nil
	}
}

func yamlKind(n *yaml.Node) nodelist.Kind {
	switch n.ShortTag() {
	case "!!null":
		return nodelist.KindNull
	case "!!int", "!!float":
		return nodelist.KindNumber
	case "!!bool":
		return nodelist.KindBool
	default:
		return nodelist.KindText
	}
}

func yamlList(v nodelist.Value, n *yaml.Node, name string, depth int) (nodelist.Value, error) {
	v.Kind = nodelist.KindList
	for _, c := range n.Content {
		item, err := yamlValue(c, name, depth+1)
		if err != nil {
			return v, err
		}
		v.Items = append(v.Items, item)
	}
	return v, nil
}

func yamlObject(v nodelist.Value, n *yaml.Node, name string, depth int) (nodelist.Value, error) {
	v.Kind = nodelist.KindObject
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, err := yamlValue(n.Content[i], name, depth+1)
		if err != nil {
			return v, err
		}
		if !key.IsText() {
			return v, key.Want(nodelist.KindText, "a field's name")
		}
		val, err := yamlValue(n.Content[i+1], name, depth+1)
		if err != nil {
			return v, err
		}
		v.Members = append(v.Members, nodelist.Member{Key: key.Text, At: key.At, Value: val})
	}
	return v, nil
}
