package swim

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/hashicorp/memberlist"
)

// How members talk to each other outside of the engine's own protocol.

const (
	outboxSize = 256 // answers waiting for a sender; more are dropped and asked for again
	senders    = 4   // goroutines that send, as a stream may block
)

// news is a broadcast under a name.
type news struct {
	key     string
	encoded []byte
}

var _ memberlist.NamedBroadcast = news{}

func (n news) Name() string { return n.key }

func (n news) Invalidates(o memberlist.Broadcast) bool {
	other, ok := o.(news)
	return ok && other.key == n.key
}
func (n news) Message() []byte { return n.encoded }
func (news) Finished()         {}

// receive acts on a message from the network.
func (c *Cluster) receive(m message) {
	switch m.kind {
	case kindSuspect, kindLeave, kindAlive:
		c.learn(m)
	case kindKnown:
		c.reminded(m)
	case kindFetch:
		c.serve(m)
	case kindData:
		c.update(func(b *book, _ time.Time) { b.received(m) })
	case kindAsk:
		c.attend(m)
	case kindVouch:
		c.update(func(b *book, now time.Time) { b.alive(m, now) })
		c.asks.answered(m.nonce) // whoever asked sees the member now; what was not asked for proves nothing
	}
}

// Questions about others wait for an answer of their own, so few are looked
// into at once and few wait. In a storm of them somebody else is asked.
const (
	answerers    = 2
	maxQuestions = 4
)

// attend takes a question: one about this member is answered at once.
func (c *Cluster) attend(m message) {
	if m.name == c.cfg.Name {
		c.post(func() { c.answer(m) })
		return
	}
	select {
	case c.questions <- m:
	default:
	}
}

func (c *Cluster) answerAll(ctx context.Context) {
	for {
		select {
		case m := <-c.questions:
			c.answer(m)
		case <-ctx.Done():
			return
		}
	}
}

// learn takes news about a life and passes it on.
func (c *Cluster) learn(m message) {
	var reply message
	var news bool
	c.update(func(b *book, now time.Time) { reply, news = b.hear(m, now) })
	if news {
		c.broadcast(reply.kind, reply.name, reply.encode())
	}
}

// post hands work to a sender, or drops it if they are all behind.
func (c *Cluster) post(work func()) {
	select {
	case c.outbox <- work:
	default:
	}
}

func (c *Cluster) send(ctx context.Context) {
	for {
		select {
		case work := <-c.outbox:
			work()
		case <-ctx.Done():
			return
		}
	}
}

// node returns where a known member is to be reached.
func (c *Cluster) node(name string) (memberlist.Node, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	card := c.book.cards[name]
	if card == nil || card.local || card.node.Addr == nil {
		return memberlist.Node{}, false
	}
	return card.node, true
}

// others draws up to n online members at random, without the one named.
func (c *Cluster) others(n int, except string) []memberlist.Node {
	c.mu.Lock()
	nodes := c.book.peers(StatusOnline)
	c.mu.Unlock()
	rand.Shuffle(len(nodes), func(i, j int) { nodes[i], nodes[j] = nodes[j], nodes[i] })
	picked := nodes[:0]
	for _, node := range nodes {
		if len(picked) < n && node.Name != except {
			picked = append(picked, node)
		}
	}
	return picked
}
