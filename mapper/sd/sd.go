// Package sd reads and writes lists of nodes in the format of Prometheus service
// discovery: files for file_sd, and the answers of http_sd.
//
//	[{"targets": ["10.0.0.1:80", "10.0.0.2:80"], "labels": {"zone": "eu"}}]
//
// Read a file with [static.File] and an endpoint with [httplist.Source], each with
// [Labels.Parse] as its Parse. Both formats are described at
// https://prometheus.io/docs/prometheus/latest/configuration/configuration/#file_sd_config
// and https://prometheus.io/docs/prometheus/latest/http_sd/.
//
// Each target is a node with the target as its address. Labels give its ID,
// weight, zone, domain and drain. [Write] writes these labels under names that begin with
// __meta_proxenos_, and Labels reads them by default. All other labels, __meta_*
// of other discoveries included, become metadata.
package sd

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/proxenos/proxenos/internal/nodelist"
	"github.com/proxenos/proxenos/mapper"
)

// Labels of nodes that [Write] writes.
const (
	LabelID     = "__meta_proxenos_id"
	LabelWeight = "__meta_proxenos_weight"
	LabelZone   = "__meta_proxenos_zone"
	LabelDomain = "__meta_proxenos_domain"
	LabelDrain  = "__meta_proxenos_drain"
	LabelTags   = "__meta_proxenos_tags" // ",a,b,", as Prometheus writes lists
	LabelMeta   = "__meta_proxenos_meta_"
)

// MaxYAMLSize is the most bytes of a list in YAML. Lists in JSON are bounded
// where they are read.
const MaxYAMLSize = 1 << 20

// Labels names the labels that hold what placement uses. The zero value names
// those that [Write] writes.
type Labels struct {
	// Identity is the label that holds the ID of a node. A target without that
	// label is left out, and the set is partial. Empty means [LabelID], and the
	// target itself where it is missing.
	Identity string
	// Weight, Zone, Domain and Drain are labels. Empty means [LabelWeight],
	// [LabelZone], [LabelDomain] and [LabelDrain]. A node without one has weight
	// 1, no zone, no domain and is not drained. A weight of 0 drains too.
	Weight, Zone, Domain, Drain string
}

// group is a target group.
type group struct {
	Targets []string          `json:"targets" yaml:"targets"`
	Labels  map[string]string `json:"labels" yaml:"labels"`
	Source  string            `json:"source,omitzero" yaml:"source,omitempty"` // Prometheus has it, and uses it for messages
}

// Parse reads a list in JSON, or in YAML if it does not begin as JSON does. The
// nodes are sorted by name. The name of the list appears in errors.
//
// A target that cannot be a node is left out: with the others, Parse returns a
// [*mapper.PartialError]. Targets with one ID and different data are an error,
// since either may be right.
func (l Labels) Parse(data []byte, name string) ([]mapper.Node, error) {
	groups, err := groupsOf(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	seen := map[string]mapper.Node{}
	var skipped []error
	for i, g := range groups {
		for _, target := range g.Targets {
			n, err := l.node(target, g.Labels)
			if err != nil {
				skipped = append(skipped, fmt.Errorf("%s: target %q of group %d: %w", name, target, i+1, err))
				continue
			}
			if before, twice := seen[n.Name]; twice {
				return nil, fmt.Errorf("%s: target %q of group %d: node %q was given before, by target %q: remove one of them", name, target, i+1, n.Name, before.Addr)
			}
			seen[n.Name] = n
		}
	}
	nodes := slices.SortedFunc(maps.Values(seen), func(a, b mapper.Node) int { return cmp.Compare(a.Name, b.Name) })
	if len(skipped) > 0 {
		return nodes, &mapper.PartialError{Skipped: skipped}
	}
	return nodes, nil
}

// groupsOf decodes a list. Prometheus rejects unknown fields too.
func groupsOf(data []byte) (groups []group, err error) {
	text := bytes.TrimSpace(data)
	switch {
	case len(text) == 0:
		return nil, errors.New("it is empty, as a list that is being written; a list without targets is []")
	case text[0] == '[' || text[0] == '{':
		d := json.NewDecoder(bytes.NewReader(text))
		d.DisallowUnknownFields()
		if err = d.Decode(&groups); err == nil && d.More() {
			err = errors.New("text follows the list")
		}
	case len(text) > MaxYAMLSize:
		return nil, fmt.Errorf("larger than %d MiB, the most a list in YAML may have", MaxYAMLSize>>20)
	default:
		d := yaml.NewDecoder(bytes.NewReader(text))
		d.KnownFields(true)
		err = d.Decode(&groups)
	}
	if err != nil {
		return nil, fmt.Errorf("not a list of target groups, such as [{\"targets\": [\"10.0.0.1:80\"]}]: %s", oneLine(err))
	}
	return groups, nil
}

// oneLine returns an error of a parser on one line.
func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }

