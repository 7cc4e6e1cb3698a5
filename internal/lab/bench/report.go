package main

import (
	_ "embed"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"text/template"

	"golang.org/x/sys/cpu"
)

// report is the data of the report's template.
type report struct {
	options
	found     *results
	Benchstat string
	GoVersion string
	Load      string // the load average at the start; may be empty
}

//go:embed report.md.tmpl
var layout string

var page = template.Must(template.New("report").Parse(layout))

// write writes the report to a file, or to standard output if path is "-".
func write(path string, r report) error {
	var text strings.Builder
	if err := page.Execute(&text, r); err != nil {
		return err
	}
	if path == "-" {
		_, err := os.Stdout.WriteString(text.String())
		return err
	}
	return os.WriteFile(path, []byte(text.String()), 0o644)
}

// AVX512 reports whether package rendezvous uses AVX-512 on this machine.
func (r report) AVX512() bool {
	return cpu.X86.HasAVX512F && cpu.X86.HasAVX512DQ
}

// Machine describes the machine.
func (r report) Machine() string {
	vector := "without AVX-512"
	if r.AVX512() {
		vector = "with AVX-512"
	}
	return fmt.Sprintf("%s, %d cores, %s; %s/%s", r.found.CPU, runtime.NumCPU(), vector, r.found.Goos, r.found.Goarch)
}

// Targets evaluates all targets.
func (r report) Targets() (list []targetResult, err error) {
	for _, t := range targets {
		result, err := t.evaluate(r.found, r.AVX512())
		if err != nil {
			return nil, err
		}
		list = append(list, result)
	}
	return list, nil
}

// Middle returns the median as text.
func (s summary) Middle() string { return figures(s.Median) }

// Range returns the minimum and the maximum of the passes, or "" if they are equal.
func (s summary) Range() string {
	if s.Least == s.Most {
		return ""
	}
	return figures(s.Least) + " to " + figures(s.Most)
}

// Crossings returns sentences about the crossings of our systems.
func (r report) Crossings() []crossing { return r.found.crossings() }

// Table returns a Markdown table with a row for each number of nodes and a column
// for each system. Values are multiplied by scale.
func (r report) Table(bench, unit string, scale float64) string {
	names := r.found.systems(bench, unit)
	var rows strings.Builder
	fmt.Fprintf(&rows, "| nodes | %s |\n|---:%s|\n", strings.Join(names, " | "), strings.Repeat("|---:", len(names)))
	for _, n := range r.found.sizes(bench, unit) {
		fmt.Fprintf(&rows, "| %d |", n)
		for _, by := range names {
			cell := " |"
			if median, ok := r.found.median(value(bench, n, by, unit)); ok {
				cell = " " + figures(median*scale) + " |"
			}
			rows.WriteString(cell)
		}
		rows.WriteString("\n")
	}
	return rows.String()
}

// figures formats x with three significant digits and without an exponent.
func figures(x float64) string {
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 3, 64), 64)
	if err != nil {
		return strconv.FormatFloat(x, 'g', 3, 64) // out of range
	}
	return strconv.FormatFloat(rounded, 'f', -1, 64)
}
