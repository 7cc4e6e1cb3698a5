// Package prometheus exports the state of a mapper.View as Prometheus metrics.
//
//	metrics := prometheus.New(registerer, "web")
//	view, err := mapper.FollowWith(ctx, source, build, mapper.FollowConfig[T]{Observe: metrics.Observe})
//	metrics.Age(view.Age)
//
// Alert on proxenos_age_seconds: the time for which results may have been stale.
package prometheus

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/proxenos/proxenos/mapper"
)

// Metrics holds the metrics of one view. It is safe for concurrent use.
type Metrics struct {
	register prometheus.Registerer
	updates  prometheus.Counter
	errors   prometheus.Counter
	nodes    prometheus.Gauge
	failing  prometheus.Gauge
	moved    prometheus.Counter
	build    prometheus.Histogram
}

// New registers the metrics of a view with the value of the label source. Like
// MustRegister it panics if that source has metrics already.
func New(r prometheus.Registerer, source string) *Metrics {
	m := &Metrics{
		register: prometheus.WrapRegistererWith(prometheus.Labels{"source": source}, r),
		updates:  prometheus.NewCounter(prometheus.CounterOpts{Name: "proxenos_updates_total", Help: "Values built from nodes."}),
		errors:   prometheus.NewCounter(prometheus.CounterOpts{Name: "proxenos_errors_total", Help: "Failures of the source, including repeated ones."}),
		nodes:    prometheus.NewGauge(prometheus.GaugeOpts{Name: "proxenos_nodes", Help: "Number of nodes of the value."}),
		failing:  prometheus.NewGauge(prometheus.GaugeOpts{Name: "proxenos_failing", Help: "1 while the source fails, else 0."}),
		moved:    prometheus.NewCounter(prometheus.CounterOpts{Name: "proxenos_moved_keys_ratio_total", Help: "Sum of the fractions of keys moved by updates."}),
		build:    prometheus.NewHistogram(prometheus.HistogramOpts{Name: "proxenos_build_seconds", Help: "Time to build a value.", Buckets: prometheus.ExponentialBuckets(1e-5, 10, 6)}),
	}
	m.register.MustRegister(m.updates, m.errors, m.nodes, m.failing, m.moved, m.build)
	return m
}

// Age registers the age of the value. Pass View.Age, which is called on every
// scrape.
func (m *Metrics) Age(age func() time.Duration) {
	m.register.MustRegister(prometheus.NewGaugeFunc(
		prometheus.GaugeOpts{Name: "proxenos_age_seconds", Help: "Time for which the value may have been stale."},
		func() float64 { return age().Seconds() },
	))
}

// Observe counts an event. Set it as mapper.FollowConfig.Observe; it does not block.
func (m *Metrics) Observe(e mapper.Event) {
	if e.Err != nil {
		m.errors.Inc()
		m.failing.Set(1)
		return
	}
	m.failing.Set(0)
	m.nodes.Set(float64(e.Nodes))
	m.moved.Add(e.Moved)
	if e.Added+e.Removed+e.Changed > 0 {
		m.updates.Inc()
		m.build.Observe(e.Build.Seconds())
	}
}