// node reads a target with the labels of its group.
func (l Labels) node(target string, labels map[string]string) (mapper.Node, error) {
	identity := cmp.Or(l.Identity, LabelID)
	id, given := labels[identity]
	switch {
	case given:
	case l.Identity != "":
		return mapper.Node{}, fmt.Errorf("it lacks the label %q, which holds the ID", l.Identity)
	default:
		id = target
	}
	n := mapper.Node{Name: id, Addr: target, Zone: labels[cmp.Or(l.Zone, LabelZone)], Domain: labels[cmp.Or(l.Domain, LabelDomain)], Tags: tagsOf(labels[LabelTags])}
	if err := l.setWeight(&n, labels); err != nil {
		return mapper.Node{}, err
	}
	n.Meta = l.metaOf(labels)
	return n, nodelist.Check(nodelist.Node(n))
}

func (l Labels) setWeight(n *mapper.Node, labels map[string]string) error {
	name := cmp.Or(l.Drain, LabelDrain)
	if text := labels[name]; text != "" {
		drain, err := strconv.ParseBool(text)
		if err != nil {
			return fmt.Errorf("label %q: %q must be true or false", name, text)
		}
		n.Drain = drain
	}
	name = cmp.Or(l.Weight, LabelWeight)
	text := labels[name]
	if text == "" {
		return nil
	}
	weight, err := strconv.ParseFloat(text, 64)
	if err != nil || !(weight >= 0 && weight <= mapper.MaxWeight) {
		return fmt.Errorf("label %q: %q must be a number from 0 to %g", name, text, float64(mapper.MaxWeight))
	}
	if n.Weight = weight; weight == 0 {
		n.Weight, n.Drain = 0, true // and no negative zero
	}
	return nil
}

// metaOf returns the labels that are not otherwise used.
func (l Labels) metaOf(labels map[string]string) map[string]string {
	used := []string{
		cmp.Or(l.Identity, LabelID), cmp.Or(l.Weight, LabelWeight), cmp.Or(l.Zone, LabelZone),
		cmp.Or(l.Domain, LabelDomain), cmp.Or(l.Drain, LabelDrain), LabelTags,
	}
	var meta map[string]string
	for label, value := range labels {
		if slices.Contains(used, label) {
			continue
		}
		if meta == nil {
			meta = map[string]string{}
		}
		meta[metaName(label, labels)] = value
	}
	return meta
}

// metaName drops the prefix of labels that Write wrote, unless another label has
// the rest as its name.
func metaName(label string, labels map[string]string) string {
	name := strings.TrimPrefix(label, LabelMeta)
	if _, taken := labels[name]; name == "" || taken {
		return label
	}
	return name
}

func tagsOf(text string) []string {
	text = strings.Trim(text, ",")
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

// IsSD reports whether a list looks like one of Prometheus service discovery,
// for a hint where it was read as another format.
func IsSD(data []byte, name string) bool {
	if filepath.Ext(name) == ".txt" || len(data) > MaxYAMLSize {
		return false
	}
	groups, err := groupsOf(data)
	return err == nil && len(groups) > 0 && len(groups[0].Targets) > 0
}
