package mapper_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/shortrun"
	"github.com/proxenos/proxenos/mapper"
)

// zoneOf makes the first letter of a name its zone; "-" is none.
func zoneOf(name string) string { return strings.TrimLeft(name[:1], "-") }

func TestSpread(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, ranking string
		n             int
		policy        mapper.ZonePolicy
		want          string
		degraded      bool
	}{
		{"any takes the best", "a1 a2 b1", 2, mapper.ZonePolicyAny, "a1 a2", false},
		{"any of too few", "a1", 2, mapper.ZonePolicyAny, "a1", true},
		{"any, no nodes", "", 1, mapper.ZonePolicyAny, "", true},
		{"none wanted", "a1 b1", 0, mapper.ZonePolicySpread, "", false},
		{"fewer than none wanted", "a1 b1", -1, mapper.ZonePolicyAny, "", false},
		{"the best of each zone", "a1 a2 b1 b2 c1", 3, mapper.ZonePolicySpread, "a1 b1 c1", false},
		{"the best first, whatever its zone", "b1 a1 a2", 1, mapper.ZonePolicySpread, "b1", false},
		{"more replicas than zones", "a1 a2 b1 b2", 3, mapper.ZonePolicySpread, "a1 b1 a2", true},
		{"the zones stay even", "a1 a2 a3 a4 b1 b2", 4, mapper.ZonePolicySpread, "a1 b1 a2 b2", true},
		{"a round is by rank", "b1 a1 a2 b2", 3, mapper.ZonePolicySpread, "b1 a1 a2", true},
		{"a zone that is used up", "a1 a2 a3 b1", 4, mapper.ZonePolicySpread, "a1 b1 a2 a3", true},
		{"too few in all", "a1 b1", 3, mapper.ZonePolicySpread, "a1 b1", true},
		{"spread, no nodes", "", 2, mapper.ZonePolicySpread, "", true},
		{"unknown zones are one", "-1 -2 a1", 2, mapper.ZonePolicySpread, "-1 a1", false},
		{"strict stops when the zones are used up", "a1 a2 b1", 3, mapper.ZonePolicyStrict, "a1 b1", true},
		{"strict that is possible", "a1 a2 b1", 2, mapper.ZonePolicyStrict, "a1 b1", false},
		{"strict, no nodes", "", 1, mapper.ZonePolicyStrict, "", true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, degraded := mapper.Spread(nil, slices.Values(strings.Fields(c.ranking)), c.n, zoneOf, c.policy)
			require.Equal(t, c.want, strings.Join(got, " "))
			require.Equal(t, c.degraded, degraded)
		})
	}
}

func TestSpreadAppends(t *testing.T) {
	t.Parallel()
	got, degraded := mapper.Spread([]string{"x"}, slices.Values([]string{"a1", "a2", "b1"}), 3, zoneOf, mapper.ZonePolicySpread)
	require.Equal(t, []string{"x", "a1", "b1", "a2"}, got)
	require.True(t, degraded)
}

func TestSpreadStopsAsSoonAsItCan(t *testing.T) {
	t.Parallel()
	taken := 0
	ranking := func(yield func(string) bool) {
		for _, n := range []string{"a1", "a2", "b1", "c1", "d1"} {
			if taken++; !yield(n) {
				return
			}
		}
	}
	_, _ = mapper.Spread(nil, ranking, 2, zoneOf, mapper.ZonePolicySpread)
	require.Equal(t, 3, taken)
}

// TestSpreadProperties holds every policy to its promises over random rankings.
func TestSpreadProperties(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(3, 4))
	for range shortrun.Few(2000) {
		ranking := randomRanking(rng)
		for _, policy := range []mapper.ZonePolicy{mapper.ZonePolicyAny, mapper.ZonePolicySpread, mapper.ZonePolicyStrict} {
			before := []string{}
			for n := 1; n <= len(ranking)+2; n++ {
				got, degraded := mapper.Spread(nil, slices.Values(ranking), n, zoneOf, policy)
				require.LessOrEqual(t, len(got), n)
				require.Equal(t, before, got[:len(before):len(before)], "the answer for %d is no prefix of that for %d", n-1, n)
				require.Equal(t, ranking[0], got[0], "the first replica moved")
				require.Len(t, slices.Compact(slices.Sorted(slices.Values(got))), len(got), "a node twice")
				if policy != mapper.ZonePolicyStrict {
					require.Len(t, got, min(n, len(ranking)))
				}
				perZone := zoneCounts(got)
				if policy != mapper.ZonePolicyAny && !degraded {
					require.Equal(t, 1, slices.Max(perZone), "not degraded, but two in a zone")
				}
				if len(got) < n {
					require.True(t, degraded)
				}
				before = got
			}
		}
	}
}

