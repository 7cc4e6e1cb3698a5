// Package prometheus is an example: it shows what a view of package mapper does
// as metrics of Prometheus. It is a module of its own, so that proxenos depends
// on no library of metrics; copy it, or write the like for another one.
//
//	metrics := prometheus.New(registerer, "web")
//	view, err := mapper.FollowWith(ctx, source, build, mapper.Config[T]{Observe: metrics.Observe})
//	metrics.Age(view.Age)
//
// The one alert worth having is on proxenos_age_seconds: for how long answers
// may have been stale.
package prometheus

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/proxenos/proxenos/mapper"
)

// Metrics are those of one view. They are safe for any number of goroutines.
type Metrics struct {
	register prometheus.Registerer
	updates  prometheus.Counter
	errors   prometheus.Counter
	nodes    prometheus.Gauge
	failing  prometheus.Gauge
	moved    prometheus.Counter
	build    prometheus.Histogram
}

// New registers the metrics of a view under the label source. It panics if
// there are metrics of that source already, as MustRegister does.
func New(r prometheus.Registerer, source string) *Metrics {
	m := &Metrics{
		register: prometheus.WrapRegistererWith(prometheus.Labels{"source": source}, r),
		updates:  prometheus.NewCounter(prometheus.CounterOpts{Name: "proxenos_updates_total", Help: "Values built from nodes."}),
		errors:   prometheus.NewCounter(prometheus.CounterOpts{Name: "proxenos_errors_total", Help: "Failures of the source, repeated ones too."}),
		nodes:    prometheus.NewGauge(prometheus.GaugeOpts{Name: "proxenos_nodes", Help: "Nodes of the value."}),
		failing:  prometheus.NewGauge(prometheus.GaugeOpts{Name: "proxenos_failing", Help: "1 while the source fails, else 0."}),
		moved:    prometheus.NewCounter(prometheus.CounterOpts{Name: "proxenos_moved_keys_ratio_total", Help: "Sum of the fractions of keys that updates moved."}),
		build:    prometheus.NewHistogram(prometheus.HistogramOpts{Name: "proxenos_build_seconds", Help: "Time to build a value.", Buckets: prometheus.ExponentialBuckets(1e-5, 10, 6)}),
	}
	m.register.MustRegister(m.updates, m.errors, m.nodes, m.failing, m.moved, m.build)
	return m
}

// Age adds the age of the value, which is asked whenever Prometheus asks; give
// it View.Age.
func (m *Metrics) Age(age func() time.Duration) {
	m.register.MustRegister(prometheus.NewGaugeFunc(
		prometheus.GaugeOpts{Name: "proxenos_age_seconds", Help: "For how long the value may have been stale."},
		func() float64 { return age().Seconds() },
	))
}

// Observe counts an event. It is what mapper.Config.Observe takes, and does not
// block.
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
