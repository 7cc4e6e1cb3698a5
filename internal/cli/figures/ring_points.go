package figures

import (
	"bufio"
	"context"
	"encoding/csv"
	"io"
	"iter"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/proxenos/proxenos/internal/cli/answer"
	"github.com/proxenos/proxenos/internal/cli/term"
)

// pointsOptions are the options of ring points.
type pointsOptions struct {
	ringOptions
	format term.Format[points]
}

// points are the points of a ring, of which there may be millions.
type points struct {
	all   iter.Seq2[uint64, int]
	nodes []answer.NodeView

	partial bool
}

func newRingPoints(std *term.Streams) *cobra.Command {
	o := &pointsOptions{ringOptions: ringOptions{std: std}}
	c := &cobra.Command{
		Use:   "points [flags]",
		Short: "List the points of a ring",
		Long: `List the points of a ring in ascending order, each with its node. Positions are
those of the program with which the algorithm agrees.`,
		Example: `  proxenos ring points -n a -n b --points 4
  proxenos ring points -a nginx -n 10.0.0.1:80 -n 10.0.0.2:80 -o csv`,
		Args: term.Args(),
		RunE: func(c *cobra.Command, _ []string) error {
			if err := o.parse(c); err != nil {
				return err
			}
			return o.run(c.Context())
		},
	}
	o.format.Bind(c, "text, json or csv",
		term.Writer[points]{Name: "text", Write: writePointsText},
		term.Writer[points]{Name: "json", Write: writePointsJSON},
		term.Writer[points]{Name: "csv", Write: writePointsCSV})
	o.bind(c)
	return c
}

func (o *pointsOptions) run(ctx context.Context) error {
	p, circle, err := o.circle(ctx)
	if err != nil {
		return err
	}
	buffered := bufio.NewWriterSize(o.std.Out, 64<<10)
	escaped := o.format.Is("text") || o.format.Is("csv") && term.IsTerminal(o.std.Out)
	if err := o.format.Write(buffered, points{circle.Points(), answer.EscapedViews(p.Nodes, escaped), p.Partial}); err != nil {
		return err
	}
	return term.WithCode(term.ErrIO, buffered.Flush())
}

func writePointsText(w io.Writer, p points) error {
	var line []byte
	for position, i := range p.all {
		line = strconv.AppendUint(line[:0], position, 10)
		line = append(append(append(line, '\t'), p.nodes[i].Address...), '\n')
		if _, err := w.Write(line); err != nil {
			return err
		}
	}
	return nil
}

func writePointsCSV(w io.Writer, p points) error {
	rows := csv.NewWriter(w)
	if err := rows.Write([]string{"position", "id", "address"}); err != nil {
		return err
	}
	for position, i := range p.all {
		if err := rows.Write([]string{strconv.FormatUint(position, 10), p.nodes[i].ID, p.nodes[i].Address}); err != nil {
			return err
		}
	}
	rows.Flush()
	return rows.Error()
}

// pointView is a point in JSON. The position is a string, as many programs limit
// JSON numbers to 53 bits.
type pointView struct {
	Position string `json:"position"`
	ID       string `json:"id"`
	Address  string `json:"address"`
}

func writePointsJSON(w io.Writer, p points) error {
	before := `{"schema":"proxenos.points/v1","points":[` + "\n"
	if p.partial {
		before = `{"schema":"proxenos.points/v1","partial":true,"points":[` + "\n"
	}
	buffer := term.NewJSONBuffer("", "")
	for position, i := range p.all {
		point, err := buffer.Encode(pointView{strconv.FormatUint(position, 10), p.nodes[i].ID, p.nodes[i].Address})
		if err != nil {
			return err
		}
		if _, err := io.WriteString(w, before+strings.TrimSuffix(string(point), "\n")); err != nil {
			return err
		}
		before = ",\n"
	}
	_, err := io.WriteString(w, "\n]}\n")
	return err
}