// TestSpreadLosesOnlyWhatIsLost takes nodes away and expects the others to
// stay replicas.
func TestSpreadLosesOnlyWhatIsLost(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(5, 6))
	for range shortrun.Few(2000) {
		ranking := randomRanking(rng)
		lostZone := zoneOf(ranking[rng.IntN(len(ranking))])
		left := slices.DeleteFunc(slices.Clone(ranking), func(n string) bool { return zoneOf(n) == lostZone })
		for _, policy := range []mapper.ZonePolicy{mapper.ZonePolicyAny, mapper.ZonePolicySpread, mapper.ZonePolicyStrict} {
			before, _ := mapper.Spread(nil, slices.Values(ranking), 3, zoneOf, policy)
			after, _ := mapper.Spread(nil, slices.Values(left), 3, zoneOf, policy)
			for _, n := range before {
				if zoneOf(n) != lostZone {
					require.Contains(t, after, n, "%v: losing zone %q of %v moved %q", policy, lostZone, ranking, n)
				}
			}
		}
	}
}

func randomRanking(rng *rand.Rand) []string {
	var ranking []string
	for i := range 1 + rng.IntN(8) {
		ranking = append(ranking, fmt.Sprintf("%c%d", "abc-"[rng.IntN(4)], i))
	}
	return ranking
}

func zoneCounts(nodes []string) []int {
	perZone := map[string]int{}
	for _, n := range nodes {
		perZone[zoneOf(n)]++
	}
	var counts []int
	for _, n := range perZone {
		counts = append(counts, n)
	}
	return counts
}

func TestZonePolicyNames(t *testing.T) {
	t.Parallel()
	for _, p := range []mapper.ZonePolicy{mapper.ZonePolicyAny, mapper.ZonePolicySpread, mapper.ZonePolicyStrict} {
		back, err := mapper.ParseZonePolicy(p.String())
		require.NoError(t, err)
		require.Equal(t, p, back)
	}
	_, err := mapper.ParseZonePolicy("Strict")
	require.EqualError(t, err, `zone policy "Strict": want any, spread or strict`)
	require.Equal(t, "ZonePolicy(7)", mapper.ZonePolicy(7).String())
}

// TestSpreadCountsOnlyItsReplicas: what dst holds is no replica.
func TestSpreadCountsOnlyItsReplicas(t *testing.T) {
	t.Parallel()
	zone := func(node string) string { return node[:1] }
	for _, policy := range []mapper.ZonePolicy{mapper.ZonePolicyAny, mapper.ZonePolicySpread, mapper.ZonePolicyStrict} {
		for n := range 7 {
			want, wantDegraded := mapper.Spread(nil, slices.Values([]string{"a1", "a2", "b1", "a3", "b2"}), n, zone, policy)
			got, degraded := mapper.Spread([]string{"x", "y"}, slices.Values([]string{"a1", "a2", "b1", "a3", "b2"}), n, zone, policy)
			require.Equal(t, append([]string{"x", "y"}, want...), got, "%d, %v", n, policy)
			require.Equal(t, wantDegraded, degraded, "%d, %v", n, policy)
		}
	}
}

func TestUnknownZonePolicies(t *testing.T) {
	t.Parallel()
	for _, p := range []mapper.ZonePolicy{-1, 3} {
		require.Equal(t, fmt.Sprintf("ZonePolicy(%d)", int(p)), p.String())
	}
}

func TestUnknownOrigins(t *testing.T) {
	t.Parallel()
	for _, o := range []mapper.Origin{-1, 3} {
		require.Equal(t, fmt.Sprintf("Origin(%d)", int(o)), o.String())
	}
}
