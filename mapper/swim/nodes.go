package swim

import (
	"context"
	"iter"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/proxenos/proxenos/internal/nodelist"
	"github.com/proxenos/proxenos/mapper"
)

var _ mapper.Watcher = (*Cluster)(nil)

// Metadata keys for placement. All values are text and optional. Other keys
// become Meta of the [mapper.Node].
const (
	// KeyAddr is the address at which the member serves, if it is not the one at
	// which it gossips.
	KeyAddr = "addr"
	// KeyWeight is its capacity as a decimal number above zero. A member can claim
	// any weight; a [mapper.Guard] with MaxWeight limits it.
	KeyWeight = "weight"
	// KeyZone is its failure domain.
	KeyZone = "zone"
	// KeyDomain is its path of failure domains, such as eu/eu-1/r07.
	KeyDomain = "domain"
	// KeyTags holds its tags, separated by commas.
	KeyTags = "tags"
	// KeyDrain is true if the member gets no keys.
	KeyDrain = "drain"
)

// Nodes returns the available members that are not observers, sorted by name,
// the local one included. A suspect is available until the cluster agrees that
// it failed. A member whose metadata is too large for the gossip has no weight,
// zone, domain or tags until the metadata is fetched. The error is that of the context,
// or of [Cluster.Err].
func (c *Cluster) Nodes(ctx context.Context) ([]mapper.Node, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	return c.nodes(), nil
}

// Watch yields the nodes at once and after every change of them; a change of
// status that leaves the same members available is not one. After
// [Cluster.Close] it yields the error of [Cluster.Err] once.
func (c *Cluster) Watch(ctx context.Context) iter.Seq[mapper.Update] { return c.watched.Watch(ctx) }

// publish feeds the readers of Watch until the context ends.
func (c *Cluster) publish(ctx context.Context) {
	q := c.subscribe()
	defer c.unsubscribe(q)
	for !c.isClosed() {
		q.drain()
		c.watched.Set(mapper.Update{Nodes: c.nodes()})
		select {
		case <-q.ready:
		case <-c.closed:
		case <-ctx.Done():
			return
		}
	}
	c.watched.Fail(c.Err())
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

// Node returns the member as a node. It ignores a weight that is not a number
// above zero, and omits metadata that is not UTF-8.
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
		case KeyDomain:
			n.Domain = nodelist.Domain(v)
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

// maxWeight is far below what an algorithm refuses: the metadata of one member
// must not make the set of every member invalid.
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
