package static

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"

	"go.yaml.in/yaml/v3"

	"github.com/proxenos/proxenos/mapper"
)

// parseYAML reads the nodes of the document as the parser makes them, before
// aliases are followed: what a bomb multiplies is never built.
func parseYAML(data []byte, name string) ([]mapper.Node, error) {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc, more yaml.Node
	if err := dec.Decode(&doc); errors.Is(err, io.EOF) {
		return nil, nil
	} else if err != nil {
		return nil, yamlSyntax(err, name)
	}
	if err := dec.Decode(&more); err == nil {
		return nil, place{name, more.Line, more.Column}.errorf("a second document: a list is one")
	} else if !errors.Is(err, io.EOF) {
		return nil, yamlSyntax(err, name)
	}
	if len(doc.Content) == 0 {
		return nil, nil
	}
	v, err := yamlValue(doc.Content[0], name, 0)
	if err != nil {
		return nil, err
	}
	if v.kind == aNull {
		return nil, nil
	}
	return nodesOf(v)
}

var (
	yamlMessage = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)
	// yamlGrammar are the messages of the parser's grammar. They count lines
	// from 0, while those of its scanner count from 1 (go.yaml.in/yaml/v3
	// v3.0.6, decode.go, fail); a message without a line is of the first one,
	// or of the reader.
	yamlGrammar = regexp.MustCompile(`^did not find expected (node content|key|<|'-'|',')`)
)

// yamlSyntax takes the line out of the parser's message.
func yamlSyntax(err error, name string) error {
	at := place{source: name}
	m := yamlMessage.FindStringSubmatch(err.Error())
	if m == nil {
		return at.errorf("not YAML: %w", err)
	}
	if line, err := strconv.Atoi(m[1]); err == nil {
		at.line = line
		if yamlGrammar.MatchString(m[2]) {
			at.line++
		}
	}
	return at.errorf("not YAML: %s", m[2])
}

func yamlValue(n *yaml.Node, name string, depth int) (value, error) {
	v := value{at: place{name, n.Line, n.Column}, typed: true}
	switch {
	case depth > maxDepth:
		return v, v.at.errorf("nested too deep for a list of nodes")
	case n.Kind == yaml.AliasNode:
		return v, v.at.errorf("alias *%s: aliases are not supported, write the value out", n.Value)
	case n.Style&yaml.TaggedStyle != 0:
		return v, v.at.errorf("tag %s: tags are not supported, remove it", quote(n.Tag))
	}
	switch n.Kind {
	case yaml.SequenceNode:
		return yamlList(v, n, name, depth)
	case yaml.MappingNode:
		return yamlObject(v, n, name, depth)
	default:
		v.kind, v.text = yamlKind(n), n.Value
		return v, nil
	}
}

func yamlKind(n *yaml.Node) kind {
	switch n.ShortTag() {
	case "!!null":
		return aNull
	case "!!int", "!!float":
		return aNumber
	case "!!bool":
		return aBool
	default:
		return aText
	}
}

func yamlList(v value, n *yaml.Node, name string, depth int) (value, error) {
	v.kind = aList
	for _, c := range n.Content {
		item, err := yamlValue(c, name, depth+1)
		if err != nil {
			return v, err
		}
		v.items = append(v.items, item)
	}
	return v, nil
}

func yamlObject(v value, n *yaml.Node, name string, depth int) (value, error) {
	v.kind = anObj
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, err := yamlValue(n.Content[i], name, depth+1)
		if err != nil {
			return v, err
		}
		if _, ok := key.asText(); !ok {
			return v, key.want(aText, "a field's name")
		}
		val, err := yamlValue(n.Content[i+1], name, depth+1)
		if err != nil {
			return v, err
		}
		v.members = append(v.members, member{key.text, key.at, val})
	}
	return v, nil
}
