package ring

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
)

// pointCount is a parsed Settings.Points.
type pointCount struct {
	rule  pointRule
	n     float64 // from 1 to MaxPoints
	limit float64 // the second parameter of ring
}

// pointRule returns the number of points of each member. They are float64s
// because a product may overflow an integer.
type pointRule struct {
	whole bool // capacities are whole numbers of 32 bits
	two   bool // there are two parameters
	count func(c pointCount, members []member) []float64
}

var pointRules = map[string]pointRule{
	"each":    {count: countEach},
	"weight":  {count: countByWeight, whole: true},
	"share32": {count: countShare32, whole: true},
	"share64": {count: countShare64, whole: true},
	"total":   {count: countTotal},
	"history": {count: countHistory},
	"ring":    {count: countRing, whole: true, two: true},
}

var pointsText = regexp.MustCompile(`^([a-z0-9]+)\((-?[0-9]{1,9})(?:,(-?[0-9]{1,9}))?\)$`)

func parsePointCount(text string) (c pointCount, err error) {
	parts := pointsText.FindStringSubmatch(text)
	if parts == nil {
		return c, fmt.Errorf("points %q are not of the form rule(number): %w", text, ErrLayout)
	}
	var ok bool
	if c.rule, ok = pointRules[parts[1]]; !ok || c.rule.two != (parts[3] != "") {
		return c, fmt.Errorf("points %q are not one of each(N), weight(N), share32(N), share64(N), total(N), history(N), ring(MIN,MAX): %w", text, ErrLayout)
	}
	if c.n, err = pointsParameter(parts[2]); err != nil || !c.rule.two {
		return c, err
	}
	if c.limit, err = pointsParameter(parts[3]); err == nil && c.limit < c.n {
		err = fmt.Errorf("points %q: the second number is below the first: %w", text, ErrLayout)
	}
	return c, err
}

func pointsParameter(text string) (float64, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > MaxPoints {
		return 0, fmt.Errorf("%s points, not 1 to %d: %w", text, MaxPoints, ErrLayout)
	}
	return float64(n), nil
}

func (c pointCount) of(members []member) ([]float64, error) {
	if c.rule.whole {
		if err := wholeCapacities(members); err != nil {
			return nil, err
		}
	}
	return c.rule.count(c, members), nil
}

func countEach(c pointCount, members []member) []float64 {
	counts := make([]float64, len(members))
	for i, m := range members {
		if m.capacity > 0 {
			counts[i] = c.n
		}
	}
	return counts
}

func countByWeight(c pointCount, members []member) []float64 {
	counts := make([]float64, len(members))
	for i, m := range members {
		counts[i] = c.n * m.capacity
	}
	return counts
}

// countTotal divides first and truncates the product, as python-continuum does,
// which may lose a point.
func countTotal(c pointCount, members []member) []float64 {
	counts, total := make([]float64, len(members)), totalCapacity(members)
	for i, m := range members {
		if m.capacity > 0 {
			fraction := float64(m.capacity / total)
			counts[i] = math.Trunc(float64(c.n * fraction))
		}
	}
	return counts
}

// live returns the total capacity and the number of the members that are not
// drained.
func live(members []member) (total uint64, n int) {
	for _, m := range members {
		if total += uint64(m.capacity); m.capacity > 0 {
			n++
		}
	}
	return total, n
}

// countShare32 rounds every operation to float32, left to right, as libmemcached
// and twemproxy do. The conversions keep the compiler from fusing a product and a
// sum into one rounding, which would give some servers four points more.
func countShare32(c pointCount, members []member) []float64 {
	counts := make([]float64, len(members))
	total, nodes := live(members)
	for i, m := range members {
		if m.capacity == 0 {
			continue
		}
		share := float32(float32(uint32(m.capacity)) / float32(total))
		n := float32(share * float32(c.n))
		n = float32(n / 4)
		n = float32(n * float32(nodes))
		counts[i] = 4 * float64(int(float32(n+1e-10)))
	}
	return counts
}

// countShare64 is the arithmetic of a JavaScript program, node-hashring.
func countShare64(c pointCount, members []member) []float64 {
	counts := make([]float64, len(members))
	total, nodes := live(members)
	for i, m := range members {
		if m.capacity > 0 {
			share := float64(m.capacity / float64(total))
			counts[i] = 4 * math.Floor(float64(float64(share*float64(c.n/4))*float64(nodes)))
		}
	}
	return counts
}

// countRing is the arithmetic of Envoy and gRPC: one running sum decides how many
// points each member has, so their order matters.
func countRing(c pointCount, members []member) []float64 {
	counts, total, least := make([]float64, len(members)), totalCapacity(members), 1.0
	for _, m := range members {
		if m.capacity > 0 {
			least = min(least, float64(m.capacity/total))
		}
	}
	scale := min(float64(math.Ceil(float64(least*c.n))/least), c.limit)
	current, target := 0.0, 0.0
	for i, m := range members {
		if m.capacity == 0 {
			continue
		}
		target += float64(scale * float64(m.capacity/total))
		counts[i] = max(0, math.Ceil(target)-current)
		current += counts[i]
	}
	return counts
}
