package answer

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"testing"

	"github.com/proxenos/proxenos/internal/cli/place"
	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/mapper"
)

// The benchmark compares a stream with the minimum work of a program that
// processes lines: read chunks, find the ends of lines, write every line. Both read
// the ten million lines of seq 10000000 in reads of the size of a pipe.

const benchLines = 10_000_000

func seq(n int) []byte {
	var b []byte
	for i := 1; i <= n; i++ {
		b = append(strconv.AppendInt(b, int64(i), 10), '\n')
	}
	return b
}

// pipeSized reads at most 64 KiB at once, as from a pipe.
type pipeSized struct{ io.Reader }

func (p pipeSized) Read(b []byte) (int, error) { return p.Reader.Read(b[:min(len(b), 64<<10)]) }

func tenNodes() []mapper.Node {
	var nodes []mapper.Node
	for i := range 10 {
		nodes = append(nodes, mapper.Node{Name: fmt.Sprintf("node-%d", i), Addr: fmt.Sprintf("10.0.0.%d:8080", i)})
	}
	return nodes
}

func reportLines(b *testing.B) {
	b.ReportMetric(float64(benchLines)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mlines/s")
}

func BenchmarkBatch(b *testing.B) {
	input := seq(benchLines)
	b.Run("echo", func(b *testing.B) {
		for b.Loop() {
			if err := echo(pipeSized{bytes.NewReader(input)}, io.Discard); err != nil {
				b.Fatal(err)
			}
		}
		reportLines(b)
	})
	for _, algorithm := range place.Algorithms {
		if !slices.Contains([]string{"rendezvous", "table", "ring"}, algorithm.Name) {
			continue // python-proxenos takes minutes, and the others are rings
		}
		p := placed(b, algorithm.Name, tenNodes())
		for _, format := range []string{"text", "jsonl", "csv"} {
			b.Run("select/"+algorithm.Name+"/"+format, func(b *testing.B) {
				for b.Loop() {
					if err := selectAll(p, format, pipeSized{bytes.NewReader(input)}, io.Discard); err != nil {
						b.Fatal(err)
					}
				}
				reportLines(b)
			})
		}
	}
}

// echo copies a stream line by line through chunks of 256 KiB.
func echo(in io.Reader, out io.Writer) error {
	buf, lines := make([]byte, 256<<10), make([]byte, 0, 512<<10)
	rest := 0
	for {
		n, err := in.Read(buf[rest:])
		data := buf[:rest+n]
		lines = lines[:0]
		for {
			i := bytes.IndexByte(data, '\n')
			if i < 0 {
				break
			}
			lines = append(append(lines, data[:i]...), '\n')
			data = data[i+1:]
		}
		rest = copy(buf, data)
		if _, err := out.Write(lines); err != nil {
			return err
		}
		if err != nil {
			if err == io.EOF {
				err = nil
			}
			return err
		}
	}
}

// selectAll does the work of proxenos select -f ten.txt - without reading nodes.
func selectAll(p *place.Placement, format string, in io.Reader, out io.Writer) error {
	s := Selection{Stream: true, Count: 1}
	o := &Output{Many: true, Count: 1}
	if err := o.Set(format); err != nil {
		return err
	}
	return s.answerAll(context.Background(), &term.Streams{In: in}, o, p, &expectation{}, out)
}
