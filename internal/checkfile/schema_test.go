package checkfile

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// TestResolve: plain scalars have the types of the core schema of YAML 1.2.
func TestResolve(t *testing.T) {
	for text, want := range map[string]any{
		"~": nil, "null": nil, "Null": nil, "nULL": "nULL", "true": true, "FALSE": false, "yes": "yes", "on": "on",
		"0": 0.0, "-19": -19.0, "+3": 3.0, "010": 10.0, "1_000": "1_000", "0o14": 12.0, "0x1F": 31.0, "-0x1F": "-0x1F", "0b11": "0b11",
		".5": 0.5, "5.": 5.0, "1e3": 1000.0, "-1.5E-1": -0.15, "e3": "e3", ".": ".", ".inf": math.Inf(1), "-.INF": math.Inf(-1),
		"2001-01-01": "2001-01-01", "1:30": "1:30", "12%": "12%", "a": "a", "1f0a": "1f0a", "1e999": math.Inf(1),
	} {
		assert.Equal(t, want, resolve(&yaml.Node{Kind: yaml.ScalarNode, Value: text}), text)
		assert.Equal(t, text, resolve(&yaml.Node{Kind: yaml.ScalarNode, Value: text, Style: yaml.SingleQuotedStyle}), "quoted")
	}
	assert.True(t, math.IsNaN(resolve(&yaml.Node{Kind: yaml.ScalarNode, Value: ".nan"}).(float64)))
}

// TestSchemaAgreesWithParser mutates a file that has every key, and compares
// the verdict of a validator of JSON Schema with that of the parser. They may
// differ only where Schema says so.
func TestSchemaAgreesWithParser(t *testing.T) {
	t.Parallel()
	var root schema
	require.NoError(t, json.Unmarshal([]byte(format.Schema()), &root))
	random := rand.New(rand.NewPCG(1, 2))
	verdicts := map[bool]int{}
	var base yaml.Node
	require.NoError(t, yaml.Unmarshal([]byte(example), &base))
	for i := range 4000 {
		doc := *clone(&base)
		m := mutator{random, allNodes(&doc)}
		for range 1 + random.IntN(2) {
			m.mutate()
		}
		text, err := yaml.Marshal(&doc)
		if err != nil || yaml.Unmarshal(text, &doc) != nil || len(doc.Content) == 0 {
			continue // a mapping has a mapping as a key
		}
		instance, err := toJSON(doc.Content[0])
		if err != nil {
			continue // no JSON, such as a repeated key
		}
		_, err = format.Parse(text, "f")
		if err != nil && (strings.Contains(err.Error(), "duplicate check name") || strings.Contains(err.Error(), "no more zones than replicas")) {
			err = nil
		}
		violation := root.validate(instance)
		verdicts[err == nil]++
		if !assert.Equal(t, err == nil, violation == "", "mutant %d: the parser says %v, the schema says %q", i, err, violation) {
			t.Logf("%s", text)
			return
		}
	}
	assert.Greater(t, verdicts[true], 1000, "mutants that are valid")
	assert.Greater(t, verdicts[false], 1000, "mutants that are not")
}

// TestSchemaDialect: editors know draft 7, and complete algorithms and hashes.
func TestSchemaDialect(t *testing.T) {
	var root map[string]any
	require.NoError(t, json.Unmarshal([]byte(format.Schema()), &root))
	assert.Equal(t, "http://json-schema.org/draft-07/schema#", root["$schema"])
	properties := root["properties"].(map[string]any)
	assert.Equal(t, []any{"rendezvous", "table", "ring", "ketama"}, properties["algorithm"].(map[string]any)["enum"])
	assert.Equal(t, []any{"siphash", "md5"}, properties["hash"].(map[string]any)["enum"])
}

// mutator changes a document.
type mutator struct {
	*rand.Rand
	nodes []*yaml.Node
}

func allNodes(n *yaml.Node) []*yaml.Node {
	nodes := []*yaml.Node{n}
	for _, c := range n.Content {
		nodes = append(nodes, allNodes(c)...)
	}
	return nodes
}

