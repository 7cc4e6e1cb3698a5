package checkfile

import (
	"errors"
	"math"

	"go.yaml.in/yaml/v3"
)

// The fields methods below are the only list of valid keys. A test compares them
// with schema.json.

func (f *File) fields() []field {
	return []field{
		{"nodes", f.Nodes.read},
		{"algorithm", text(&f.Algorithm, "algorithm")},
		{"hash", text(&f.Hash, "hash")},
		{"points", whole(&f.Points, "points", 1, math.MaxInt32)},
		{"unit", positive(&f.Unit, "unit")},
		{"table_bits", whole(&f.TableBits, "table_bits", 1, 24)},
		{"sample", whole(&f.Sample, "sample", 1, int64(1)<<40)},
		{"keys", text(&f.Keys, "keys")},
		{"checks", f.readChecks},
	}
}

func (f *File) read(n *yaml.Node) error {
	if err := fields(n, "a check file", f.fields()); err != nil {
		return err
	}
	switch {
	case len(f.Checks) == 0:
		return at(n, errors.New("no checks; a file without checks would always pass"))
	case f.Keys != "" && f.Sample > 0:
		return at(n, errors.New("keys and sample are mutually exclusive"))
	}
	return nil
}

// read parses the name of a file or a list of nodes.
func (s *Nodes) read(n *yaml.Node) error {
	if n.Kind == yaml.SequenceNode {
		return texts(&s.Inline, "a node")(n)
	}
	return text(&s.File, "nodes")(n)
}

func (f *File) readChecks(n *yaml.Node) error {
	named := map[string]int{}
	return items(n, "checks", func(item *yaml.Node) error {
		c := Check{Line: item.Line}
		if err := c.read(item); err != nil {
			return err
		}
		if line, duplicate := named[c.Name]; duplicate {
			return atf(item, "duplicate check name %q, first on line %d", c.Name, line)
		}
		named[c.Name] = c.Line
		f.Checks = append(f.Checks, c)
		return nil
	})
}

func (c *Check) fields() []field {
	return []field{
		{"name", text(&c.Name, "name")},
		{"pins", c.readPins},
		{"shares", func(n *yaml.Node) error { c.Shares = new(Shares); return c.Shares.read(n) }},
		{"movement", func(n *yaml.Node) error { c.Movement = new(Movement); return c.Movement.read(n) }},
		{"spread", func(n *yaml.Node) error { c.Spread = new(Spread); return c.Spread.read(n) }},
		{"min_nodes", func(n *yaml.Node) error {
			c.MinNodes = new(int)
			return whole(c.MinNodes, "min_nodes", 1, math.MaxInt32)(n)
		}},
	}
}

func (c *Check) read(n *yaml.Node) error {
	if err := fields(n, "a check", c.fields()); err != nil {
		return err
	}
	parts := 0
	for _, given := range []bool{c.Pins != nil, c.Shares != nil, c.Movement != nil, c.Spread != nil, c.MinNodes != nil} {
		if given {
			parts++
		}
	}
	switch {
	case c.Name == "":
		return at(n, errors.New("check without a name"))
	case parts != 1:
		return atf(n, "check %q has %d of pins, shares, movement, spread and min_nodes; want exactly one", c.Name, parts)
	}
	return nil
}

func (c *Check) readPins(n *yaml.Node) error {
	err := pairs(n, "pins", func(key, value *yaml.Node) error {
		if value.Kind != yaml.ScalarNode {
			return atf(value, "pin of %q: want a node ID, or no value for --update to record", key.Value)
		}
		pin := Pin{Key: key.Value, Node: value.Value, Line: key.Line, at: span{key, value}}
		if value.ShortTag() == "!!null" {
			pin.Node = ""
		}
		c.Pins = append(c.Pins, pin)
		return nil
	})
	if err == nil && c.Pins == nil {
		err = at(n, errors.New("no pins; a check without pins would always pass"))
	}
	return err
}

