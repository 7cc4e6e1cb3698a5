package checkfile

import (
	"fmt"
	"math"
	"regexp"
	"slices"

	"go.yaml.in/yaml/v3"
)

// The grammar below is the only list of valid keys and values: the parser and
// the JSON Schema both follow it. What JSON Schema cannot express, such as that
// names are unique, is in the function validate.

// Limits of values.
const (
	maxSample     = int64(1) << 40
	maxTableBits  = 24
	maxPartitions = 1 << 24
	maxTenants    = 10000

	defaultTenants = 1000
	maxReplicas    = 1000
)

// read parses the document.
func (f *File) read(root *yaml.Node) error {
	if err := f.grammar().read(root); err != nil {
		return err
	}
	return f.validate()
}

func (f *File) grammar() value {
	return mapping("a check file", append(append(
		[]field{{"nodes", "A file of nodes in or below the root directory, by default that of this file, or a list of nodes in the form of -n. --live overrides it.", f.Nodes.grammar()}},
		f.Settings.fields(f.format)...),
		field{"levels", "The names of the levels in the domains of the nodes, widest first. The domains of the level zone are the zones of the nodes.", texts(&f.Levels, "levels")},
		field{"sample", "The number of sample keys to measure; 1000000 by default.", whole(&f.Sample, "sample", 1, maxSample)},
		field{"keys", "A file of keys to measure instead of a sample, one per line.", text(&f.Keys, "keys")},
		field{"key_weights", "Each line of the file of keys ends in a tab and the weight of the key, an integer. Figures then count weights instead of keys.", boolean(&f.KeyWeights, "key_weights")},
		field{"checks", "The checks.", list("checks", noChecks, f.newCheck)},
	),
		need(noChecks, "checks"),
		exclude("keys", "sample"),
		depend("key_weights", "keys"),
	)
}

const noChecks = "no checks; a file without checks would always pass"

// validate rejects what the grammar cannot: repeated names of checks, and more
// zones than replicas.
func (f *File) validate() error {
	named := map[string]int{}
	for _, c := range f.Checks {
		here := &yaml.Node{Line: c.Line, Column: c.column}
		if line, duplicate := named[c.Name]; duplicate {
			return atf(here, "duplicate check name %q, first on line %d", c.Name, line)
		}
		named[c.Name] = c.Line
		if c.Spread != nil && c.Spread.Zones > c.Spread.Replicas {
			return atf(here, "spread: want no more zones than replicas")
		}
	}
	return nil
}

// grammar is the name of a file or a list of nodes.
func (s *Nodes) grammar() value {
	return or(yaml.SequenceNode, texts(&s.Inline, "a node"), text(&s.File, "nodes"))
}

func (s *Settings) fields(format *Format) []field {
	return []field{
		{"algorithm", "The value of --algorithm; rendezvous by default.", oneOf(&s.Algorithm, "algorithm", format.Algorithms...)},
		{"hash", "The value of --hash-method; siphash by default.", oneOf(&s.Hash, "hash", format.Hashes...)},
		{"key_hash", "The value of --key-hash.", text(&s.KeyHash, "key_hash")},
		{"hash_by", "The value of --hash-by.", oneOf(&s.HashBy, "hash_by", "id", "address", "position")},
		{"hash_tag", "The value of --hash-tag: two characters around the part of a key that is hashed, or none.", fitting(&s.HashTag, "hash_tag", "two ASCII characters in quotes, such as '{}', or none", hashTag)},
		{"points", "The value of --points.", whole(&s.Points, "points", 1, math.MaxInt32)},
		{"unit", "The value of --unit; 1 by default.", positive(&s.Unit, "unit")},
		{"table_bits", "The value of --table-bits.", whole(&s.TableBits, "table_bits", 1, maxTableBits)},
		{"partitions", "The value of --partitions; 256 by default.", whole(&s.Partitions, "partitions", 1, maxPartitions)},
		{"bound", "The value of --bound: the limit of the partitions of a node relative to its share, such as 1.1.", positive(&s.Bound, "bound")},
		{"layout_file", "The file with the settings of the algorithm custom, as of --layout-file.", text(&s.LayoutFile, "layout_file")},
		{"slots", "The file with the slots of redis-cluster, as of --slots. Without nodes, those that own slots are the nodes.", text(&s.Slots, "slots")},
	}
}

var hashTag = regexp.MustCompile(`^([!-~]{2}|none)$`)

func (f *File) newCheck(item *yaml.Node) value {
	f.Checks = append(f.Checks, Check{Line: item.Line, column: item.Column})
	return f.Checks[len(f.Checks)-1].grammar(f.format, item)
}

