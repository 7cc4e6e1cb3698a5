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

// results holds the values of every metric in the order of the passes, and the
// description of the machine.
type results struct {
	values            map[metric][]float64
	CPU, Goos, Goarch string
}

// benchName matches the names of the benchmarks. The testing package appends the
// number of processors unless it is 1.
var benchName = regexp.MustCompile(`^(\w+)/nodes=(\d+)/by=([\w-]*?)(?:-\d+)?$`)

// parse parses the output of benchmarks.
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
	m.nodes, _ = strconv.Atoi(part[2]) // the pattern matches digits only
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

// summary summarizes the values of a quantity in several passes.
type summary struct{ Median, Least, Most float64 }

// summary returns the summary of a quantity. Ratios are computed per pass, in
// which both sides ran within a minute of each other.
func (r *results) summary(q quantity) (summary, error) {
	of, to := r.values[q.of], r.values[q.to]
	switch {
	case len(of) == 0:
		return summary{}, fmt.Errorf("no measurement of %v", q.of)
	case q.to == metric{}:
		return summarize(of), nil
	case len(to) != len(of):
		return summary{}, fmt.Errorf("%d measurements of %v, but %d of %v", len(of), q.of, len(to), q.to)
	}
	ratios := make([]float64, len(of))
	for i := range of {
		ratios[i] = of[i] / to[i]
	}
	return summarize(ratios), nil
}

// median returns the median of a metric, or false if it was not measured.
func (r *results) median(m metric) (float64, bool) {
	s, err := r.summary(m.alone())
	return s.Median, err == nil
}

// summarize returns the summary of one or more values.
func summarize(values []float64) summary {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return summary{Median: (sorted[(n-1)/2] + sorted[n/2]) / 2, Least: sorted[0], Most: sorted[n-1]}
}
