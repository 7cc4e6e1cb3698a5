package compare

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestFair(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []float64{0.25, 0, 0.75}, Fair([]float64{1, 0, 3}))
	assert.Equal(t, []float64{0, 0}, Fair([]float64{0, 0}), "all nodes are drained")
}

func TestLoadByHand(t *testing.T) {
	t.Parallel()
	l := &Load{Keys: 100, Held: []int64{30, 20, 50}, Fair: Fair([]float64{1, 1, 2})}
	ratio, node := l.Imbalance()
	assert.Equal(t, 1.2, ratio, "30 of 25")
	assert.Equal(t, 0, node)
	measured, chance := l.Deviation()
	assert.InDelta(t, math.Sqrt((0.2*0.2+0.2*0.2)/3), measured, 1e-12)
	assert.InDelta(t, math.Sqrt((0.75/25+0.75/25+0.5/50)/3), chance, 1e-12)
	x, df, p := l.ChiSquare()
	assert.Equal(t, 2.0, x, "25/25 + 25/25 + 0")
	assert.Equal(t, 2, df)
	assert.InDelta(t, math.Exp(-1), p, 1e-12)
	band := l.Band(0)
	assert.InDelta(t, 25-1.96*math.Sqrt(25*0.75), band.Low, 1e-3)
	assert.InDelta(t, 25+1.96*math.Sqrt(25*0.75), band.High, 1e-3)
}

// TestUniformLoad: chi-square of a perfectly even load is 0 with probability 1.
func TestUniformLoad(t *testing.T) {
	t.Parallel()
	l := &Load{Keys: 4000, Held: []int64{1000, 1000, 1000, 1000}, Fair: Fair([]float64{1, 1, 1, 1})}
	ratio, _ := l.Imbalance()
	x, df, p := l.ChiSquare()
	assert.Equal(t, []float64{1, 0, 3, 1}, []float64{ratio, x, float64(df), p})
}

func TestLoadOfADrainedNode(t *testing.T) {
	t.Parallel()
	l := &Load{Keys: 10, Held: []int64{9, 1}, Fair: []float64{1, 0}}
	ratio, node := l.Imbalance()
	assert.True(t, math.IsInf(ratio, 1), "a drained node holds a key")
	assert.Equal(t, 1, node)
	_, _, p := l.ChiSquare()
	assert.Zero(t, p)
}

func TestLoadWithoutKeys(t *testing.T) {
	t.Parallel()
	l := &Load{Held: []int64{0, 0}, Fair: []float64{0.5, 0.5}}
	ratio, node := l.Imbalance()
	assert.Zero(t, ratio)
	assert.Equal(t, -1, node)
	measured, chance := l.Deviation()
	assert.Zero(t, measured)
	assert.Zero(t, chance)
	_, _, p := l.ChiSquare()
	assert.Equal(t, 1.0, p)
}

func TestSumsOfGroups(t *testing.T) {
	t.Parallel()
	l := &Load{Keys: 10, Held: []int64{1, 2, 3, 4}}
	assert.Equal(t, []int64{4, 6}, l.Sums([]int{0, 1, 0, 1}, 2))
}

func TestDrainedNodeWithoutKeysIsNoDeviation(t *testing.T) {
	t.Parallel()
	l := &Load{Keys: 10, Held: []int64{5, 5, 0}, Fair: []float64{0.5, 0.5, 0}}
	statistic, df, p := l.ChiSquare()
	assert.Zero(t, statistic)
	assert.Equal(t, 1, df)
	assert.InDelta(t, 1, p, 1e-12)
}

func TestChanceImbalance(t *testing.T) {
	t.Parallel()
	l := &Load{Keys: 100, Held: []int64{30, 20, 50}, Fair: Fair([]float64{1, 1, 2})}
	_, chance := l.Deviation()
	assert.InDelta(t, 1+chance*math.Sqrt(2*math.Log(3)), l.ChanceImbalance(), 1e-12)
	one := &Load{Keys: 100, Held: []int64{100, 0}, Fair: Fair([]float64{1, 0})}
	assert.Equal(t, 1.0, one.ChanceImbalance(), "one node cannot deviate")
}
