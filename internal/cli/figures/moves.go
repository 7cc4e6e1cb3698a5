package figures

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"os"
	"strings"

	"github.com/proxenos/proxenos/internal/cli/answer"
	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/mapper"
)

// moves lists the keys that move, in the order of the keys, for a migration. A nil
// *moves lists nothing.
type moves struct {
	file     io.WriteCloser
	before   []answer.NodeView
	after    []answer.NodeView
	format   string // jsonl, csv or text
	terminal bool
}

// openMoves opens a list of moves. The extension of path selects the format; "-" is
// standard output.
func openMoves(path string, std *term.Streams, before, after []mapper.Node) (*moves, error) {
	m := &moves{format: "text", file: nopCloser{std.Out}, terminal: path == "-" && term.IsTerminal(std.Out)}
	switch {
	case strings.HasSuffix(path, ".jsonl"):
		m.format = "jsonl"
	case strings.HasSuffix(path, ".csv"):
		m.format = "csv"
	}
	escaped := m.format == "text"
	m.before, m.after = answer.Views(before, escaped), answer.Views(after, escaped)
	if path != "-" {
		f, err := os.Create(path)
		if err != nil {
			return nil, term.Hint(err, "--moves-out names a file to write; .csv and .jsonl select the format")
		}
		m.file = f
	}
	return m, nil
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }

func (m *moves) writer() io.Writer {
	if m == nil {
		return io.Discard
	}
	return m.file
}

func (m *moves) close(err error) error {
	if m == nil {
		return err
	}
	return errors.Join(err, term.WithCode(term.ErrIO, m.file.Close()))
}

// head returns the header of the list.
func (m *moves) head() string {
	if m != nil && m.format == "csv" {
		return "key,from,from_address,to,to_address\n"
	}
	return ""
}

// recorder returns a function that appends a move, for one goroutine.
func (m *moves) recorder() func(dst []byte, key string, from, to int) []byte {
	switch {
	case m == nil:
		return nil
	case m.format == "jsonl":
		return m.jsonRecorder()
	case m.format == "csv":
		return m.csvRecorder()
	default:
		return m.appendText
	}
}

// appendText appends the key and the IDs of both nodes, separated by tabs.
func (m *moves) appendText(dst []byte, key string, from, to int) []byte {
	if m.terminal {
		dst = term.AppendPrintable(dst, key)
	} else {
		dst = term.AppendLine(dst, key)
	}
	dst = append(append(dst, '\t'), m.before[from].ID...)
	dst = append(append(dst, '\t'), m.after[to].ID...)
	return append(dst, '\n')
}

// move is a line of JSON output.
type move struct {
	Key       string `json:"key"`
	KeyBase64 string `json:"key_base64,omitempty"`
	From      string `json:"from"`
	To        string `json:"to"`
}

func (m *moves) jsonRecorder() func([]byte, string, int, int) []byte {
	buf := term.NewJSONBuffer("", "")
	return func(dst []byte, key string, from, to int) []byte {
		line, err := buf.Encode(move{key, term.Base64IfNotUTF8(key), m.before[from].ID, m.after[to].ID})
		if err != nil {
			return dst // cannot happen: strings always encode
		}
		return append(dst, line...)
	}
}

func (m *moves) csvRecorder() func([]byte, string, int, int) []byte {
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
