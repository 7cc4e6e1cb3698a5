//go:build !amd64 || purego

package rendezvous

const (
	haveVector = false
	vectorFrom = 0
)

func (x mixer) bestVector(seeds []uint64) int { return x.bestScalar(seeds) }

func (x mixer) bestFewVector(kept []candidate, seeds []uint64) { x.bestFewScalar(kept, seeds) }
