package checkfile

import (
	"math"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Readers of single values. They take a scalar literally: a node 010 is "010",
// and a node no is "no".

func text(to *string, what string) reader {
	return func(n *yaml.Node) error {
		if n.Kind != yaml.ScalarNode || n.Value == "" {
			return atf(n, "%s: want text", what)
		}
		*to = n.Value
		return nil
	}
}

func texts(to *[]string, what string) reader {
	return func(n *yaml.Node) error {
		*to = []string{}
		return items(n, what, func(item *yaml.Node) error {
			var s string
			err := text(&s, what)(item)
			*to = append(*to, s)
			return err
		})
	}
}

// whole parses an integer from least to most.
func whole[T int | int64](to *T, what string, least, most T) reader {
	return func(n *yaml.Node) error {
		x, err := strconv.ParseInt(strings.ReplaceAll(n.Value, "_", ""), 10, 64)
		if n.Kind != yaml.ScalarNode || err != nil || x < int64(least) || x > int64(most) {
			return atf(n, "%s %q: want an integer from %d to %d", what, n.Value, least, most)
		}
		*to = T(x)
		return nil
	}
}

// ratio parses a non-negative number such as 1.05.
func ratio(to **float64, what string) reader {
	return func(n *yaml.Node) error {
		x, err := strconv.ParseFloat(n.Value, 64)
		if n.Kind != yaml.ScalarNode || err != nil || !(x >= 0 && x <= math.MaxFloat64) {
			return atf(n, "%s %q: want a number such as 1.05", what, n.Value)
		}
		*to = &x
		return nil
	}
}

// positive parses a number above 0.
func positive(to *float64, what string) reader {
	return func(n *yaml.Node) error {
		x, err := strconv.ParseFloat(n.Value, 64)
		if n.Kind != yaml.ScalarNode || err != nil || !(x > 0 && x <= math.MaxFloat64) {
			return atf(n, "%s %q: want a number above 0", what, n.Value)
		}
		*to = x
		return nil
	}
}

// fraction parses a fraction of all keys such as 12% or 0.12.
func fraction(to **float64, what string) reader {
	return func(n *yaml.Node) error {
		digits, isPercent := strings.CutSuffix(n.Value, "%")
		x, err := strconv.ParseFloat(digits, 64)
		if isPercent {
			x /= 100
		}
		if n.Kind != yaml.ScalarNode || err != nil || !(x >= 0 && x <= 1) {
			return atf(n, "%s %q: want a percentage such as 12%% or a number from 0 to 1", what, n.Value)
		}
		*to = &x
		return nil
	}
}

func boolean(to *bool, what string) reader {
	return func(n *yaml.Node) error {
		if n.Kind != yaml.ScalarNode || n.Value != "true" && n.Value != "false" {
			return atf(n, "%s %q: want true or false", what, n.Value)
		}
		*to = n.Value == "true"
		return nil
	}
}