// scalars are values that replace others.
var scalars = []string{
	"", "~", "null", "true", "false", "yes", "0", "1", "-1", "2", "1.5", "1.0", "1e3", "010", "0x10", "1_000", "25", "1e10", "1e300", ".inf", ".nan", "-0",
	"0%", "100%", "100.0%", "101%", "12.5%", "5.%", "1e1%", "a", "any_node", "each_removal", "ketama", "md5", "MD5", "warn", "spread", "strict",
	"1f0a9c3d5e7b8a90", "1F0A9C3D5E7B8A90", "1234567890123456", "12345678e1234567", "2001-01-01",
}

var keys = []string{
	"nodes", "hash", "algorithm", "points", "sample", "keys", "key_weights", "checks", "name", "severity", "pins", "checksum", "shares", "movement", "spread",
	"load_after_loss", "min", "max", "max_keys", "min_per_zone", "zones", "replicas", "before", "rounds", "add", "remove", "remove_zone", "reweight", "of", "x",
}

// other returns a copy of a node below the document.
func (m mutator) other() *yaml.Node { return clone(m.nodes[1+m.IntN(len(m.nodes)-1)]) }

func clone(n *yaml.Node) *yaml.Node {
	c := *n
	c.Content = nil
	for _, child := range n.Content {
		c.Content = append(c.Content, clone(child))
	}
	return &c
}

func (m mutator) mutate() {
	n := m.nodes[1+m.IntN(len(m.nodes)-1)]
	switch m.IntN(6) {
	case 0: // another node in its place
		*n = *m.other()
	case 1: // without one of its children
		if len(n.Content) == 0 {
			return
		}
		step := 1
		if n.Kind == yaml.MappingNode {
			step = 2
		}
		i := step * m.IntN(len(n.Content)/step)
		n.Content = slices.Delete(slices.Clone(n.Content), i, i+step)
	case 2: // another key in a mapping
		if n.Kind == yaml.MappingNode && len(n.Content) > 0 {
			key := *n.Content[0]
			key.Value, key.Style = keys[m.IntN(len(keys))], 0
			n.Content = append([]*yaml.Node{&key, m.other()}, n.Content[2*m.IntN(2):]...)
		}
	case 3: // an empty collection
		if n.Kind == yaml.ScalarNode && m.IntN(2) == 0 {
			*n = yaml.Node{Kind: []yaml.Kind{yaml.MappingNode, yaml.SequenceNode}[m.IntN(2)]}
		}
	default: // another scalar
		if n.Kind == yaml.ScalarNode {
			*n = yaml.Node{Kind: yaml.ScalarNode, Value: scalars[m.IntN(len(scalars))], Style: []yaml.Style{0, 0, yaml.DoubleQuotedStyle}[m.IntN(3)]}
		}
	}
}

