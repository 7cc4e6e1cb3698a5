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

// report is what the template of the report is filled with.
type report struct {
	options
	found     *results
	Benchstat string
	GoVersion string
	Load      string // when the run began; may be empty
}

//go:embed report.md.tmpl
var layout string

var page = template.Must(template.New("report").Parse(layout))

// write makes the report and puts it into a file, or on standard output.
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

// AVX512 is what package rendezvous asks for before it uses AVX-512.
func (r report) AVX512() bool {
	return cpu.X86.HasAVX512F && cpu.X86.HasAVX512DQ
}

// Machine is what the numbers depend on.
func (r report) Machine() string {
	vector := "without AVX-512"
	if r.AVX512() {
		vector = "with AVX-512"
	}
	return fmt.Sprintf("%s, %d cores, %s; %s/%s", r.found.CPU, runtime.NumCPU(), vector, r.found.Goos, r.found.Goarch)
}

// Verdicts judge every target.
func (r report) Verdicts() (list []verdict, err error) {
	for _, t := range targets {
		v, err := t.judge(r.found, r.AVX512())
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

// Middle is the median in words.
func (s summary) Middle() string { return figures(s.Median) }

// Range is the least and the greatest of several passes that differ.
func (s summary) Range() string {
	if s.Least == s.Most {
		return ""
	}
	return figures(s.Least) + " to " + figures(s.Most)
}

// Crossings are sentences.
func (r report) Crossings() []crossing { return r.found.crossings() }

// Table has a line for each number of nodes and a column for each system that
// a benchmark measured. Values are multiplied by scale.
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

// figures rounds to three of them, and never writes an exponent.
func figures(x float64) string {
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 3, 64), 64)
	if err != nil {
		return strconv.FormatFloat(x, 'g', 3, 64) // beyond what a number can be
	}
	return strconv.FormatFloat(rounded, 'f', -1, 64)
}
