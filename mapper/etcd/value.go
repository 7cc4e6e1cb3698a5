package etcd

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/proxenos/proxenos/internal/nodelist"
	"github.com/proxenos/proxenos/mapper"
)

// nodes returns the nodes of the values, sorted by name, and an error for each
// value that was left out. Of two keys that contradict each other, neither is
// taken: nothing says which one is right.
func (s state) nodes() (nodes []mapper.Node, skipped []error) {
	found := map[string]mapper.Node{}
	owner := map[string]string{} // the first key of a name
	refused := map[string]bool{}
	for _, key := range slices.Sorted(maps.Keys(s.records)) {
		n, err := s.records[key].node, s.records[key].err
		if err != nil {
			skipped = append(skipped, fmt.Errorf("etcd key %q: %w", key, err))
			continue
		}
		if first, twice := owner[n.Name]; twice {
			if !found[n.Name].Equal(n) {
				skipped = append(skipped, fmt.Errorf("etcd keys %q and %q: both hold node %q, with different data", first, key, n.Name))
				refused[n.Name] = true
			}
			continue
		}
		owner[n.Name], found[n.Name] = key, n
	}
	for name := range refused {
		delete(found, name)
	}
	nodes = slices.SortedFunc(maps.Values(found), func(a, b mapper.Node) int { return cmp.Compare(a.Name, b.Name) })
	return nodes, skipped
}

// nodeOf reads the value of a key whose part after the prefix is given.
func nodeOf(name, value string) (n mapper.Node, err error) {
	text := strings.TrimSpace(value)
	switch {
	case strings.HasPrefix(text, "{"):
		return ofJSON(name, text)
	case text == "" || isAddress(text):
		n = mapper.Node{Name: name, Addr: text}
		return n, nodelist.Check(nodelist.Node(n))
	}
	return onlyOne(nodelist.ParseText([]byte(text), ""))
}

// isAddress reports whether a value is an address and not the ID of a node.
func isAddress(text string) bool {
	if strings.ContainsAny(text, " \t\n") {
		return false
	}
	if _, _, err := net.SplitHostPort(text); err == nil || strings.HasPrefix(text, "unix:") {
		return true
	}
	_, err := netip.ParseAddr(strings.Trim(text, "[]"))
	return err == nil
}

// ofJSON reads a node, or an endpoint as etcd's endpoints.Manager writes it.
func ofJSON(name, text string) (mapper.Node, error) {
	var endpoint struct {
		ID       json.RawMessage `json:"id"`
		Addr     *string         `json:"Addr"`
		Metadata json.RawMessage `json:"Metadata"`
	}
	if err := json.Unmarshal([]byte(text), &endpoint); err != nil {
		return mapper.Node{}, fmt.Errorf("not JSON of a node: %w", err)
	}
	if endpoint.ID != nil || endpoint.Addr == nil {
		d, err := nodelist.ParseJSON([]byte("["+text+"]"), "")
		return onlyOne(d.Nodes, err)
	}
	n := mapper.Node{Name: name, Addr: *endpoint.Addr, Meta: textsOf(endpoint.Metadata)}
	return n, nodelist.Check(nodelist.Node(n))
}

// textsOf returns the text entries of an object. Anything else is not kept:
// metadata of gRPC may be any value.
func textsOf(object json.RawMessage) map[string]string {
	var entries map[string]any
	if json.Unmarshal(object, &entries) != nil {
		return nil
	}
	var texts map[string]string
	for key, value := range entries {
		if text, ok := value.(string); ok && key != "" {
			if texts == nil {
				texts = map[string]string{}
			}
			texts[key] = text
		}
	}
	return texts
}

// onlyOne returns the node of a list that must hold one.
func onlyOne(nodes []nodelist.Node, err error) (mapper.Node, error) {
	if at, ok := errors.AsType[*nodelist.Error](err); ok {
		err = at.Err // a value has one node, so its place says nothing
	}
	switch {
	case err != nil:
		return mapper.Node{}, err
	case len(nodes) != 1:
		return mapper.Node{}, errors.New("want one node a key")
	}
	return mapper.Node(nodes[0]), nil
}
