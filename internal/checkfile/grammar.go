package checkfile

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// value is the grammar of a value: it reads the value from a file, and it
// describes the values that it accepts in JSON Schema.
type value struct {
	read   func(*yaml.Node) error
	schema func() schema
}

// schema is a schema in JSON, draft 7.
type schema map[string]any

// field is a key of a mapping, its description for editors and its value.
// Fields are kept in lists because errors name the choices in order.
type field struct {
	name, doc string
	value
}

// rule is a requirement on which keys a mapping has.
type rule struct {
	schema schema
	check  func(has func(key string) bool) error
}

// mapping is the grammar of a mapping. Every key must be one of the known fields
// and occur once.
func mapping(what string, known []field, rules ...rule) value {
	return value{
		read:   func(n *yaml.Node) error { return readMapping(n, what, known, rules) },
		schema: func() schema { return mappingSchema(known, rules) },
	}
}

func readMapping(n *yaml.Node, what string, known []field, rules []rule) error {
	given := map[string]bool{}
	err := pairs(n, what, func(key, v *yaml.Node) error {
		given[key.Value] = true
		i := slices.IndexFunc(known, func(f field) bool { return f.name == key.Value })
		if i < 0 {
			return atf(key, "unknown key %q in %s: choose from %s", key.Value, what, strings.Join(names(known), ", "))
		}
		return known[i].read(v)
	})
	if err != nil {
		return err
	}
	for _, r := range rules {
		if err := r.check(func(key string) bool { return given[key] }); err != nil {
			return at(n, err)
		}
	}
	return nil
}

func mappingSchema(known []field, rules []rule) schema {
	properties := schema{}
	for _, f := range known {
		s := f.schema()
		s["description"] = f.doc
		properties[f.name] = s
	}
	s := schema{"type": "object", "additionalProperties": false, "properties": properties}
	var all []any
	for _, r := range rules {
		all = append(all, r.schema)
	}
	if all != nil {
		s["allOf"] = all
	}
	return s
}

func names(known []field) []string {
	list := make([]string, len(known))
	for i, f := range known {
		list[i] = f.name
	}
	return list
}

// need requires at least one of the keys.
func need(message string, keys ...string) rule {
	return rule{schema{"anyOf": required(keys)}, func(has func(string) bool) error {
		if !slices.ContainsFunc(keys, has) {
			return errors.New(message)
		}
		return nil
	}}
}

// exclude rejects a mapping with both keys.
func exclude(a, b string) rule {
	return rule{schema{"not": schema{"required": []any{a, b}}}, func(has func(string) bool) error {
		if has(a) && has(b) {
			return fmt.Errorf("%s and %s are mutually exclusive", a, b)
		}
		return nil
	}}
}

// depend requires the key other of a mapping that has key.
func depend(key, other string) rule {
	return rule{schema{"dependencies": schema{key: []any{other}}}, func(has func(string) bool) error {
		if has(key) && !has(other) {
			return fmt.Errorf("%s: want %s too", key, other)
		}
		return nil
	}}
}

// exactlyOne requires one of the keys. The function message is called with the
// number of them that the mapping has.
func exactlyOne(message func(have int) error, keys ...string) rule {
	return rule{schema{"oneOf": required(keys)}, func(has func(string) bool) error {
		have := 0
		for _, key := range keys {
			if has(key) {
				have++
			}
		}
		if have != 1 {
			return message(have)
		}
		return nil
	}}
}

func required(keys []string) (choices []any) {
	for _, key := range keys {
		choices = append(choices, schema{"required": []any{key}})
	}
	return choices
}

// entries is the grammar of a mapping with keys of the user, at least one.
// newValue returns the grammar of the value of a key.
func entries(what, none string, newValue func(key *yaml.Node) value) value {
	return value{
		read: func(n *yaml.Node) error {
			err := pairs(n, what, func(key, v *yaml.Node) error { return newValue(key).read(v) })
			if err == nil && len(n.Content) == 0 {
				err = at(n, errors.New(none))
			}
			return err
		},
		schema: func() schema {
			return schema{"type": "object", "minProperties": 1, "additionalProperties": newValue(new(yaml.Node)).schema()}
		},
	}
}

// list is the grammar of a list of at least one item. newItem returns the
// grammar of an item.
func list(what, none string, newItem func(item *yaml.Node) value) value {
	return value{
		read: func(n *yaml.Node) error {
			err := items(n, what, func(item *yaml.Node) error { return newItem(item).read(item) })
			if err == nil && len(n.Content) == 0 {
				err = at(n, errors.New(none))
			}
			return err
		},
		schema: func() schema {
			return schema{"type": "array", "minItems": 1, "items": newItem(new(yaml.Node)).schema()}
		},
	}
}

// or is the grammar of a value that is either of the given kind, or something
// else.
func or(kind yaml.Kind, v, otherwise value) value {
	return value{
		read: func(n *yaml.Node) error {
			if n.Kind == kind {
				return v.read(n)
			}
			return otherwise.read(n)
		},
		schema: func() schema { return schema{"anyOf": []any{v.schema(), otherwise.schema()}} },
	}
}

// then calls set after v was read.
func (v value) then(set func() error) value {
	return value{
		read: func(n *yaml.Node) error {
			if err := v.read(n); err != nil {
				return err
			}
			if err := set(); err != nil {
				return at(n, err)
			}
			return nil
		},
		schema: v.schema,
	}
}
