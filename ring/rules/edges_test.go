package rules_test

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/rendezvous"
	"github.com/proxenos/proxenos/ring/rules"
)

// TestLevelsAcceptWhatJustFits: as many replicas as nodes, as many as the limits have
// room for, and homes of all replicas or of one.
func TestLevelsAcceptWhatJustFits(t *testing.T) {
	t.Parallel()
	for _, rule := range []rules.Rule{
		{Replicas: 4},
		{Replicas: 1},
		{Replicas: 2, Limits: []rules.Limit{{Level: "region", Most: 1}}},
		{Replicas: 2, HomeLevel: "region", Home: 2},
		{Replicas: 3, HomeLevel: "region", Home: 1},
		{Replicas: 1, HomeLevel: "region", Home: 1},
		{Replicas: 3, HomeLevel: "region", Home: 1, Limits: []rules.Limit{{Level: "region", Most: 2}}},
	} {
		l, err := newLevels(places(2, 2, 1, 1), rule, false)
		require.NoError(t, err, rule)
		got, breaks := l.Select(nil, "user:42")
		assert.Len(t, got, rule.Replicas)
		assert.Empty(t, breaks, rule)
	}
}

// TestUnmetRuleNamesItsLimit: the limit that rejects most nodes, the widest of equal
// ones, and up to five domains by name.
func TestUnmetRuleNamesItsLimit(t *testing.T) {
	t.Parallel()
	rule := rules.Rule{Replicas: 3, Limits: []rules.Limit{{Level: "region", Most: 2}, {Level: "zone", Most: 1}}}
	_, err := newLevels([]string{"r0/z0/k0/n0", "r0/z0/k0/n1", "r0/z1/k0/n0", "r0/z2/k0/n0"}, rule, false)
	require.EqualError(t, err, `rule "at most 2 per region": the region domains "r0" have room for 2 of 3 replicas: the rule cannot be met`)

	_, err = newLevels([]string{"r0/z0/k0/n0", "r0/z0/k0/n1", "r0/z0/k0/n2", "r0/z1/k0/n0", "r0/z2/k0/n0"}, rule, false)
	require.EqualError(t, err, `rule "at most 1 per zone": the zone domains "r0/z0", "r0/z1", "r0/z2" have room for 2 of 3 replicas: the rule cannot be met`)

	for zones, want := range map[int]string{
		5: `zone domains "r0/z0", "r0/z1", "r0/z2", "r0/z3", "r0/z4"`,
		6: `6 zone domains "r0/z0" to "r0/z5"`,
	} {
		rule := rules.Rule{Replicas: zones + 1, Limits: []rules.Limit{{Level: "zone", Most: 1}}}
		_, err := newLevels(places(1, zones, 1, 2), rule, false)
		require.EqualError(t, err, fmt.Sprintf(`rule "at most 1 per zone": the %s have room for %d of %d replicas: the rule cannot be met`, want, zones, zones+1))
	}
}

// TestHomeNeedsRoomInsideAndOutside: each is checked alone.
func TestHomeNeedsRoomInsideAndOutside(t *testing.T) {
	t.Parallel()
	ids := places(2, 1, 1, 2)
	_, err := newLevels(ids, rules.Rule{Replicas: 3, HomeLevel: "region", Home: 3}, false)
	require.ErrorContains(t, err, `region "r0" has room for 2, and the others for 2`)
	_, err = newLevels(ids, rules.Rule{Replicas: 4, HomeLevel: "region", Home: 1}, false)
	require.ErrorContains(t, err, `region "r0" has room for 2, and the others for 2`)
	_, err = newLevels(ids, rules.Rule{Replicas: 2, HomeLevel: "region", Home: 0}, false)
	require.ErrorIs(t, err, rules.ErrRule)
}

func TestLevelsAreNumberedFromOne(t *testing.T) {
	t.Parallel()
	require.EqualError(t, rules.Rule{Replicas: 1}.Check([]string{"zone", "zone"}), `level 2, "zone": empty or given twice: not a level`)
	require.EqualError(t, rules.Rule{Replicas: 1}.Check([]string{""}), `level 1, "": empty or given twice: not a level`)
}

