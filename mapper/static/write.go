package static

import (
	"bufio"
	"encoding/json"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/proxenos/proxenos/mapper"
)

// WriteText writes one node a line, as Parse reads them: the nodes come back
// equal and in the same order. Nodes that Parse would refuse are an error,
// and then nothing is written.
func WriteText(w io.Writer, nodes []mapper.Node) error {
	if err := checkAll(nodes); err != nil {
		return err
	}
	b := bufio.NewWriter(w)
	for _, n := range nodes {
		for i, f := range textFields(n) {
			if i > 0 {
				_ = b.WriteByte(' ') // Flush reports it
			}
			_, _ = b.WriteString(f)
		}
		_ = b.WriteByte('\n')
	}
	return b.Flush()
}

// WriteJSON writes an object with the schema and the nodes, one node a line,
// as Parse reads it. It refuses what WriteText refuses.
func WriteJSON(w io.Writer, nodes []mapper.Node) error {
	if err := checkAll(nodes); err != nil {
		return err
	}
	b := bufio.NewWriter(w)
	_, _ = b.WriteString(`{"schema":"` + Schema + `","nodes":[`)
	for i, n := range nodes {
		if i > 0 {
			_ = b.WriteByte(',')
		}
		line, err := json.Marshal(n)
		if err != nil {
			return err
		}
		_, _ = b.WriteString("\n ")
		_, _ = b.Write(line)
	}
	_, _ = b.WriteString("\n]}\n")
	return b.Flush()
}

func checkAll(nodes []mapper.Node) error {
	_, err := New(nodes)
	return err
}

// textFields are the words of a node's line.
func textFields(n mapper.Node) []string {
	out := []string{textID(n.Name)}
	if n.Addr != "" {
		out = append(out, textWord(n.Addr, n.Addr == "drain"))
	}
	if n.Weight != 0 {
		out = append(out, "w="+strconv.FormatFloat(n.Weight, 'g', -1, 64))
	}
	if n.Drain {
		out = append(out, "drain")
	}
	if n.Zone != "" {
		out = append(out, "zone="+textWord(n.Zone, false))
	}
	out = append(out, textTags(n.Tags)...)
	for _, key := range slices.Sorted(maps.Keys(n.Meta)) {
		_, reserved := options[strings.ToLower(key)]
		reserved = reserved || strings.EqualFold(key, "id")
		out = append(out, textWord(key, reserved)+"="+textWord(n.Meta[key], n.Meta[key] == ""))
	}
	return out
}

// textID quotes an ID that would make the list look like another format.
func textID(id string) string {
	b := []byte(id + " ")
	return textWord(id, startsJSON(b) || startsYAML(b) || id == "[")
}

// textTags keeps each tag whole.
func textTags(tags []string) []string {
	awkward := func(tag string) bool {
		return tag == "" || strings.Contains(tag, ",") || textWord(tag, false) != tag
	}
	if len(tags) > 0 && !slices.ContainsFunc(tags, awkward) {
		return []string{"tags=" + strings.Join(tags, ",")}
	}
	var out []string
	for _, tag := range tags {
		out = append(out, "tag="+textWord(tag, tag == ""))
	}
	return out
}

// textWord quotes a word that must be, or that cannot stand bare.
func textWord(word string, must bool) string {
	bare := func(r rune) bool { return unicode.IsPrint(r) && r != ' ' && r != '"' && r != '=' }
	if must || strings.HasPrefix(word, "#") || strings.IndexFunc(word, func(r rune) bool { return !bare(r) }) >= 0 {
		return strconv.Quote(word)
	}
	return word
}
