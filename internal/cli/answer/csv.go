package answer

import (
	"bytes"
	"encoding/csv"
	"strconv"

	"github.com/proxenos/proxenos/internal/cli/place"
	"github.com/proxenos/proxenos/internal/cli/term"
)

// csvHeader names the columns: a row for every owner of every key.
const csvHeader = "key,rank,id,address,weight,zone\n"

// csvEncoder writes a row for every owner, ranked from 1.
type csvEncoder struct {
	views    []NodeView
	terminal bool
	buf      bytes.Buffer
	rows     *csv.Writer
	row      []string
}

func newCSVEncoding(o *Output, p *place.Placement) *Encoding {
	views := Views(p.Nodes, o.Terminal)
	return &Encoding{Head: csvHeader, newEncoder: func() encoder {
		e := &csvEncoder{views: views, terminal: o.Terminal}
		e.rows = csv.NewWriter(&e.buf)
		return e
	}}
}

func (e *csvEncoder) encode(dst []byte, key string, owners []int) ([]byte, error) {
	if e.terminal {
		key = term.Printable(key)
	}
	e.buf.Reset()
	for rank, i := range owners {
		v := &e.views[i]
		e.row = append(e.row[:0], key, strconv.Itoa(rank+1), v.ID, v.Address, term.Number(v.Weight), v.Zone)
		if err := e.rows.Write(e.row); err != nil {
			return dst, err
		}
	}
	e.rows.Flush()
	return append(dst, e.buf.Bytes()...), e.rows.Error()
}
