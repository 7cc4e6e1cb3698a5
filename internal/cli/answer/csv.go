package answer

import (
	"bytes"
	"encoding/csv"
	"strconv"

	"github.com/proxenos/proxenos/internal/cli/place"
	"github.com/proxenos/proxenos/internal/cli/term"
)

// csvHeader is the header. There is a row for every owner of every key.
const csvHeader = "key,rank,id,address,weight,zone\n"

// csvRecord writes a row for every owner, ranked from 1.
type csvRecord struct {
	views    []NodeView
	terminal bool
	buf      bytes.Buffer
	rows     *csv.Writer
	row      []string
}

func csvWriter(o *Output, p *place.Placement) *writer {
	views := Views(p.Nodes, o.Terminal)
	return pasted(p, frame{head: csvHeader}, func() record {
		r := &csvRecord{views: views, terminal: o.Terminal}
		r.rows = csv.NewWriter(&r.buf)
		return r.append
	}, plainCSV)
}

// plainCSV reports whether the keys are the same in a field of CSV, without quotes.
// They have no space, which is quoted at the beginning, and no backslash, as `\.` is
// quoted.
func plainCSV(keys []byte, delimiter byte) bool {
	return term.IsPlain(keys, delimiter, '!', `",\`)
}

func (r *csvRecord) append(dst []byte, key string, owners []int) ([]byte, error) {
	if r.terminal {
		key = term.Printable(key)
	}
	r.buf.Reset()
	for rank, i := range owners {
		v := &r.views[i]
		r.row = append(r.row[:0], key, strconv.Itoa(rank+1), v.ID, v.Address, term.Number(v.Weight), v.Zone)
		if err := r.rows.Write(r.row); err != nil {
			return dst, err
		}
	}
	r.rows.Flush()
	return append(dst, r.buf.Bytes()...), r.rows.Error()
}
