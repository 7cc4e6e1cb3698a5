package mapper_test

import (
	"cmp"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/mappertest"
)

// TestConformance puts every wrapper, and some of them around each other, over
// a source in memory.
func TestConformance(t *testing.T) {
	t.Parallel()
	wrappers := []struct {
		name string
		wrap func(t *testing.T, m mapper.Mapper) mapper.Mapper
	}{
		{"Polled", func(_ *testing.T, m mapper.Mapper) mapper.Mapper {
			return &mapper.Polled{Source: mapper.Func(m.Nodes), Every: 10 * time.Millisecond}
		}},
		{"Func", func(_ *testing.T, m mapper.Mapper) mapper.Mapper { return mapper.Func(m.Nodes) }},
		{"Guard", func(_ *testing.T, m mapper.Mapper) mapper.Mapper { return &mapper.Guard{Source: m, MaxDrop: 1} }},
		{"Debounce", func(_ *testing.T, m mapper.Mapper) mapper.Mapper { return &mapper.Debounce{Source: m, Min: 1} }},
		{"Merge", func(_ *testing.T, m mapper.Mapper) mapper.Mapper {
			return &mapper.Merge{Sources: []mapper.Mapper{m, &polled{}, m}}
		}},
		{"Cached", func(t *testing.T, m mapper.Mapper) mapper.Mapper {
			return &mapper.Cached{Source: m, Path: filepath.Join(t.TempDir(), "nodes.json")}
		}},
		{"SlowStart", func(_ *testing.T, m mapper.Mapper) mapper.Mapper {
			return &mapper.SlowStart{Source: m, Over: time.Minute}
		}},
		{"all of them", func(t *testing.T, m mapper.Mapper) mapper.Mapper {
			m = &mapper.Debounce{Source: &mapper.Guard{Source: m, MaxDrop: 1}, Min: 1}
			m = &mapper.Cached{Source: &mapper.Merge{Sources: []mapper.Mapper{m}}, Path: filepath.Join(t.TempDir(), "nodes.json")}
			return &mapper.SlowStart{Source: m, Over: time.Minute}
		}},
	}
	for _, w := range wrappers {
		t.Run(w.name, func(t *testing.T) {
			mappertest.Test(t, func(t *testing.T) mappertest.Source {
				src := newWatched("")
				publish := func(_ testing.TB, nodes []mapper.Node) {
					slices.SortFunc(nodes, func(a, b mapper.Node) int { return cmp.Compare(a.Name, b.Name) })
					src.put(nodes, nil)
				}
				return mappertest.Source{Mapper: w.wrap(t, src), Publish: publish}
			})
		})
	}
}
