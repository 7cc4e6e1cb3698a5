package place

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/ring/rules"
)

// zoneLevel is the name of the level whose domains are the zones of the nodes.
const zoneLevel = "zone"

// levelFlags are the flags that name levels of failure domains, and limit the replicas
// of a key in them.
type levelFlags struct {
	names   []string
	maxPer  []string
	nearest string
	degrade bool
	rule    *rules.Rule // nil if there is none
}

// BindLevels declares --levels alone, for a command that measures domains.
func (o *Flags) BindLevels(c *cobra.Command) {
	term.AddGroup(c, "Failure domains", func(fs *pflag.FlagSet) {
		fs.StringSliceVar(&o.levels.names, "levels", nil, "`names` of the levels of domains, widest first, such as region,zone,rack")
	})
}

// BindRule declares the flags of a rule on a command.
func (o *Flags) BindRule(c *cobra.Command) {
	o.BindLevels(c)
	term.AddGroup(c, "Failure domains", func(fs *pflag.FlagSet) {
		fs.StringSliceVar(&o.levels.maxPer, "max-per", nil, "at most so many nodes of a key in one domain, as `LEVEL=N`, such as zone=1")
		fs.StringVar(&o.levels.nearest, "nearest", "", "so many nodes of a key in the domain of the first, the others elsewhere, as `LEVEL=N`")
		fs.BoolVar(&o.levels.degrade, "degrade", false, "break the rule for keys whose nodes cannot meet it, and warn")
	})
}

// ParseRule validates the flags of BindRule, for keys of n nodes. Call it after Parse.
func (o *Flags) ParseRule(n int) error {
	l := &o.levels
	rule := rules.Rule{Replicas: n}
	for _, typed := range l.maxPer {
		level, most, err := levelNumber("--max-per", typed)
		if err != nil {
			return err
		}
		rule.Limits = append(rule.Limits, rules.Limit{Level: level, Most: most})
	}
	if l.nearest != "" {
		var err error
		if rule.HomeLevel, rule.Home, err = levelNumber("--nearest", l.nearest); err != nil {
			return err
		}
	}
	ruled := len(l.maxPer) > 0 || l.nearest != ""
	switch {
	case ruled && len(l.names) == 0:
		return term.Hint(term.Usagef("--max-per and --nearest require --levels"), "name the levels of domains, such as --levels region,zone,rack")
	case l.degrade && !ruled:
		return term.Hint(term.Usagef("--degrade requires --max-per or --nearest"), "there is no rule to break")
	}
	if err := rule.Check(l.names); err != nil {
		return term.Hint(term.AsUsage(err), "--levels names the levels; proxenos help rules describes the rules")
	}
	if ruled {
		l.rule = &rule
	}
	return nil
}

// levelNumber parses LEVEL=N.
func levelNumber(flag, typed string) (level string, n int, err error) {
	level, number, ok := strings.Cut(typed, "=")
	if n, err = strconv.Atoi(number); !ok || err != nil {
		return "", 0, term.Hint(term.Usagef("%s %q: want LEVEL=N", flag, typed), "such as %s zone=1", flag)
	}
	return level, n, nil
}

// SetLevels is --levels of a check file.
func (o *Flags) SetLevels(names []string) error {
	o.levels.names = names
	return rules.Rule{Replicas: 1}.Check(names)
}

// Zoned returns the nodes with the zones that their domains have, as Build does.
func (o *Flags) Zoned(nodes []mapper.Node) ([]mapper.Node, error) { return o.levels.zoned(nodes) }

// HasRule reports whether a rule limits the replicas of a key.
func (o *Flags) HasRule() bool { return o.levels.rule != nil }

// LevelNames returns the names of the levels of domains, widest first.
func (o *Flags) LevelNames() []string { return o.levels.names }

// errDomain returns the error for a node that lacks a name for a level.
func (l *levelFlags) errDomain(n mapper.Node) error {
	err := fmt.Errorf("node %q: domain %q is not %s: %w", n.ID(), n.Domain, strings.Join(l.names, "/"), rules.ErrDomain)
	return term.Hint(err, "a node in a list has its domain as in domain=eu/eu-1/r07")
}

// zoned returns the nodes with the zones that their domains have. Nodes that are not
// drained must have a name for every level.
func (l *levelFlags) zoned(nodes []mapper.Node) ([]mapper.Node, error) {
	if len(l.names) == 0 {
		return nodes, nil
	}
	level := slices.Index(l.names, zoneLevel)
	nodes = slices.Clone(nodes)
	paths := map[string]string{} // by zone
	for i, n := range nodes {
		if n.Domain == "" && len(l.names) == 1 && level == 0 {
			n.Domain = n.Zone // the zones of nodes without domains are domains of one level
			nodes[i].Domain = n.Zone
		}
		names := strings.Split(n.Domain, "/")
		switch whole := n.Domain != "" && len(names) == len(l.names); {
		case !whole && n.Capacity() != 0:
			return nil, l.errDomain(n)
		case !whole || level < 0:
			continue
		}
		zone, path := names[level], strings.Join(names[:level+1], "/")
		switch other, known := paths[zone]; {
		case n.Zone != "" && n.Zone != zone:
			return nil, fmt.Errorf("node %q has the zone %q, and the domain %q, in which the zone is %q", n.ID(), n.Zone, n.Domain, zone)
		case known && other != path:
			err := fmt.Errorf("zone %q is in the domains %q and %q: zones need names of their own", zone, other, path)
			return nil, term.Hint(err, "another name in --levels, such as az, names domains that are no zones")
		}
		nodes[i].Zone, paths[zone] = zone, path
	}
	return nodes, nil
}

// setLevels sets the rule of a placement.
func (l *levelFlags) setLevels(p *Placement) (err error) {
	if l.rule == nil {
		return nil
	}
	p.Levels, err = rules.NewLevels(p.Ranking, rules.LevelsConfig[int]{
		ID:     func(i int) string { return p.Nodes[i].ID() },
		Domain: func(i int) string { return p.Nodes[i].Domain },
		Names:  l.names, Rule: *l.rule, Degrade: l.degrade,
	})
	if errors.Is(err, rules.ErrUnmet) || errors.Is(err, rules.ErrReplicas) {
		return term.Hint(term.WithCode(term.ErrNoNodes, err), "--degrade breaks the rule where it must, and warns")
	}
	return err
}
