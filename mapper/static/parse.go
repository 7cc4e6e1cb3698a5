package static

import (
	"bytes"
	"io"
	"path/filepath"
	"strings"

	"github.com/proxenos/proxenos/internal/nodelist"
	"github.com/proxenos/proxenos/mapper"
)

// Schema is what the "schema" of a JSON or YAML list must be if it has one.
const Schema = nodelist.Schema

// The greatest sizes of lists in bytes. Text and JSON are read in linear time,
// and have room for some hundred thousand nodes; the YAML parser gets less.
const (
	MaxSize     = 64 << 20 // of text and JSON
	MaxYAMLSize = 1 << 20
)

// byteOrderMark is what some editors begin a file with.
var byteOrderMark = []byte("\ufeff")

// Parse reads a list of nodes in the order given. The name chooses the format as
// the package comment says, and appears in errors; it may be empty. A list that
// is wrong is an [*Error]. With the nodes of a list with "partial": true, it
// returns a [*mapper.PartialError].
func Parse(data []byte, name string) ([]mapper.Node, error) {
	if name == "" {
		name = "nodes"
	}
	d, err := parse(bytes.TrimPrefix(data, byteOrderMark), name)
	switch {
	case err != nil:
		return nil, exported(err)
	case d.Partial:
		err := errorf(name, "the list is partial: its writer left out records")
		return nodesOf(d.Nodes), &mapper.PartialError{Skipped: []error{err}}
	}
	return nodesOf(d.Nodes), nil
}

func parse(data []byte, name string) (d nodelist.Document, err error) {
	format := formatOf(data, name)
	if err := checkSize(int64(len(data)), name, format); err != nil {
		return d, err
	}
	if format == formatJSON {
		return nodelist.ParseJSON(data, name)
	}
	if err := nodelist.CheckBytes(data, name); err != nil {
		return d, err
	}
	if format == formatYAML {
		return parseYAML(data, name)
	}
	if format == formatCSV {
		d.Nodes, err = nodelist.ParseCSV(data, name)
	} else {
		d.Nodes, err = nodelist.ParseText(data, name)
	}
	return d, err
}

// nodesOf converts a list; nil stays nil.
func nodesOf(list []nodelist.Node) []mapper.Node {
	if list == nil {
		return nil
	}
	nodes := make([]mapper.Node, len(list))
	for i, n := range list {
		nodes[i] = mapper.Node(n)
	}
	return nodes
}

// listOf is nodesOf backwards.
func listOf(nodes []mapper.Node) []nodelist.Node {
	list := make([]nodelist.Node, len(nodes))
	for i, n := range nodes {
		list[i] = nodelist.Node(n)
	}
	return list
}

// checkSize rejects what is too large for its format.
func checkSize(size int64, name string, f format) error {
	most, what := int64(MaxSize), "a list of nodes"
	if f == formatYAML {
		most, what = MaxYAMLSize, "a list of nodes in YAML"
	}
	if size > most {
		return errorf(name, "larger than %d bytes (%d MiB), the most %s may have", most, most>>20, what)
	}
	return nil
}

// parseFrom reads no more than it takes to know that there is too much.
func parseFrom(r io.Reader, name string) ([]mapper.Node, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxSize+1))
	if err != nil {
		return nil, &Error{Source: name, Err: err}
	}
	return Parse(data, name)
}

type format int

const (
	formatText format = iota
	formatJSON
	formatYAML
	formatCSV
)

// formatOf goes by the extension, else by the content. What the program wrote
// under the name of another format is JSON still.
func formatOf(data []byte, name string) format {
	if nodelist.LooksWritten(data) {
		return formatJSON
	}
	switch strings.ToLower(filepath.Ext(name)) {
	case ".json":
		return formatJSON
	case ".yaml", ".yml":
		return formatYAML
	case ".csv":
		return formatCSV
	}
	switch {
	case nodelist.LooksLikeJSON(data):
		return formatJSON
	case nodelist.LooksLikeYAML(data):
		return formatYAML
	case nodelist.LooksLikeCSV(data):
		return formatCSV
	}
	return formatText
}
