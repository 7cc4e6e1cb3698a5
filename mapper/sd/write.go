package sd

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/proxenos/proxenos/mapper"
)

// Write writes nodes as a list in JSON for file_sd or http_sd: one target group
// per node, with the labels named above. The target is the address, or the ID
// of a node without one. Characters that a label name may not hold become
// underscores in the names of metadata; names that become the same are an
// error.
func Write(w io.Writer, nodes []mapper.Node) error {
	groups := make([]group, 0, len(nodes))
	for _, n := range nodes {
		labels, err := labelsOf(n)
		if err != nil {
			return err
		}
		groups = append(groups, group{Targets: []string{n.Address()}, Labels: labels})
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(groups)
}

func labelsOf(n mapper.Node) (map[string]string, error) {
	labels := map[string]string{LabelID: n.Name}
	if n.Weight != 0 {
		labels[LabelWeight] = strconv.FormatFloat(n.Weight, 'g', -1, 64)
	}
	if n.Zone != "" {
		labels[LabelZone] = n.Zone
	}
	if n.Domain != "" {
		labels[LabelDomain] = n.Domain
	}
	if n.Drain {
		labels[LabelDrain] = "true"
	}
	if len(n.Tags) > 0 {
		labels[LabelTags] = "," + strings.Join(n.Tags, ",") + ","
	}
	for key, value := range n.Meta {
		label := LabelMeta + strings.Map(labelRune, key)
		if _, taken := labels[label]; taken {
			return nil, fmt.Errorf("node %q: two keys of its metadata become the label %q", n.Name, label)
		}
		labels[label] = value
	}
	return labels, nil
}

// labelRune replaces what a label name of Prometheus may not hold.
func labelRune(r rune) rune {
	if r < 0x80 && (r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z') {
		return r
	}
	return '_'
}
