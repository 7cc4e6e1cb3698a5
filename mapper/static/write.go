package static

import (
	"io"

	"github.com/proxenos/proxenos/internal/nodelist"
	"github.com/proxenos/proxenos/mapper"
)

// WriteText writes one node a line, as Parse reads them: the nodes come back
// equal and in the same order. Nodes that Parse would reject are an error, and
// then nothing is written.
func WriteText(w io.Writer, nodes []mapper.Node) error {
	return exported(nodelist.WriteText(w, listOf(nodes)))
}

// WriteJSON writes an object with the schema and the nodes, one node a line, as
// Parse reads it. It rejects what WriteText rejects.
func WriteJSON(w io.Writer, nodes []mapper.Node) error {
	return exported(nodelist.WriteJSON(w, nodelist.Document{Nodes: listOf(nodes)}))
}
