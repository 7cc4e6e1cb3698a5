package rules_test

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/vectors"
	"github.com/proxenos/proxenos/rendezvous"
	"github.com/proxenos/proxenos/ring"
	"github.com/proxenos/proxenos/ring/rules"
)

var levelNames = []string{"region", "zone", "rack"}

// places returns IDs that are paths: nodes in every rack of every zone of every region.
func places(regions, zones, racks, nodes int) (ids []string) {
	for r := range regions {
		for z := range zones {
			for k := range racks {
				for n := range nodes {
					ids = append(ids, fmt.Sprintf("r%d/z%d/k%d/n%d", r, z, k, n))
				}
			}
		}
	}
	return ids
}

// rackOf returns the domain of an ID, without the name of the node.
func rackOf(id string) string { return id[:strings.LastIndexByte(id, '/')] }

// domainOf returns the domain of an ID at a level, from 0.
func domainOf(id string, level int) string {
	return strings.Join(strings.Split(id, "/")[:level+1], "/")
}

func newLevels(ids []string, rule rules.Rule, degrade bool) (*rules.Levels[string], error) {
	set, err := rendezvous.Of(ids...)
	if err != nil {
		return nil, err
	}
	return rules.NewLevels(set, rules.LevelsConfig[string]{ID: self, Domain: rackOf, Names: levelNames, Rule: rule, Degrade: degrade})
}

var spreadRules = []rules.Rule{
	{Replicas: 3},
	{Replicas: 3, Limits: []rules.Limit{{Level: "zone", Most: 1}}},
	{Replicas: 5, Limits: []rules.Limit{{Level: "region", Most: 3}, {Level: "zone", Most: 2}, {Level: "rack", Most: 1}}},
	{Replicas: 3, HomeLevel: "region", Home: 2},
	{Replicas: 4, HomeLevel: "region", Home: 2, Limits: []rules.Limit{{Level: "zone", Most: 1}}},
}

// TestLevelsMeetTheirRule counts the replicas in every domain, and requires the best
// node first: a rule moves no first replica.
func TestLevelsMeetTheirRule(t *testing.T) {
	t.Parallel()
	ids := places(3, 3, 3, 2)
	set, err := rendezvous.Of(ids...)
	require.NoError(t, err)
	for _, rule := range spreadRules {
		l, err := newLevels(ids, rule, false)
		require.NoError(t, err, rule)
		for i := range 300 {
			key := strconv.Itoa(i)
			got, breaks := l.Select(nil, key)
			require.Empty(t, breaks)
			require.Len(t, got, rule.Replicas)
			best, _ := set.Select(key)
			require.Equal(t, best, got[0])
			require.Len(t, slices.Compact(slices.Sorted(slices.Values(got))), rule.Replicas, "no node twice")
			for _, limit := range rule.Limits {
				held := map[string]int{}
				for _, id := range got {
					held[domainOf(id, slices.Index(levelNames, limit.Level))]++
				}
				for domain, n := range held {
					require.LessOrEqual(t, n, limit.Most, "%s: %s: %v", limit, domain, got)
				}
			}
			if rule.HomeLevel == "" {
				continue
			}
			home := 0
			for _, id := range got {
				if domainOf(id, 0) == domainOf(got[0], 0) {
					home++
				}
			}
			require.Equal(t, rule.Home, home, got)
		}
	}
}

// TestLevelsArePinned compares replicas, and the number of limits that they break, with
// those of an implementation in another language. If it fails, keys have moved.
func TestLevelsArePinned(t *testing.T) {
	t.Parallel()
	met, broken := 0, 0
	vectors.Run(t, "levels/order-*.txt", func(t *testing.T, f *vectors.File) {
		var nodes []zoned
		for i, node := range f.Fields("node", 2) {
			weight, err := strconv.ParseFloat(node[1], 64)
			require.NoError(t, err)
			nodes = append(nodes, zoned{node[0], weight, i})
		}
		set, err := rendezvous.New(nodes, rendezvous.Config[zoned]{ID: zoned.ID, Weight: zoned.Weight})
		require.NoError(t, err)
		cfg := rules.LevelsConfig[zoned]{ID: zoned.ID, Domain: func(z zoned) string { return rackOf(z.id) }, Names: strings.Fields(f.Header("levels")), Degrade: true}
		cfg.Rule.Replicas, err = strconv.Atoi(f.Header("replicas"))
		require.NoError(t, err)
		for _, limit := range f.All("limit") {
			cfg.Rule.Limits = append(cfg.Rule.Limits, limitOf(t, limit))
		}
		if nearest, ok := f.Lookup("nearest"); ok {
			home := limitOf(t, nearest)
			cfg.Rule.HomeLevel, cfg.Rule.Home = home.Level, home.Most
		}
		l, err := rules.NewLevels(set, cfg)
		require.NoError(t, err)
		for _, row := range f.Rows {
			got, breaks := l.Select(nil, row.Text("key"))
			require.Equal(t, row.Ints("replicas"), indices(got), row)
			require.Len(t, breaks, row.Int("broken"), row)
			if len(breaks) == 0 {
				met++
			} else {
				broken++
			}
		}
	})
	require.Greater(t, met, 400)
	require.Greater(t, broken, 200)
}

