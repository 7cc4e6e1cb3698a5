package figures

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"io"
	"slices"
	"strings"

	"github.com/proxenos/proxenos/internal/cli/answer"
	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/mapper"
)

// moves lists the keys that move, in the order of the keys, for a migration. A nil
// *moves lists nothing.
type moves struct {
	moveFormat
	file     io.WriteCloser
	out      io.Writer    // to file
	written  func() error // the error of writing, which does not end the measurement
	before   []answer.NodeView
	after    []answer.NodeView
	terminal bool
}

// moveFormat is a format of the list.
type moveFormat struct {
	suffix      string // of the file
	header      string
	escaped     bool // nodes are shown escaped
	newRecorder func(*moves) moveRecorder
}

// moveRecorder appends a move to dst. It belongs to one goroutine.
type moveRecorder func(dst []byte, key string, from, to int) []byte

// moveFormats are the formats. The last takes any file.
var moveFormats = []moveFormat{
	{suffix: ".jsonl", newRecorder: (*moves).jsonRecorder},
	{suffix: ".csv", header: "key,from,from_address,to,to_address\n", newRecorder: (*moves).csvRecorder},
	{escaped: true, newRecorder: (*moves).textRecorder},
}

// openMoves opens a list of moves. The extension of path selects the format; "-" is
// standard output. If gated, all keys are counted, even if the list cannot be
// written.
func openMoves(path string, std *term.Streams, before, after []mapper.Node, gated bool) (*moves, error) {
	m := newMoves(path, before, after)
	file, err := std.OpenStream("--moves-out", path)
	if err != nil {
		return nil, err
	}
	m.file, m.out, m.terminal = file, file, path == "-" && term.IsTerminal(std.Out)
	if gated {
		m.out, m.written = term.PastErrors(file)
	}
	return m, nil
}

// newMoves returns a list without a file, in the format for path.
func newMoves(path string, before, after []mapper.Node) *moves {
	i := slices.IndexFunc(moveFormats, func(f moveFormat) bool { return strings.HasSuffix(path, f.suffix) })
	m := &moves{moveFormat: moveFormats[i]}
	m.before, m.after = answer.Views(before, m.escaped), answer.Views(after, m.escaped)
	return m
}

func (m *moves) writer() io.Writer {
	if m == nil {
		return io.Discard
	}
	return m.out
}

// close closes the list. It returns the error of writing it.
func (m *moves) close() error {
	if m == nil {
		return nil
	}
	closed := term.WithCode(term.ErrIO, m.file.Close())
	if m.written == nil {
		return closed
	}
	return cmp.Or(m.written(), closed)
}

// head returns the header of the list.
func (m *moves) head() string {
	if m == nil {
		return ""
	}
	return m.header
}

// recorder returns a function that appends moves, or nil.
func (m *moves) recorder() moveRecorder {
	if m == nil {
		return nil
	}
	return m.newRecorder(m)
}

// textRecorder appends the key and the IDs of both nodes, separated by tabs.
func (m *moves) textRecorder() moveRecorder {
	return func(dst []byte, key string, from, to int) []byte {
		if m.terminal {
			dst = term.AppendPrintable(dst, key)
		} else {
			dst = term.AppendLine(dst, key)
		}
		dst = append(append(dst, '\t'), m.before[from].ID...)
		dst = append(append(dst, '\t'), m.after[to].ID...)
		return append(dst, '\n')
	}
}

// move is a line of JSON output.
type move struct {
	Key       string `json:"key"`
	KeyBase64 string `json:"key_base64,omitempty"`
	From      string `json:"from"`
	To        string `json:"to"`
}

func (m *moves) jsonRecorder() moveRecorder {
	buf := term.NewJSONBuffer("", "")
	return func(dst []byte, key string, from, to int) []byte {
		line, err := buf.Encode(move{key, term.Base64IfNotUTF8(key), m.before[from].ID, m.after[to].ID})
		if err != nil {
			return dst // cannot happen: strings always encode
		}
		return append(dst, line...)
	}
}

func (m *moves) csvRecorder() moveRecorder {
	var buf bytes.Buffer
	rows := csv.NewWriter(&buf)
	return func(dst []byte, key string, from, to int) []byte {
		a, b := &m.before[from], &m.after[to]
		buf.Reset()
		if err := rows.Write([]string{key, a.ID, a.Address, b.ID, b.Address}); err != nil {
			return dst // cannot happen: a buffer takes every row
		}
		rows.Flush()
		return append(dst, buf.Bytes()...)
	}
}