// grammar is the grammar of the check in item.
func (c *Check) grammar(format *Format, item *yaml.Node) value {
	kinds := []field{
		{"pins", "Keys and the IDs of the nodes that must own them: an ID, or a list of the IDs of the first replicas in order. --update records the present owners; a key without an ID is not recorded yet.", c.pins()},
		{"checksum", "The checksum of the placement, as proxenos balance -o json prints it. --update records it.", c.checksum(item)},
		{"shares", "Bounds of the load of nodes and zones.", c.shares()},
		{"movement", "Bounds of the keys that move when the nodes or the algorithm change.", c.movement(format)},
		{"load_after_loss", "A bound of the load of every node after the loss of any one node or zone.", c.loadAfterLoss()},
		{"spread", "The number of zones of the replicas of a key.", c.spread()},
		{"nodes", "Bounds of the number of nodes that are not drained.", c.count()},
		{"shards", "Bounds of the nodes that shards of tenants share.", c.shards()},
		{"domains", "A rule for the failure domains of replicas, in levels.", c.domains()},
	}
	wrong := func(have int) error {
		return fmt.Errorf("check %q has %d of pins, checksum, shares, movement, load_after_loss, spread, nodes, shards and domains; want exactly one", c.Name, have)
	}
	severity := new(string)
	return mapping("a check", append([]field{
		{"name", "The name of the check in results; unique in the file.", text(&c.Name, "name")},
		{"severity", "What a failure is: an error by default, or a warning, which does not fail the command.",
			oneOf(severity, "severity", "error", "warn").then(func() error { c.Warn = *severity == "warn"; return nil })},
	}, kinds...),
		need("check without a name", "name"),
		exactlyOne(wrong, names(kinds)...),
	)
}

func (c *Check) pins() value {
	return entries("pins", "no pins; a check without pins would always pass", func(key *yaml.Node) value {
		c.Pins = append(c.Pins, Pin{Key: key.Value, Line: key.Line, at: span{key: key}})
		return c.Pins[len(c.Pins)-1].grammar()
	})
}

// grammar is an ID, a list of IDs, or no ID.
func (p *Pin) grammar() value {
	one := value{
		read: func(n *yaml.Node) error {
			if n.Kind != yaml.ScalarNode {
				return atf(n, "pin of %q: want a node ID, a list of IDs, or no value for --update to record", p.Key)
			}
			if resolve(n) != nil && n.Value != "" {
				p.Nodes = []string{n.Value}
			}
			return nil
		},
		schema: func() schema { return schema{"type": []any{"string", "number", "boolean", "null"}} },
	}
	v := or(yaml.SequenceNode, texts(&p.Nodes, "a node of a pin"), one)
	return value{read: func(n *yaml.Node) error { p.at.value = n; return v.read(n) }, schema: v.schema}
}

var sixteenDigits = regexp.MustCompile(`^[0-9a-f]{16}$`)

func (c *Check) checksum(item *yaml.Node) value {
	sum := new(Checksum)
	v := matching(&sum.Text, "checksum", "16 hexadecimal digits in lower case, in quotes if all are decimal", sixteenDigits)
	return value{
		read: func(n *yaml.Node) error {
			c.Checksum, sum.Line, sum.at = sum, n.Line, span{keyOf(item, n), n}
			return v.read(n)
		},
		schema: v.schema,
	}
}

// keyOf returns the key of a value in a mapping.
func keyOf(mapping, value *yaml.Node) *yaml.Node {
	return mapping.Content[slices.Index(mapping.Content, value)-1]
}

func (c *Check) shares() value {
	s := new(Shares)
	return mapping("shares", []field{
		{"min", "The minimum load of any node relative to the load that its weight calls for, such as 0.95.", ratio(&s.Min, "min")},
		{"max", "The maximum load of any node relative to the load that its weight calls for, such as 1.05.", ratio(&s.Max, "max")},
		{"max_keys", "The maximum number of keys of any node.", keyCount(&s.MaxKeys, "max_keys")},
		{"zones", "Bounds of what a zone holds, by zone.", shareList(&s.Zones, "zone")},
		{"nodes", "Bounds of what a node holds, by node ID.", shareList(&s.Nodes, "node")},
	}, need("shares: want min, max, max_keys, zones or nodes", "min", "max", "max_keys", "zones", "nodes")).
		then(func() error { c.Shares = s; return nil })
}

func shareList(to *[]Share, what string) value {
	return entries(what+"s", what+"s: want a "+what, func(key *yaml.Node) value {
		*to = append(*to, Share{Name: key.Value, Line: key.Line})
		return (*to)[len(*to)-1].grammar(what)
	})
}

