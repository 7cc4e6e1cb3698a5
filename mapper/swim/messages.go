package swim

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"net"
	"net/netip"
	"time"

	"github.com/hashicorp/memberlist"

	"github.com/proxenos/proxenos/mapper/swim/internal/members"
)

// Members send each other messages of this package besides those of memberlist:
// by gossip, as one packet, or by stream.

const (
	outboxSize = 256 // answers that wait for a sender; more are dropped, and requested again
	senders    = 4   // goroutines that send, as a stream may block
)

// receive applies a message from the network to the table and does what the
// reply says. memberlist calls it under its locks, so it calls nothing of
// memberlist: what has to is queued.
func (c *Cluster) receive(m members.Message) {
	var r members.Reply
	c.update(func(t *members.Table, now time.Time) { r = m.Apply(t, now) })
	if r.Broadcast != nil {
		c.broadcast(*r.Broadcast)
	}
	if r.Answer != nil {
		send := c.sendStream
		if r.Packet {
			send = c.sendPacket
		}
		c.enqueue(func() { send(r.To, *r.Answer) })
	}
	if r.Probe {
		select {
		case c.pingReqs <- m:
		default: // the requests to other members count
		}
	}
	if r.Acked != 0 {
		c.acks.arrived(r.Acked)
	}
	if r.Behind {
		select {
		case c.ahead <- m:
		default: // another push-pull is about to begin
		}
	}
}

// enqueue hands work to a sender, or drops it if all are behind.
func (c *Cluster) enqueue(work func()) {
	select {
	case c.outbox <- work:
	default:
	}
}

func (c *Cluster) sendLoop(ctx context.Context) {
	for {
		select {
		case work := <-c.outbox:
			work()
		case <-ctx.Done():
			return
		}
	}
}

func (c *Cluster) sendPacket(to members.Node, m members.Message) {
	_ = c.list.SendBestEffort(listNode(to), m.Encode())
}

func (c *Cluster) sendStream(to members.Node, m members.Message) {
	_ = c.list.SendReliable(listNode(to), m.Encode())
}

// broadcast queues a message for gossip. It replaces an older one of the same
// kind about the same member.
func (c *Cluster) broadcast(m members.Message) {
	c.queue.QueueBroadcast(broadcast{key: string(binary.AppendUvarint(nil, uint64(m.Kind))) + m.Name, encoded: m.Encode()})
}

type broadcast struct {
	key     string
	encoded []byte
}

var _ memberlist.NamedBroadcast = broadcast{}

func (b broadcast) Name() string { return b.key }

func (b broadcast) Invalidates(o memberlist.Broadcast) bool {
	other, ok := o.(broadcast)
	return ok && other.key == b.key
}
func (b broadcast) Message() []byte { return b.encoded }
func (broadcast) Finished()         {}

// node returns where another member receives packets, if that is known.
func (c *Cluster) node(name string) (members.Node, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.table.Node(name)
}

// tableNodes returns where the other members with a status of the set receive
// packets.
func (c *Cluster) tableNodes(set Status) []members.Node {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.table.Nodes(members.Status(set))
}

// randomOnline returns up to n random online members, without the named one.
func (c *Cluster) randomOnline(n int, except string) []members.Node {
	nodes := c.tableNodes(StatusOnline)
	rand.Shuffle(len(nodes), func(i, j int) { nodes[i], nodes[j] = nodes[j], nodes[i] })
	picked := nodes[:0]
	for _, node := range nodes {
		if len(picked) < n && node.Name != except {
			picked = append(picked, node)
		}
	}
	return picked
}

// isMemberAddr reports whether a connection comes from the host of a member.
func (c *Cluster) isMemberAddr(a net.Addr) bool {
	from, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.table.IsAddr(from.Addr().Unmap())
}

// tableNode and listNode convert between the nodes of the table and of
// memberlist.
func tableNode(n *memberlist.Node) members.Node {
	ip, _ := netip.AddrFromSlice(n.Addr)
	return members.Node{Name: n.Name, Addr: netip.AddrPortFrom(ip.Unmap(), n.Port)}
}

func listNode(n members.Node) *memberlist.Node {
	return &memberlist.Node{Name: n.Name, Addr: net.IP(n.Addr.Addr().AsSlice()), Port: n.Addr.Port()}
}