func (s *Shares) fields() []field {
	return []field{
		{"min", ratio(&s.Min, "min")},
		{"max", ratio(&s.Max, "max")},
		{"nodes", func(n *yaml.Node) error {
			return pairs(n, "nodes", func(key, value *yaml.Node) error {
				share := Share{Node: key.Value, Line: key.Line}
				s.Nodes = append(s.Nodes, share)
				return s.Nodes[len(s.Nodes)-1].read(value)
			})
		}},
	}
}

func (s *Shares) read(n *yaml.Node) error {
	if err := fields(n, "shares", s.fields()); err != nil {
		return err
	}
	if s.Min == nil && s.Max == nil && s.Nodes == nil {
		return at(n, errors.New("shares: want min, max or nodes"))
	}
	return nil
}

func (s *Share) fields() []field {
	return []field{
		{"min", fraction(&s.Min, "min")},
		{"max", fraction(&s.Max, "max")},
	}
}

func (s *Share) read(n *yaml.Node) error {
	if err := fields(n, "the share of a node", s.fields()); err != nil {
		return err
	}
	if s.Min == nil && s.Max == nil {
		return atf(n, "the share of node %q: want min or max", s.Node)
	}
	return nil
}

func (m *Movement) fields() []field {
	return []field{
		{"before", text(&m.Before, "before")},
		{"rounds", m.readRounds},
		{"max_moved", fraction(&m.MaxMoved, "max_moved")},
		{"max_excess", fraction(&m.MaxExcess, "max_excess")},
		{"max_total", fraction(&m.MaxTotal, "max_total")},
		{"no_survivor_moves", boolean(&m.NoSurvivorMoves, "no_survivor_moves")},
	}
}

func (m *Movement) read(n *yaml.Node) error {
	if err := fields(n, "movement", m.fields()); err != nil {
		return err
	}
	switch {
	case m.Before == "" && len(m.Rounds) == 0:
		return at(n, errors.New("movement: want a change of nodes: before or rounds"))
	case m.MaxMoved == nil && m.MaxExcess == nil && m.MaxTotal == nil && !m.NoSurvivorMoves:
		return at(n, errors.New("movement: want a limit: max_moved, max_excess, max_total or no_survivor_moves"))
	}
	return nil
}

func (m *Movement) readRounds(n *yaml.Node) error {
	return items(n, "rounds", func(item *yaml.Node) error {
		r := Round{Line: item.Line}
		if err := fields(item, "a round", r.fields()); err != nil {
			return err
		}
		if len(r.Add)+len(r.Remove)+len(r.Reweight) == 0 {
			return at(item, errors.New("a round: want add, remove or reweight"))
		}
		m.Rounds = append(m.Rounds, r)
		return nil
	})
}

func (r *Round) fields() []field {
	return []field{
		{"add", texts(&r.Add, "add")},
		{"remove", texts(&r.Remove, "remove")},
		{"reweight", func(n *yaml.Node) error {
			return pairs(n, "reweight", func(key, value *yaml.Node) error {
				var weight string
				err := text(&weight, "reweight")(value)
				r.Reweight = append(r.Reweight, key.Value+"="+weight)
				return err
			})
		}},
	}
}

func (s *Spread) fields() []field {
	return []field{
		{"replicas", whole(&s.Replicas, "replicas", 1, 1000)},
		{"zones", whole(&s.Zones, "zones", 1, 1000)},
		{"policy", text(&s.Policy, "policy")},
		{"except", func(n *yaml.Node) error {
			var x *float64
			err := fraction(&x, "except")(n)
			if err == nil {
				s.Except = *x
			}
			return err
		}},
	}
}

func (s *Spread) read(n *yaml.Node) error {
	if err := fields(n, "spread", s.fields()); err != nil {
		return err
	}
	if s.Zones == 0 || s.Zones > s.Replicas {
		return atf(n, "spread: want replicas and zones, with no more zones than replicas")
	}
	return nil
}
