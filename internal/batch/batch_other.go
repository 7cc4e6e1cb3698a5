//go:build !amd64 || purego

package batch

func (h hasher) available(_ []string) bool { return false }

func (h hasher) run(_, _ []uint64, _ []string) {}

func haveBest() bool { return false }

func best(_ []uint32, _, _ []uint64) {}

func bound(_ []uint32, _ []float64, _, _ []uint64, _ []float64) {}

func fewOf(_ int) (form fewForm, ok bool) { return fewForm{}, false }

func fewBest(_ *uint32, _ *uint64, _ int, _ []uint64, _, _ int) {}

func haveFewBounds() bool { return false }

func fewBounds(_ *uint32, _ *float64, _ *uint64, _ int, _ []uint64, _ []float64, _, _ int) {}