// limitOf parses a level and a number of a header.
func limitOf(t *testing.T, text string) rules.Limit {
	t.Helper()
	level, number, _ := strings.Cut(text, " ")
	most, err := strconv.Atoi(number)
	require.NoError(t, err)
	return rules.Limit{Level: level, Most: most}
}

// TestJoinChangesOneReplica: without a home, a node that joins takes the place of one
// replica at most.
func TestJoinChangesOneReplica(t *testing.T) {
	t.Parallel()
	ids := places(2, 3, 2, 2)
	for _, rule := range spreadRules[:3] {
		before, err := newLevels(ids, rule, false)
		require.NoError(t, err)
		for _, joined := range []string{"r0/z0/k0/new", "r0/z0/k9/new", "r9/z0/k0/new"} {
			after, err := newLevels(append(slices.Clone(ids), joined), rule, false)
			require.NoError(t, err)
			changed := 0
			for i := range 300 {
				old, _ := before.Select(nil, strconv.Itoa(i))
				now, _ := after.Select(nil, strconv.Itoa(i))
				if gone := without(old, now); len(gone) > 0 {
					changed++
					require.Len(t, gone, 1, "%v became %v", old, now)
					require.Equal(t, []string{joined}, without(now, old))
				}
			}
			require.Positive(t, changed)
		}
	}
}

// TestDegradedAnswersSayWhichRuleBroke: the widest limit gives way first, the others
// hold, and an answer is whole.
func TestDegradedAnswersSayWhichRuleBroke(t *testing.T) {
	t.Parallel()
	rule := rules.Rule{Replicas: 3, Limits: []rules.Limit{{Level: "region", Most: 1}, {Level: "rack", Most: 1}}}
	l, err := newLevels(places(2, 1, 2, 2), rule, true)
	require.NoError(t, err)
	for i := range 100 {
		got, breaks := l.Select(nil, strconv.Itoa(i))
		require.Len(t, got, 3)
		require.Len(t, breaks, 1)
		require.Equal(t, rules.Limit{Level: "region", Most: 1}, breaks[0].Limit)
		require.Equal(t, 2, breaks[0].Have)
		require.Equal(t, fmt.Sprintf("region %q has 2 replicas: the rule allows 1", breaks[0].Domain), breaks[0].String())
		racks := map[string]bool{}
		for _, id := range got {
			racks[rackOf(id)] = true
		}
		require.Len(t, racks, 3, "the limit of racks holds")
	}

	home := rules.Rule{Replicas: 3, HomeLevel: "region", Home: 1}
	l, err = newLevels(places(1, 1, 1, 3), home, true)
	require.NoError(t, err)
	got, breaks := l.Select(nil, "user:42")
	require.Len(t, got, 3)
	require.Equal(t, []rules.Break{{Limit: rules.Limit{Level: "region", Most: 1}, Domain: "r0", Have: 3}}, breaks)

	home.Home = 3
	l, err = newLevels(places(3, 1, 1, 1), home, true)
	require.NoError(t, err)
	_, breaks = l.Select(nil, "user:42")
	require.Equal(t, []rules.Break{{Limit: rules.Limit{Level: "region", Most: 0}, Have: 2}}, breaks)
	require.Equal(t, "2 replicas in a region other than that of the first: the rule has 0", breaks[0].String())

	l, err = newLevels(places(1, 1, 1, 2), rules.Rule{Replicas: 3}, true)
	require.NoError(t, err)
	got, breaks = l.Select(nil, "user:42")
	require.Len(t, got, 2, "fewer nodes than replicas")
	require.Empty(t, breaks)
}

