package checkfile

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// resolve returns the value of a scalar by the core schema of YAML 1.2: nil, a
// bool, a float64 or a string (yaml.org/spec/1.2.2, 10.3.2). The YAML parser
// itself follows parts of YAML 1.1, in which 010 is eight and 1_000 a number.
func resolve(n *yaml.Node) any {
	const quoted = yaml.SingleQuotedStyle | yaml.DoubleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle
	if n.Style&quoted != 0 {
		return n.Value
	}
	switch n.Value {
	case "", "~", "null", "Null", "NULL":
		return nil
	case "true", "True", "TRUE":
		return true
	case "false", "False", "FALSE":
		return false
	}
	switch {
	case decimal.MatchString(n.Value):
		x, _ := strconv.ParseFloat(n.Value, 64) // out of range is infinite
		return x
	case basedInteger.MatchString(n.Value):
		x, err := strconv.ParseUint(n.Value, 0, 64)
		if err != nil {
			return math.Inf(1)
		}
		return float64(x)
	case infinite.MatchString(n.Value):
		if n.Value[0] == '-' {
			return math.Inf(-1)
		}
		return math.Inf(1)
	case slices.Contains([]string{".nan", ".NaN", ".NAN"}, n.Value):
		return math.NaN()
	}
	return n.Value
}

var (
	decimal      = regexp.MustCompile(`^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`)
	basedInteger = regexp.MustCompile(`^(0o[0-7]+|0x[0-9a-fA-F]+)$`)
	infinite     = regexp.MustCompile(`^[-+]?\.(inf|Inf|INF)$`)
)

// number returns the value of a scalar that is a number.
func number(n *yaml.Node) (x float64, ok bool) {
	if n.Kind != yaml.ScalarNode {
		return 0, false
	}
	x, ok = resolve(n).(float64)
	return x, ok
}

// plainText returns the value of a scalar that is neither a number, a boolean nor
// null.
func plainText(n *yaml.Node) (s string, ok bool) {
	if n.Kind != yaml.ScalarNode {
		return "", false
	}
	s, ok = resolve(n).(string)
	return s, ok
}

// text takes a scalar literally: a node 010 is "010", and a node no is "no".
func text(to *string, what string) value {
	return value{
		read: func(n *yaml.Node) error {
			if n.Kind != yaml.ScalarNode || n.Value == "" || resolve(n) == nil {
				return atf(n, "%s: want text", what)
			}
			*to = n.Value
			return nil
		},
		schema: func() schema { return schema{"type": []any{"string", "number", "boolean"}, "minLength": 1} },
	}
}

// texts is a list of texts.
func texts(to *[]string, what string) value {
	return list(what, what+": the list is empty", func(*yaml.Node) value {
		*to = append(*to, "")
		return text(&(*to)[len(*to)-1], what)
	})
}

// oneOf is one of a few texts.
func oneOf(to *string, what string, choices ...string) value {
	return value{
		read: func(n *yaml.Node) error {
			if typed, ok := plainText(n); !ok || !slices.Contains(choices, typed) {
				return atf(n, "unknown %s %q: choose from %s", what, n.Value, strings.Join(choices, ", "))
			}
			*to = n.Value
			return nil
		},
		schema: func() schema {
			var list []any
			for _, c := range choices {
				list = append(list, c)
			}
			return schema{"enum": list}
		},
	}
}

// whole is an integer from least to most.
func whole[T int | int64](to *T, what string, least, most T) value {
	return value{
		read: func(n *yaml.Node) error {
			x, ok := number(n)
			if !ok || x != math.Trunc(x) || x < float64(least) || x > float64(most) {
				return atf(n, "%s %q: want an integer from %d to %d", what, n.Value, least, most)
			}
			*to = T(x)
			return nil
		},
		schema: func() schema { return schema{"type": "integer", "minimum": least, "maximum": most} },
	}
}

// keyCount is a number of keys.
func keyCount(to **int64, what string) value {
	*to = nil
	x := new(int64)
	return whole(x, what, 0, 1<<53).then(func() error { *to = x; return nil })
}

// maxRatio bounds ratios.
const maxRatio = 1e9

// ratio is a non-negative number such as 1.05.
func ratio(to **float64, what string) value {
	return value{
		read: func(n *yaml.Node) error {
			x, ok := number(n)
			if !ok || !(x >= 0 && x <= maxRatio) {
				return atf(n, "%s %q: want a number such as 1.05", what, n.Value)
			}
			*to = &x
			return nil
		},
		schema: func() schema { return schema{"type": "number", "minimum": 0, "maximum": maxRatio} },
	}
}

// positive is a number above 0.
func positive(to *float64, what string) value {
	return value{
		read: func(n *yaml.Node) error {
			x, ok := number(n)
			if !ok || !(x > 0 && x <= math.MaxFloat64) {
				return atf(n, "%s %q: want a number above 0", what, n.Value)
			}
			*to = x
			return nil
		},
		schema: func() schema { return schema{"type": "number", "exclusiveMinimum": 0, "maximum": math.MaxFloat64} },
	}
}

// percentage matches from 0% to 100%.
const percentage = `^(100(\.0+)?|[0-9]{1,2}(\.[0-9]+)?)%$`

var isPercentage = regexp.MustCompile(percentage)

// fraction is a fraction of all keys such as 12% or 0.12.
func fraction(to **float64, what string) value {
	return value{
		read: func(n *yaml.Node) error {
			x, ok := number(n)
			if typed, isText := plainText(n); isText && isPercentage.MatchString(typed) {
				percent, err := strconv.ParseFloat(strings.TrimSuffix(typed, "%"), 64)
				x, ok = percent/100, err == nil
			}
			if !ok || !(x >= 0 && x <= 1) {
				return atf(n, "%s %q: want a percentage such as 12%% or a number from 0 to 1", what, n.Value)
			}
			*to = &x
			return nil
		},
		schema: func() schema {
			return schema{"anyOf": []any{
				schema{"type": "number", "minimum": 0, "maximum": 1},
				schema{"type": "string", "pattern": percentage},
			}}
		},
	}
}

func boolean(to *bool, what string) value {
	return value{
		read: func(n *yaml.Node) error {
			if n.Kind == yaml.ScalarNode {
				if b, ok := resolve(n).(bool); ok {
					*to = b
					return nil
				}
			}
			return atf(n, "%s %q: want true or false", what, n.Value)
		},
		schema: func() schema { return schema{"type": "boolean"} },
	}
}

// matching is text that matches a pattern, or null for an empty text.
func matching(to *string, what, want string, pattern *regexp.Regexp) value {
	return value{
		read: func(n *yaml.Node) error {
			if n.Kind == yaml.ScalarNode {
				switch v := resolve(n).(type) {
				case nil:
					*to = ""
					return nil
				case string:
					if pattern.MatchString(v) {
						*to = v
						return nil
					}
				}
			}
			return atf(n, "%s %q: want %s", what, n.Value, want)
		},
		schema: func() schema { return schema{"type": []any{"string", "null"}, "pattern": pattern.String()} },
	}
}

// fitting is a text that fits a pattern.
func fitting(to *string, what, want string, pattern *regexp.Regexp) value {
	return value{
		read: func(n *yaml.Node) error {
			if n.Kind == yaml.ScalarNode {
				if v, ok := resolve(n).(string); ok && pattern.MatchString(v) {
					*to = v
					return nil
				}
			}
			return atf(n, "%s %q: want %s", what, n.Value, want)
		},
		schema: func() schema { return schema{"type": "string", "pattern": pattern.String()} },
	}
}
