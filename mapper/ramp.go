package mapper

import (
	"cmp"
	"math"
	"time"
)

// maxSteps bounds the number of steps, because each of them makes every client
// build its value again.
const maxSteps = 1024

// ramp is a change of weight that begins at one time. Nodes with the same ramp
// take their steps together.
type ramp struct {
	begin time.Time
	drain bool
}

// ramps holds the ramps of one set. They follow from the set and not from the
// clock, so the number of steps stays while a ramp is under way.
type ramps struct {
	over           time.Duration
	floor          float64
	starts, drains map[string]ramp // by the name of the node
	steps          map[ramp]int
}

// ramps reads the ramps of the nodes of u, and adds times that cannot be read to
// u.Skipped.
func (s *SlowStart) ramps(u *Update) ramps {
	r := ramps{s.Over, cmp.Or(s.Floor, DefaultFloor), map[string]ramp{}, map[string]ramp{}, map[ramp]int{}}
	weights, total := map[ramp]float64{}, 0.0
	for _, n := range u.Nodes {
		start, starts := metaTime(u, n, MetaStartAt)
		drain, drains := metaTime(u, n, MetaDrainAt)
		if n.Drain && !drains {
			continue // at once
		}
		n.Drain = false
		total += n.Capacity()
		if starts {
			r.starts[n.Name] = ramp{begin: start}
			weights[r.starts[n.Name]] += n.Capacity()
		}
		if drains {
			r.drains[n.Name] = ramp{begin: drain, drain: true}
			weights[r.drains[n.Name]] += n.Capacity()
		}
	}
	for which, weight := range weights {
		least := r.floor
		if which.drain {
			least = 0
		}
		r.steps[which] = stepsFor(weight, total-weight, least, cmp.Or(s.MaxStep, DefaultMaxStep))
	}
	return r
}

// metaTime returns a time from the metadata of a node.
func metaTime(u *Update, n Node, key string) (t time.Time, ok bool) {
	text, ok := n.Meta[key]
	if !ok {
		return time.Time{}, false
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		u.Skipped = append(u.Skipped, &MetaTimeError{n.Name, key, text})
		return time.Time{}, false
	}
	return t.UTC(), true // UTC makes equal times equal keys of a map
}

// stepsFor returns the smallest power of two of equal steps between a fraction of
// the weight and all of it, such that none moves more than a share of maxStep. A
// step by d moves less than d of the total weight, which is least at the lower end.
func stepsFor(weight, rest, least, maxStep float64) int {
	need := weight * (1 - least) / ((rest + least*weight) * maxStep)
	steps := 1
	for steps < maxSteps && float64(steps) < need {
		steps *= 2
	}
	return steps
}

// progress returns the fraction of the steps of a ramp that are done at a moment,
// and when the next one is due, or zero after the last one.
func (r *ramps) progress(of ramp, now time.Time) (done float64, next time.Time) {
	steps := r.steps[of]
	every := max(1, r.over/time.Duration(steps))
	k := int(min(max(0, now.Sub(of.begin)/every), time.Duration(steps)))
	if k == steps {
		return 1, time.Time{}
	}
	return float64(k) / float64(steps), of.begin.Add(time.Duration(k+1) * every)
}

// at returns the node with its weight of a moment, and when that changes, or zero.
func (r *ramps) at(n Node, now time.Time) (_ Node, next time.Time) {
	start, starts := r.starts[n.Name]
	drain, drains := r.drains[n.Name]
	factor := 1.0
	if starts {
		until := now
		if drains && drain.begin.Before(now) {
			until = drain.begin
		}
		var done float64
		if done, next = r.progress(start, until); done < 1 {
			factor = r.floor + (1-r.floor)*done
		}
		if until != now {
			next = time.Time{}
		}
	}
	if drains {
		done, step := r.progress(drain, now)
		if n.Drain = done == 1; n.Drain {
			return n, time.Time{}
		}
		factor *= 1 - done
		next = earlier(next, step)
	}
	if factor < 1 {
		n.Weight = max(factor*n.Capacity(), math.SmallestNonzeroFloat64) // 0 counts as 1
	}
	return n, next
}

// earlier returns the earlier of two times, of which zero is none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