func TestLevelsRefuse(t *testing.T) {
	t.Parallel()
	ids := places(2, 2, 1, 1)
	for _, c := range []struct {
		rule rules.Rule
		want error
		text string
	}{
		{rules.Rule{}, rules.ErrReplicas, "0 replicas: the number of replicas must be from 1 to the number of nodes"},
		{rules.Rule{Replicas: 5}, rules.ErrReplicas, "5 replicas on 4 nodes: the number of replicas must be from 1 to the number of nodes"},
		{rules.Rule{Replicas: 3, Limits: []rules.Limit{{Level: "region", Most: 1}}}, rules.ErrUnmet, `rule "at most 1 per region": the region domains "r0", "r1" have room for 2 of 3 replicas: the rule cannot be met`},
		{rules.Rule{Replicas: 3, Limits: []rules.Limit{{Level: "row", Most: 1}}}, rules.ErrLevel, `rule "at most 1 per row": "row" is none of region, zone, rack: not a level`},
		{rules.Rule{Replicas: 3, Limits: []rules.Limit{{Level: "zone", Most: 0}}}, rules.ErrRule, `invalid rule "at most 0 per zone": must be at least 1`},
		{rules.Rule{Replicas: 3, Limits: []rules.Limit{{Level: "zone", Most: 1}, {Level: "zone", Most: 2}}}, rules.ErrRule, `invalid rule "at most 2 per zone": the second limit of that level`},
		{rules.Rule{Replicas: 3, HomeLevel: "row", Home: 1}, rules.ErrLevel, `rule "1 in the nearest row, 2 elsewhere": "row" is none of region, zone, rack: not a level`},
		{rules.Rule{Replicas: 3, HomeLevel: "region", Home: 4}, rules.ErrRule, `invalid rule "4 in the nearest region, -1 elsewhere": the first number must be from 1 to 3`},
		{rules.Rule{Replicas: 3, HomeLevel: "region", Home: 3}, rules.ErrUnmet, `rule "3 in the nearest region, 0 elsewhere": region "r0" has room for 2, and the others for 2: the rule cannot be met`},
		{rules.Rule{Replicas: 2, HomeLevel: "zone", Home: 1, Limits: []rules.Limit{{Level: "region", Most: 1}}}, rules.ErrRule, `invalid rule "at most 1 per region": it limits a level wider than zone, of which there is a nearest one`},
	} {
		_, err := newLevels(ids, c.rule, false)
		require.ErrorIs(t, err, c.want)
		assert.EqualError(t, err, c.text)
	}
	set, err := rendezvous.Of("a", "b")
	require.NoError(t, err)
	cfg := rules.LevelsConfig[string]{ID: self, Names: levelNames, Rule: rules.Rule{Replicas: 1}}
	_, err = rules.NewLevels(set, cfg)
	require.ErrorIs(t, err, rules.ErrDomain)
	for _, path := range []string{"", "eu", "eu//k", "eu/1/k/h"} {
		cfg.Domain = func(string) string { return path }
		_, err = rules.NewLevels(set, cfg)
		require.ErrorIs(t, err, rules.ErrDomain)
		assert.EqualError(t, err, fmt.Sprintf("node %q: domain %q is not region/zone/rack: the domain must have a name for every level", "a", path))
	}
	cfg.Names = []string{"zone", "zone"}
	_, err = rules.NewLevels(set, cfg)
	require.ErrorIs(t, err, rules.ErrLevel)
	_, err = rules.NewLevels[string](nil, cfg)
	require.ErrorIs(t, err, rules.ErrNoRanking)
	cfg.ID, cfg.Names = nil, levelNames
	_, err = rules.NewLevels(set, cfg)
	require.ErrorIs(t, err, rules.ErrNoID)
}

// TestBreaksAgreeWithSelect: the breaks of an answer are those that Select reports, and
// the first node of a list is the first replica.
func TestBreaksAgreeWithSelect(t *testing.T) {
	t.Parallel()
	rule := rules.Rule{Replicas: 4, HomeLevel: "region", Home: 2, Limits: []rules.Limit{{Level: "zone", Most: 1}}}
	l, err := newLevels(append(places(1, 3, 1, 2), "r1/z0/k0/n0"), rule, true)
	require.NoError(t, err)
	broken := 0
	for i := range 100 {
		got, breaks := l.Select(nil, strconv.Itoa(i))
		require.Equal(t, breaks, l.Breaks(got))
		broken += len(breaks)
	}
	require.Positive(t, broken)
	require.Empty(t, l.Breaks(nil))
	require.Empty(t, l.Breaks([]string{"r0/z0/k0/n0", "elsewhere"}))
	require.Equal(t, []rules.Break{{Limit: rules.Limit{Level: "region", Most: 2}, Have: 3}},
		l.Breaks([]string{"r1/z0/k0/n0", "r0/z0/k0/n0", "r0/z1/k0/n0", "r0/z2/k0/n0"}))
}

// TestDomainsHaveTheWeightOfTheirNodes: a rule does not change the share of first
// replicas, so a domain has that of its nodes together.
func TestDomainsHaveTheWeightOfTheirNodes(t *testing.T) {
	t.Parallel()
	ids := places(3, 1, 1, 4)
	weight := func(id string) float64 { return float64(1 + strings.Count(id, "r2")*3) } // region 2 has 4/6
	set, err := rendezvous.New(ids, rendezvous.Config[string]{ID: self, Weight: weight})
	require.NoError(t, err)
	l, err := rules.NewLevels(set, rules.LevelsConfig[string]{ID: self, Domain: rackOf, Names: levelNames,
		Rule: rules.Rule{Replicas: 2, Limits: []rules.Limit{{Level: "region", Most: 1}}}})
	require.NoError(t, err)
	count := map[string]int{}
	for i := range 6000 {
		got, _ := l.Select(nil, strconv.Itoa(i))
		count[domainOf(got[0], 0)]++
	}
	require.InDelta(t, 4000, count["r2"], 150)
	require.InDelta(t, 1000, count["r0"], 120)
}