// toJSON returns a document as the values of encoding/json.
func toJSON(n *yaml.Node) (any, error) {
	switch n.Kind {
	case yaml.ScalarNode:
		return resolve(n), nil
	case yaml.SequenceNode:
		list := []any{}
		for _, c := range n.Content {
			v, err := toJSON(c)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, nil
	case yaml.MappingNode:
		object := map[string]any{}
		for i := 0; i < len(n.Content); i += 2 {
			key := n.Content[i]
			if _, repeated := object[key.Value]; repeated || key.Kind != yaml.ScalarNode {
				return nil, fmt.Errorf("key %q", key.Value)
			}
			v, err := toJSON(n.Content[i+1])
			if err != nil {
				return nil, err
			}
			object[key.Value] = v
		}
		return object, nil
	default:
		return nil, fmt.Errorf("kind %v", n.Kind)
	}
}

// validate evaluates the keywords that schemas of check files have. It returns
// the violated one, or "".
func (s schema) validate(v any) string {
	for keyword, argument := range s {
		if !keywords7[keyword](s, argument, v) {
			return keyword
		}
	}
	return ""
}

func sub(argument any) schema { return argument.(map[string]any) }

func valid(argument, v any) bool { return sub(argument).validate(v) == "" }

func matches(list, v any) (count int) {
	for _, s := range list.([]any) {
		if valid(s, v) {
			count++
		}
	}
	return count
}

// about reports whether accept holds for a T; other types have no such limit.
func about[T any](v any, accept func(T) bool) bool {
	x, ok := v.(T)
	return !ok || accept(x)
}

var keywords7 map[string]func(s schema, argument, v any) bool

func init() {
	annotation := func(schema, any, any) bool { return true }
	keywords7 = map[string]func(s schema, argument, v any) bool{
		"$schema": annotation, "title": annotation, "description": annotation,
		"type": func(_ schema, want, v any) bool {
			if one, ok := want.(string); ok {
				want = []any{one}
			}
			return slices.ContainsFunc(want.([]any), func(name any) bool { return hasType(name.(string), v) })
		},
		"enum": func(_ schema, list, v any) bool {
			return slices.ContainsFunc(list.([]any), func(x any) bool { return x == v })
		},
		"minimum": func(_ schema, least, v any) bool {
			return about(v, func(x float64) bool { return x >= least.(float64) })
		},
		"exclusiveMinimum": func(_ schema, bound, v any) bool {
			return about(v, func(x float64) bool { return x > bound.(float64) })
		},
		"maximum": func(_ schema, most, v any) bool { return about(v, func(x float64) bool { return x <= most.(float64) }) },
		"minLength": func(_ schema, least, v any) bool {
			return about(v, func(x string) bool { return utf8.RuneCountInString(x) >= int(least.(float64)) })
		},
		"pattern": func(_ schema, pattern, v any) bool {
			return about(v, func(x string) bool { return regexp.MustCompile(pattern.(string)).MatchString(x) })
		},
		"minItems": func(_ schema, least, v any) bool {
			return about(v, func(x []any) bool { return len(x) >= int(least.(float64)) })
		},
		"items": func(_ schema, item, v any) bool {
			return about(v, func(x []any) bool { return !slices.ContainsFunc(x, func(e any) bool { return !valid(item, e) }) })
		},
		"minProperties": func(_ schema, least, v any) bool {
			return about(v, func(x map[string]any) bool { return len(x) >= int(least.(float64)) })
		},
		"properties": func(_ schema, known, v any) bool {
			return about(v, func(x map[string]any) bool {
				for name, s := range sub(known) {
					if value, has := x[name]; has && !valid(s, value) {
						return false
					}
				}
				return true
			})
		},
		"additionalProperties": func(s schema, rest, v any) bool {
			return about(v, func(x map[string]any) bool {
				known, _ := s["properties"].(map[string]any)
				for name, value := range x {
					if _, ok := known[name]; !ok && (rest == false || !valid(rest, value)) {
						return false
					}
				}
				return true
			})
		},
		"required": func(_ schema, names, v any) bool {
			return about(v, func(x map[string]any) bool {
				return !slices.ContainsFunc(names.([]any), func(name any) bool { _, has := x[name.(string)]; return !has })
			})
		},
		"dependencies": func(_ schema, all, v any) bool {
			return about(v, func(x map[string]any) bool {
				for name, needs := range sub(all) {
					if _, has := x[name]; has && !keywords7["required"](nil, needs, v) {
						return false
					}
				}
				return true
			})
		},
		"allOf": func(_ schema, list, v any) bool { return matches(list, v) == len(list.([]any)) },
		"anyOf": func(_ schema, list, v any) bool { return matches(list, v) > 0 },
		"oneOf": func(_ schema, list, v any) bool { return matches(list, v) == 1 },
		"not":   func(_ schema, s, v any) bool { return !valid(s, v) },
	}
}

func hasType(name string, v any) bool {
	switch x := v.(type) {
	case nil:
		return name == "null"
	case bool:
		return name == "boolean"
	case float64:
		return name == "number" || name == "integer" && x == math.Trunc(x) && !math.IsInf(x, 0)
	case string:
		return name == "string"
	case []any:
		return name == "array"
	default:
		return name == "object"
	}
}
