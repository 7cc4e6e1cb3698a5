package figures

import (
	"fmt"

	"github.com/proxenos/proxenos/internal/checkfile"
	"github.com/proxenos/proxenos/internal/cli/answer"
	"github.com/proxenos/proxenos/internal/cli/place"
	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/mapper"
)

// maxWork is the default of --max-work. It admits the removal of each of 1000 nodes
// of a ring with the defaults, and ends a file that would run for many hours.
const maxWork = int64(200_000_000_000)

// checkWork rejects a check file whose checks are too much work: the sum of sample
// x rounds x points of its checks exceeds the limit. Anyone may propose a check file,
// so a few bytes of it must not occupy a machine for a day.
func (k *checker) checkWork() error {
	for _, c := range k.file.Checks {
		k.work += float64(k.sample()) * float64(k.rounds(&c)) * float64(k.placement.PointsPerUnit())
		if k.work > float64(k.maxWork) {
			err := fmt.Errorf("the checks up to here are too much work: sample x rounds x points is %.3g; the limit is %.3g", k.work, float64(k.maxWork))
			return term.Hint(k.at(c.Line, err), "--max-work raises the limit; a smaller sample is less exact, but faster")
		}
	}
	return nil
}

// build builds the placement of a round. It fails if that is too much work: rounds
// of large rings take long to build, even if they measure few keys.
func (k *checker) build(placement *place.Flags, nodes []mapper.Node) (*place.Placement, error) {
	k.work += placement.BuildWork(nodes)
	if k.work > float64(k.maxWork) {
		err := fmt.Errorf("the checks up to here are too much work: with the rings and tables of rounds it is %.3g; the limit is %.3g", k.work, float64(k.maxWork))
		return nil, term.Hint(err, "--max-work raises the limit; fewer points, slots or rounds are faster")
	}
	return placement.Build(nodes)
}

// sample returns the number of keys that a check measures. A file of keys counts as
// the default sample, as its size bounds it.
func (k *checker) sample() int64 {
	if k.keys.File != "" {
		return answer.DefaultSample
	}
	return k.keys.Sample
}

// rounds returns how often a check measures the keys.
func (k *checker) rounds(c *checkfile.Check) int {
	switch m := c.Movement; {
	case m == nil && c.Shares == nil:
		return 0 // does not measure the sample, or ranks a bounded part of it
	case m == nil:
		return 1
	case m.EachRemoval:
		return place.Eligible(k.nodes)
	case m.Before != nil:
		return len(m.Rounds) + 1
	default:
		return len(m.Rounds)
	}
}
