package cli

import (
	"bytes"
	"encoding/csv"
	"strconv"
)

// csvHeader names the columns: a row for every owner of every key.
const csvHeader = "key,rank,id,address,weight,zone\n"

// csvEncoder writes a row for every owner, ranked from 1.
type csvEncoder struct {
	views    []nodeView
	terminal bool
	buf      bytes.Buffer
	rows     *csv.Writer
	row      []string
}

func newCSVEncoding(o *outputOptions, p *placement) *encoding {
	views := viewsOf(p.nodes, o.terminal)
	return &encoding{head: csvHeader, newEncoder: func() encoder {
		e := &csvEncoder{views: views, terminal: o.terminal}
		e.rows = csv.NewWriter(&e.buf)
		return e
	}}
}

func (e *csvEncoder) encode(dst []byte, key string, owners []int) ([]byte, error) {
	if e.terminal {
		key = printable(key)
	}
	e.buf.Reset()
	for rank, i := range owners {
		v := &e.views[i]
		e.row = append(e.row[:0], key, strconv.Itoa(rank+1), v.ID, v.Address, number(v.Weight), v.Zone)
		if err := e.rows.Write(e.row); err != nil {
			return dst, err
		}
	}
	e.rows.Flush()
	return append(dst, e.buf.Bytes()...), e.rows.Error()
}