func (s *Share) grammar(what string) value {
	return mapping("the share of a "+what, []field{
		{"min", "The minimum fraction of all keys, such as 12% or 0.12.", fraction(&s.Min, "min")},
		{"max", "The maximum fraction of all keys, such as 12% or 0.12.", fraction(&s.Max, "max")},
		{"min_keys", "The minimum number of keys.", keyCount(&s.MinKeys, "min_keys")},
		{"max_keys", "The maximum number of keys.", keyCount(&s.MaxKeys, "max_keys")},
	}, need(fmt.Sprintf("the share of %s %q: want min, max, min_keys or max_keys", what, s.Name), "min", "max", "min_keys", "max_keys"))
}

func (c *Check) movement(format *Format) value {
	m := new(Movement)
	each := new(string)
	rounds := or(yaml.SequenceNode,
		list("rounds", "rounds: the list is empty", func(item *yaml.Node) value {
			m.Rounds = append(m.Rounds, Round{Line: item.Line})
			return m.Rounds[len(m.Rounds)-1].grammar()
		}),
		oneOf(each, "rounds", "each_removal").then(func() error { m.EachRemoval = true; return nil }))
	return mapping("movement", []field{
		{"before", "The nodes before the change: a file, or a mapping of nodes and settings. A setting that it lacks is that of the check file, unless it has an algorithm.", m.before(format)},
		{"replicas", "The number of nodes that hold a key; 1 by default.", whole(&m.Replicas, "replicas", 1, maxReplicas)},
		{"policy", "The rule that chooses replicas by zone; any by default.", policy(&m.Policy)},
		{"rounds", "Consecutive changes of the nodes, or each_removal: every node is removed alone.", rounds},
		{"max_moved", "The maximum fraction of keys whose first node changes in any round.", fraction(&m.MaxMoved, "max_moved")},
		{"max_copied", "The maximum fraction of replicas that must be copied in any round: those on a node that did not hold the key before.", fraction(&m.MaxCopied, "max_copied")},
		{"max_excess", "The maximum fraction of keys that moves beyond the ideal in any round.", fraction(&m.MaxExcess, "max_excess")},
		{"max_total", "The maximum fraction of keys that moves in all rounds together.", fraction(&m.MaxTotal, "max_total")},
		{"no_survivor_moves", "Forbids moves between nodes that a round does not change.", boolean(&m.NoSurvivorMoves, "no_survivor_moves")},
	},
		need("movement: want a change of nodes: before or rounds", "before", "rounds"),
		need("movement: want a limit: max_moved, max_copied, max_excess, max_total or no_survivor_moves",
			"max_moved", "max_copied", "max_excess", "max_total", "no_survivor_moves"),
	).then(func() error { c.Movement = m; return nil })
}

func policy(to *string) value { return oneOf(to, "policy", "any", "spread", "strict") }

// before is a file of nodes, or a mapping of nodes and settings.
func (m *Movement) before(format *Format) value {
	side := new(Side)
	v := or(yaml.MappingNode,
		mapping("before", append([]field{
			{"nodes", "A file or a list of nodes; those of the check file by default.", side.Nodes.grammar()},
		}, side.Settings.fields(format)...),
			need("before: want nodes, algorithm, hash, key_hash, hash_by, hash_tag, points, unit, table_bits, partitions, bound, layout_file or slots",
				"nodes", "algorithm", "hash", "key_hash", "hash_by", "hash_tag", "points", "unit", "table_bits", "partitions", "bound", "layout_file", "slots")),
		text(&side.Nodes.File, "before"))
	return value{
		read: func(n *yaml.Node) error {
			m.Before, side.Line = side, n.Line
			return v.read(n)
		},
		schema: v.schema,
	}
}

func (r *Round) grammar() value {
	return mapping("a round", []field{
		{"add", "Nodes in the form of -n.", texts(&r.Add, "add")},
		{"remove", "Node IDs.", texts(&r.Remove, "remove")},
		{"remove_zone", "A zone, all nodes of which are removed, or a list of zones.", oneOrMore(&r.RemoveZone, "remove_zone")},
		{"reweight", "Node IDs and their new weights; 0 drains.", entries("reweight", "reweight: want a node", func(key *yaml.Node) value {
			weight := new(string)
			return text(weight, "reweight").then(func() error {
				r.Reweight = append(r.Reweight, key.Value+"="+*weight)
				return nil
			})
		})},
	}, need("a round: want add, remove, remove_zone or reweight", "add", "remove", "remove_zone", "reweight"))
}

// oneOrMore is a text or a list of texts.
func oneOrMore(to *[]string, what string) value {
	one := new(string)
	return or(yaml.SequenceNode, texts(to, what), text(one, what).then(func() error { *to = []string{*one}; return nil }))
}

