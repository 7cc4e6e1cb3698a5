package main

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"

	"golang.org/x/perf/benchfmt"
)

// metric names a series of measurements, one in each pass.
type metric struct {
	bench string // as in "Select"
	nodes int
	by    string // the system
	unit  string // as in "ns/op"
}

func (m metric) String() string {
	return fmt.Sprintf("%s of %s by %s with %d nodes", m.unit, m.bench, m.by, m.nodes)
}

// results hold the values of every metric, in the order of the passes, and
// what the benchmarks say of the machine.
type results struct {
	values            map[metric][]float64
	CPU, Goos, Goarch string
}

// benchName is the form of all names here. The testing package appends the
// number of processors, unless it is one.
var benchName = regexp.MustCompile(`^(\w+)/nodes=(\d+)/by=([\w-]*?)(?:-\d+)?$`)

// parse reads what benchmarks print.
func parse(in io.Reader) (*results, error) {
	found := &results{values: map[metric][]float64{}}
	reader := benchfmt.NewReader(in, "results")
	for reader.Scan() {
		switch record := reader.Result().(type) {
		case *benchfmt.Result:
			if err := found.add(record); err != nil {
				return nil, err
			}
		case *benchfmt.SyntaxError:
			return nil, record
		}
	}
	if err := reader.Err(); err != nil {
		return nil, err
	}
	if len(found.values) == 0 {
		return nil, errors.New("no benchmarks ran")
	}
	return found, nil
}

func (r *results) add(record *benchfmt.Result) error {
	r.CPU, r.Goos, r.Goarch = record.GetConfig("cpu"), record.GetConfig("goos"), record.GetConfig("goarch")
	part := benchName.FindStringSubmatch(string(record.Name))
	if part == nil {
		return fmt.Errorf("benchmark %q is not named NAME/nodes=N/by=SYSTEM", record.Name)
	}
	m := metric{bench: part[1], by: part[3]}
	m.nodes, _ = strconv.Atoi(part[2]) // digits, and few
	for _, v := range record.Values {
		number := v.Value
		m.unit = v.Unit
		if v.OrigUnit != "" { // benchfmt turns ns/op into sec/op
			number, m.unit = v.OrigValue, v.OrigUnit
		}
		r.values[m] = append(r.values[m], number)
	}
	return nil
}

// summary is what several passes say about a quantity.
type summary struct{ Median, Least, Most float64 }

// summary divides pass by pass: the two sides of a ratio ran within a minute
// of each other, whatever else the machine was doing by then.
func (r *results) summary(q quantity) (summary, error) {
	of, to := r.values[q.of], r.values[q.to]
	switch {
	case len(of) == 0:
		return summary{}, fmt.Errorf("no %v was measured", q.of)
	case q.to == metric{}:
		return summarise(of), nil
	case len(to) != len(of):
		return summary{}, fmt.Errorf("%d of %v, but %d of %v", len(of), q.of, len(to), q.to)
	}
	ratios := make([]float64, len(of))
	for i := range of {
		ratios[i] = of[i] / to[i]
	}
	return summarise(ratios), nil
}

// median returns the median of a metric, or false if it was not measured.
func (r *results) median(m metric) (float64, bool) {
	s, err := r.summary(m.alone())
	return s.Median, err == nil
}

// summarise takes at least one value.
func summarise(values []float64) summary {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return summary{Median: (sorted[(n-1)/2] + sorted[n/2]) / 2, Least: sorted[0], Most: sorted[n-1]}
}