// TestUnmetHomeIsNamed: of a large and a small region, the small one is no home.
func TestUnmetHomeIsNamed(t *testing.T) {
	t.Parallel()
	rule := rules.Rule{Replicas: 3, HomeLevel: "region", Home: 2}
	_, err := newLevels(append(places(1, 1, 1, 3), "r1/z0/k0/n0"), rule, false)
	require.EqualError(t, err, `rule "2 in the nearest region, 1 elsewhere": region "r1" has room for 1, and the others for 3: the rule cannot be met`)
}

// TestLimitsGiveWayBeforeTheHome: with a rack in each region, two replicas at home share
// a rack.
func TestLimitsGiveWayBeforeTheHome(t *testing.T) {
	t.Parallel()
	rule := rules.Rule{Replicas: 3, HomeLevel: "region", Home: 2, Limits: []rules.Limit{{Level: "rack", Most: 1}}}
	l, err := newLevels(places(2, 1, 1, 3), rule, true)
	require.NoError(t, err)
	for i := range 100 {
		got, breaks := l.Select(nil, strconv.Itoa(i))
		require.Len(t, got, 3)
		require.Equal(t, []rules.Break{{Limit: rules.Limit{Level: "rack", Most: 1}, Domain: rackOf(got[0]), Have: 2}}, breaks)
	}
}

func TestSharesOfFewTenants(t *testing.T) {
	t.Parallel()
	o := rules.Overlap{Tenants: 2, Size: 2, Pairs: []int64{0, 0, 1}, Worst: 1}
	for k, want := range map[int]float64{-1: 0, 0: 0, 1: 0, 2: 1, 3: 0} {
		assert.Equal(t, want, o.Share(k), k)
	}
	assert.Equal(t, 1.0, o.Poisoned())
	o.Pairs = []int64{1, 0, 0}
	assert.Equal(t, 1.0, o.Share(0))
	alone := rules.Overlap{Tenants: 1, Size: 1, Pairs: []int64{0, 0}}
	assert.Zero(t, alone.Share(0))
	assert.Zero(t, alone.Poisoned())
}

// TestOverlapOfEqualTenants: tenants of one name share all nodes, and the first of them
// is the worst.
func TestOverlapOfEqualTenants(t *testing.T) {
	t.Parallel()
	s := newShards(t, fleet(60, 1)...)
	o, err := s.Overlap([]string{"a", "b", "a", "b", "a"}, 4)
	require.NoError(t, err)
	assert.EqualValues(t, 4, o.Pairs[4], "three pairs of a and one of b")
	assert.Equal(t, 2, o.Worst)
	assert.Equal(t, 0, o.WorstTenant)
	assert.Equal(t, 0.5, o.Poisoned())
}

func TestExpectedOverlapOfWholeZones(t *testing.T) {
	t.Parallel()
	got, err := rules.ExpectedOverlap([]int{3, 2}, []int{0, 2})
	require.NoError(t, err)
	assert.InDeltaSlice(t, []float64{0, 0, 1}, got, 1e-12)
	got, err = rules.ExpectedOverlap([]int{4}, []int{3})
	require.NoError(t, err)
	assert.InDeltaSlice(t, []float64{0, 0, 0.75, 0.25}, got, 1e-12)
	_, err = rules.ExpectedOverlap([]int{4}, []int{-1})
	require.ErrorIs(t, err, rules.ErrShard)

	s := newShards(t, fleet(4, 1)...)
	for n, want := range map[int][]float64{1: {0.75, 0.25}, 4: {0, 0, 0, 0, 1}} {
		got, ok := s.Expected(n)
		require.True(t, ok)
		assert.InDeltaSlice(t, want, got, 1e-12)
	}
	uneven := newShards(t, "a-1", "a-2", "a-3", "b-1", "b-2")
	got, ok := uneven.Expected(4)
	require.True(t, ok)
	assert.InDeltaSlice(t, []float64{0, 0, 0, 2. / 3, 1. / 3}, got, 1e-12)
}

// TestExpectedCountsWeights: a ranking that tells weights must tell equal ones.
func TestExpectedCountsWeights(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{"equal": true, "other": false} {
		weight := func(id string) float64 {
			if name == "other" && id == "z0-n3" { // the last one
				return 2
			}
			return 1
		}
		set, err := rendezvous.New(fleet(4, 1), rendezvous.Config[string]{ID: self, Weight: weight})
		require.NoError(t, err)
		s, err := rules.NewShards(set, rules.ShardsConfig[string]{ID: self})
		require.NoError(t, err)
		_, ok := s.Expected(2)
		assert.Equal(t, want, ok, name)
	}
}
