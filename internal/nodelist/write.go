package nodelist

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// WriteText writes one node a line, as ParseText reads them. Nodes that the
// parser would reject are an error, and then nothing is written.
func WriteText(w io.Writer, nodes []Node) error {
	if _, err := Build(nodes); err != nil {
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

// WriteJSON writes an object with the schema, the time and the nodes, one node a
// line, as ParseJSON reads it. It rejects what WriteText rejects.
func WriteJSON(w io.Writer, d Document) error {
	if _, err := Build(d.Nodes); err != nil {
		return err
	}
	b := bufio.NewWriter(w)
	_, _ = b.WriteString(`{"schema":"` + Schema + `",`) // Flush reports it
	if !d.Saved.IsZero() {
		_, _ = b.WriteString(`"saved":"` + d.Saved.UTC().Format(time.RFC3339Nano) + `",`)
	}
	if d.Query != "" {
		query, err := json.Marshal(d.Query)
		if err != nil {
			return err
		}
		_, _ = b.WriteString(`"query":` + string(query) + `,`)
	}
	if d.Partial {
		_, _ = b.WriteString(`"partial":true,`)
	}
	_, _ = b.WriteString(`"nodes":[`)
	for i, n := range d.Nodes {
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

// Build checks nodes that are given in code, and settles IDs given twice.
func Build(nodes []Node) ([]Node, error) {
	var b Builder
	for i, n := range nodes {
		if err := b.Add(n, Place{Source: fmt.Sprintf("node %d", i+1)}); err != nil {
			return nil, err
		}
	}
	return b.Nodes(), nil
}

// textFields returns the words of a node's line.
func textFields(n Node) []string {
	out := []string{textID(n.Name)}
	if n.Addr != "" {
		out = append(out, textWord(n.Addr, n.Addr == "drain" || strings.Contains(n.Addr, ",")))
	}
	if n.Weight != 0 {
		out = append(out, "w="+strconv.FormatFloat(n.Weight, 'g', -1, 64))
	}
	if n.Drain {
		out = append(out, "drain")
	}
	if n.Zone != "" {
		out = append(out, "zone="+textWord(n.Zone, strings.Contains(n.Zone, ",")))
	}
	if n.Domain != "" {
		out = append(out, "domain="+textWord(n.Domain, strings.Contains(n.Domain, ",")))
	}
	out = append(out, textTags(n.Tags)...)
	for _, key := range slices.Sorted(maps.Keys(n.Meta)) {
		_, reserved := options[strings.ToLower(key)]
		reserved = reserved || strings.EqualFold(key, "id")
		out = append(out, textWord(key, reserved)+"="+textWord(n.Meta[key], n.Meta[key] == ""))
	}
	return out
}

// textID returns the ID, quoted if it holds a comma or would make the list look
// like another format or the line like a header.
func textID(id string) string {
	b := []byte(id + " ")
	return textWord(id, strings.EqualFold(id, "id") || looksLikeHeader(id) || LooksLikeJSON(b) || LooksLikeYAML(b) || id == "[" || strings.Contains(id, ","))
}

// textTags returns the words for the tags, such that each tag stays whole.
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

// textWord returns a word, quoted if it must be or cannot stand bare.
func textWord(word string, must bool) string {
	bare := func(r rune) bool { return unicode.IsPrint(r) && r != ' ' && r != '"' && r != '=' }
	if must || strings.HasPrefix(word, "#") || strings.IndexFunc(word, func(r rune) bool { return !bare(r) }) >= 0 {
		return strconv.Quote(word)
	}
	return word
}