func (c *Check) loadAfterLoss() value {
	l, most, of := new(Loss), new(*float64), new(string)
	return mapping("load_after_loss", []field{
		{"of", "What is lost: any_node or any_zone.", oneOf(of, "of", "any_node", "any_zone")},
		{"max", "The maximum load of any node after the loss relative to the load that its weight calls for before it, such as 1.6.", ratio(most, "max")},
	}, need("load_after_loss: want of: any_node or any_zone", "of"), need("load_after_loss: want max", "max")).
		then(func() error { l.Zone, l.Max, c.LoadAfterLoss = *of == "any_zone", **most, l; return nil })
}

func (c *Check) spread() value {
	s, except := new(Spread), new(*float64)
	return mapping("spread", []field{
		{"replicas", "The number of replicas of a key.", whole(&s.Replicas, "replicas", 1, maxReplicas)},
		{"zones", "The minimum number of zones of the replicas of a key.", whole(&s.Zones, "zones", 1, maxReplicas)},
		{"policy", "The rule that chooses replicas by zone; spread by default.", policy(&s.Policy)},
		{"except", "The fraction of keys that may be in fewer zones.", fraction(except, "except")},
	}, need("spread: want replicas", "replicas"), need("spread: want zones", "zones")).
		then(func() error {
			if c.Spread = s; *except != nil {
				s.Except = **except
			}
			return nil
		})
}

func (c *Check) shards() value {
	s := &Shards{Tenants: defaultTenants}
	return mapping("shards", []field{
		{"size", "The number of nodes of the shard of a tenant.", whole(&s.Size, "size", 1, maxReplicas)},
		{"tenants", "The number of sample tenants; 1000 by default.", whole(&s.Tenants, "tenants", 2, maxTenants)},
		{"max_poisoned", "The maximum fraction of tenants that share all their nodes with any one other tenant, such as 1% or 0.01.", fraction(&s.MaxPoisoned, "max_poisoned")},
		{"max_all_but_one", "The maximum fraction of pairs of tenants that share all nodes, or all but one.", fraction(&s.MaxAllButOne, "max_all_but_one")},
	}, need("shards: want size", "size"), need("shards: want max_poisoned or max_all_but_one", "max_poisoned", "max_all_but_one")).
		then(func() error { c.Shards = s; return nil })
}

func (c *Check) domains() value {
	d, except := new(Domains), new(*float64)
	return mapping("domains", []field{
		{"levels", "The names of the levels, widest first. A node has a name of each in its option domain, such as domain=eu/eu-1/r07.", texts(&d.Levels, "levels")},
		{"replicas", "The number of replicas of a key.", whole(&d.Replicas, "replicas", 1, maxReplicas)},
		{"most", "The maximum number of replicas of a key in one domain, by level.", entries("most", "most: want a level", func(key *yaml.Node) value {
			most := new(int)
			return whole(most, "most", 1, maxReplicas).then(func() error {
				d.Most = append(d.Most, DomainLimit{Level: key.Value, Most: *most})
				return nil
			})
		})},
		{"nearest", "The number of replicas of a key in the domain of the first one, by level; the others are elsewhere.", d.nearest()},
		{"except", "The fraction of keys whose replicas may break the rule.", fraction(except, "except")},
		{"max_loss", "The maximum fraction of keys whose first replica is in any one domain of any level.", fraction(&d.MaxLoss, "max_loss")},
		{"max_gone", "The maximum fraction of keys all of whose replicas are in any one domain of any level.", fraction(&d.MaxGone, "max_gone")},
	}, need("domains: want levels", "levels"), need("domains: want replicas", "replicas"), need("domains: want most, nearest, max_loss or max_gone", "most", "nearest", "max_loss", "max_gone")).
		then(func() error {
			if c.Domains = d; *except != nil {
				d.Except = **except
			}
			return nil
		})
}

func (d *Domains) nearest() value {
	n := new(DomainLimit)
	return mapping("nearest", []field{
		{"level", "The name of the level.", text(&n.Level, "level")},
		{"replicas", "The number of replicas in the domain of the first one.", whole(&n.Most, "replicas", 1, maxReplicas)},
	}, need("nearest: want level", "level"), need("nearest: want replicas", "replicas")).
		then(func() error { d.Nearest = n; return nil })
}

func (c *Check) count() value {
	n := new(Count)
	return mapping("nodes", []field{
		{"min", "The minimum number of nodes that are not drained.", whole(&n.Min, "min", 1, math.MaxInt32)},
		{"max", "The maximum number of nodes that are not drained.", whole(&n.Max, "max", 1, math.MaxInt32)},
		{"min_per_zone", "The minimum number of nodes of every zone that are not drained.", whole(&n.MinPerZone, "min_per_zone", 1, math.MaxInt32)},
	}, need("nodes: want min, max or min_per_zone", "min", "max", "min_per_zone")).
		then(func() error { c.Nodes = n; return nil })
}
