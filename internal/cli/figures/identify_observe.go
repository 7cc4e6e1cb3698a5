package figures

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/internal/compare"
	"github.com/proxenos/proxenos/mapper"
)

// maxObservation is the maximum length of a line with an observation.
const maxObservation = 1 << 20

// observations collects keys with their nodes.
type observations struct {
	nodes  []mapper.Node
	byName map[string]int // index of a node by its ID or its address, or ambiguous
	owner  map[string]int // by key
	seen   []compare.Observation
}

// ambiguous stands for the index of an address that several nodes have.
const ambiguous = -1

func newObservations(nodes []mapper.Node) *observations {
	p := &observations{nodes: nodes, byName: map[string]int{}, owner: map[string]int{}}
	for i, n := range nodes {
		if _, taken := p.byName[n.Address()]; taken {
			i = ambiguous
		}
		p.byName[n.Address()] = i
	}
	for i, n := range nodes {
		p.byName[n.ID()] = i // an ID outranks an address
	}
	return p
}

// read adds the observations of all lines.
func (p *observations) read(in io.Reader) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxObservation)
	for number := 1; lines.Scan(); number++ {
		line := strings.TrimPrefix(strings.TrimSuffix(lines.Text(), "\r"), "\ufeff")
		if line == "" {
			continue
		}
		if err := p.add(line); err != nil {
			hint := term.HintOf(err)
			return term.Hint(term.AsUsage(fmt.Errorf("line %d of standard input: %w", number, err)), "%s", hint)
		}
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return term.Usagef("standard input has a line longer than %d MiB", maxObservation>>20)
	}
	return term.WithCode(term.ErrIO, lines.Err())
}

// add adds the observation that a text holds.
func (p *observations) add(text string) error {
	key, node, err := p.split(text)
	if err != nil {
		return err
	}
	if before, ok := p.owner[key]; ok {
		if before == node {
			return nil
		}
		err := fmt.Errorf("%.80q is on both %.80q and %.80q", key, p.nodes[before].ID(), p.nodes[node].ID())
		return term.Hint(err, "give the first node of each key; replicas are not supported")
	}
	p.owner[key] = node
	p.seen = append(p.seen, compare.Observation{Key: key, Node: node})
	return nil
}

// split splits a text at its tab, or else at the last = before the name of a node.
func (p *observations) split(text string) (key string, node int, err error) {
	if key, name, ok := strings.Cut(text, "\t"); ok {
		name, _, _ = strings.Cut(name, "\t") // the replicas that select -k prints
		node, err = p.find(name)
		return key, node, err
	}
	last := strings.LastIndexByte(text, '=')
	if last < 0 {
		return "", 0, term.Hint(fmt.Errorf("%.80q is not KEY=NODE", text), "as in user:42=10.0.0.1:11211")
	}
	for at := last; at >= 0; at = strings.LastIndexByte(text[:at], '=') {
		if _, ok := p.byName[text[at+1:]]; ok {
			node, err = p.find(text[at+1:])
			return text[:at], node, err
		}
	}
	_, err = p.find(text[last+1:])
	return "", 0, err
}

// find returns the index of the node with an ID or address.
func (p *observations) find(name string) (int, error) {
	i, ok := p.byName[name]
	switch {
	case !ok:
		var ids []string
		for _, n := range p.nodes {
			ids = append(ids, n.ID())
		}
		hint := "proxenos nodes lists them"
		if near := term.Nearest(name, ids); near != "" {
			hint = fmt.Sprintf("did you mean %q?", near)
		}
		return 0, term.Hint(fmt.Errorf("no node has the ID or address %.80q", name), "%s", hint)
	case i == ambiguous:
		return 0, term.Hint(fmt.Errorf("several nodes have the address %.80q", name), "give the ID of the node")
	case p.nodes[i].Capacity() == 0:
		return 0, term.Hint(fmt.Errorf("node %.80q owns a key but is drained", name), "give it a weight: the list must be that of the system when the keys were observed")
	default:
		return i, nil
	}
}