func TestLevelsDoNotAllocate(t *testing.T) {
	l, err := newLevels(places(3, 3, 3, 2), spreadRules[2], false)
	require.NoError(t, err)
	buf := make([]string, 0, 5)
	assert.Zero(t, testing.AllocsPerRun(200, func() {
		if got, breaks := l.Select(buf, "user:42"); len(got) != 5 || breaks != nil {
			t.Fatal(got, breaks)
		}
	}))
}

// device returns the ID of a device of testdata/crush, with its rack and host.
func device(d int) string { return fmt.Sprintf("rack%d/host%d/osd.%d", d/8, d/2, d) }

// newRack reports whether a device of testdata/crush is in the rack that joins.
func newRack(d int) bool { return d >= 80 }

// rackMoves counts the replicas that move when a rack joins, and those of them that move
// between old racks.
type rackMoves struct{ moved, old int }

// row returns the row of MOVEMENT.md.
func (m rackMoves) row(system string, replicas int) string {
	percent := func(n int) float64 { return 100 * float64(n) / float64(replicas) }
	return fmt.Sprintf("| %s | %.2f%% | %.2f%% |", system, percent(m.moved), percent(m.old))
}

// TestRackJoins compares the replicas that move when a rack of eight devices joins
// eighty with those of crushtool, and with the published rule of Cassandra's
// NetworkTopologyStrategy: the next node on the ring in a rack that has none, which is a
// limit of 1 in a rack over a ring. MOVEMENT.md has the figures.
func TestRackJoins(t *testing.T) {
	t.Parallel()
	const replicas, keys = 3, 1024
	var crush rackMoves
	rows := vectors.Open(t, "crush/rack-joins.txt").Rows
	require.Len(t, rows, keys)
	for _, row := range rows {
		before, after := row.Ints("before"), row.Ints("after")
		require.Len(t, after, replicas, row)
		for _, d := range after {
			if !slices.Contains(before, d) {
				crush.moved++
				if !newRack(d) {
					crush.old++
				}
			}
		}
	}
	figures := []string{crush.row("crushtool of Ceph 16, straw2", replicas*keys)}
	for _, system := range []struct {
		name  string
		build func(ids []string) (rules.Ranking[string], error)
	}{
		{"rules.Levels over a rendezvous.Set", func(ids []string) (rules.Ranking[string], error) { return rendezvous.Of(ids...) }},
		{"Cassandra's NetworkTopologyStrategy: over a ring of 16 points", func(ids []string) (rules.Ranking[string], error) {
			return ring.New(ids, ring.Config[string]{ID: self, Layout: ring.Hashed(16)})
		}},
	} {
		m := rackJoin(t, system.build, replicas, keys)
		require.Zero(t, m.old, "%s moves replicas between old racks", system.name)
		require.InDelta(t, 100*8.0/88, 100*float64(m.moved)/(replicas*keys), 1, system.name)
		figures = append(figures, m.row(system.name, replicas*keys))
	}
	doc, err := os.ReadFile("MOVEMENT.md")
	require.NoError(t, err)
	for _, row := range figures {
		assert.Contains(t, string(doc), row+"\n")
	}
}

// rackJoin moves the replicas of keys over a ranking, of which one is in a rack at most.
func rackJoin(t *testing.T, build func(ids []string) (rules.Ranking[string], error), replicas, keys int) (m rackMoves) {
	t.Helper()
	var ids []string
	for d := range 88 {
		ids = append(ids, device(d))
	}
	var sides [2]*rules.Levels[string]
	for i, count := range []int{80, 88} {
		r, err := build(ids[:count])
		require.NoError(t, err)
		sides[i], err = rules.NewLevels(r, rules.LevelsConfig[string]{
			ID: self, Domain: rackOf, Names: []string{"rack", "host"},
			Rule: rules.Rule{Replicas: replicas, Limits: []rules.Limit{{Level: "rack", Most: 1}}},
		})
		require.NoError(t, err)
	}
	for i := range keys {
		before, _ := sides[0].Select(nil, strconv.Itoa(i))
		after, _ := sides[1].Select(nil, strconv.Itoa(i))
		for _, id := range without(after, before) {
			m.moved++
			if !slices.Contains(ids[80:], id) {
				m.old++
			}
		}
	}
	return m
}
