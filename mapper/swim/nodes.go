package swim

import (
	"context"
	"iter"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/proxenos/proxenos/mapper"
)

var _ mapper.Watcher = (*Cluster)(nil)

// Metadata keys that say how a member takes part in placement. All are text
// and optional. The other keys become the node's Meta.
const (
	// KeyAddr is where the member serves, if that is not where it gossips.
	KeyAddr = "addr"
	// KeyWeight is its capacity as a decimal number above zero.
	KeyWeight = "weight"
	// KeyZone is its failure domain.
	KeyZone = "zone"
	// KeyTags are its tags, separated by commas.
	KeyTags = "tags"
	// KeyDrain gives it nothing if it is true.
	KeyDrain = "drain"
)

// Nodes returns the available members that are no observers, sorted by name:
// a suspect is one of them until the cluster has agreed that it failed. The
// local member is included unless it is an observer. A member whose metadata is
// too large to come with the gossip has no weight, zone or tags for the moment
// until it is fetched.
func (c *Cluster) Nodes(ctx context.Context) ([]mapper.Node, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if c.isClosed() {
		return nil, ErrClosed
	}
	return c.nodes(), nil
}

// Watch yields the nodes at once and after every change of them. A change of
// status that leaves the same members available is none. After Close it
// yields ErrClosed once.
func (c *Cluster) Watch(ctx context.Context) iter.Seq[mapper.Update] { return c.watched.Watch(ctx) }

// publish feeds those who watch, until the context ends.
func (c *Cluster) publish(ctx context.Context) {
	f := c.subscribe()
	defer c.unsubscribe(f)
	for !c.isClosed() {
		f.drain()
		c.watched.Set(mapper.Update{Nodes: c.nodes()})
		select {
		case <-f.ready:
		case <-c.closed:
		case <-ctx.Done():
			return
		}
	}
	c.watched.Fail(ErrClosed)
	<-ctx.Done()
}

func (c *Cluster) nodes() []mapper.Node {
	nodes := []mapper.Node{}
	for _, m := range c.Members() {
		if m.Status.In(StatusAvailable) && !m.Observer {
			nodes = append(nodes, m.Node())
		}
	}
	return nodes
}

// Node returns the member as a source of nodes reports it. A weight that is
// no number above zero counts as not given; metadata that is not text is left
// out.
func (m Member) Node() mapper.Node {
	n := mapper.Node{Name: m.Name, Addr: m.Addr}
	for k, raw := range m.Metadata {
		v := strings.ToValidUTF8(string(raw), "\ufffd")
		switch k {
		case KeyAddr:
			n.Addr = v
		case KeyWeight:
			n.Weight = weight(v)
		case KeyZone:
			n.Zone = v
		case KeyTags:
			n.Tags = tags(v)
		case KeyDrain:
			n.Drain, _ = strconv.ParseBool(v)
		default:
			if !utf8.Valid(raw) {
				continue
			}
			if n.Meta == nil {
				n.Meta = map[string]string{}
			}
			n.Meta[k] = v
		}
	}
	return n
}

func weight(text string) float64 {
	w, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || !(w > 0 && w <= maxWeight) { // NaN too
		return 0
	}
	return w
}

// maxWeight is far below what a scheme refuses: one member's metadata must
// not make everybody's set refused.
const maxWeight = 1e100

func tags(text string) []string {
	var tags []string
	for t := range strings.SplitSeq(text, ",") {
		if t = strings.TrimSpace(t); t != "" {
			tags = append(tags, t)
		}
	}
	return tags
}
