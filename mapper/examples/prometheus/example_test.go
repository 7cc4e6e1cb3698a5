package prometheus_test

import (
	"context"
	"fmt"

	lib "github.com/prometheus/client_golang/prometheus"

	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/examples/prometheus"
	"github.com/proxenos/proxenos/mapper/static"
	"github.com/proxenos/proxenos/rendezvous"
)

// The metrics of a view are those of its source: nodes, failures, age, moved keys.
func ExampleNew() {
	source, err := static.Flags([]string{"cache-1", "cache-2", "cache-3"})
	if err != nil {
		fmt.Println(err)
		return
	}
	registry := lib.NewRegistry() // or lib.DefaultRegisterer, which promhttp.Handler serves
	metrics := prometheus.New(registry, "cache")
	view, err := mapper.FollowWith(context.Background(), source, rendezvous.Build, mapper.FollowConfig[*rendezvous.Set[mapper.Node]]{
		Observe: metrics.Observe,
		Owner: func(set *rendezvous.Set[mapper.Node], key string) string {
			owner, _ := set.Select(key)
			return owner.Name
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer view.Close()
	metrics.Age(view.Age)

	families, err := registry.Gather()
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range families {
		fmt.Println(f.GetName())
	}
	// Output:
	// proxenos_age_seconds
	// proxenos_build_seconds
	// proxenos_errors_total
	// proxenos_failing
	// proxenos_moved_keys_ratio_total
	// proxenos_nodes
	// proxenos_updates_total
}
