package swim

import (
	"context"
	"math/rand/v2"
	"sync"
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

// serve sends metadata that another member asked for, its own or anybody's.
func (c *Cluster) serve(m message) {
	to, ok := c.node(m.from)
	if !ok {
		return // an answer goes to members only, never to an address from a packet
	}
	c.mu.Lock()
	card := c.book.cards[m.name]
	var held version
	var metadata map[string][]byte
	if card != nil {
		held, metadata = card.held, card.metadata
	}
	c.mu.Unlock()
	if metadata == nil || held.before(version{m.life.boot, m.clock}) {
		return
	}
	c.post(func() {
		_ = c.engine.SendReliable(&to, message{
			kind: kindData, name: m.name, life: life{boot: held.boot}, clock: held.clock, metadata: metadata,
		}.encode())
	})
}

// catchUp asks for metadata that was announced and did not come along.
func (c *Cluster) catchUp(ctx context.Context) {
	pause := max(c.timing.ProbeTimeout, 200*time.Millisecond)
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		select {
		case <-c.behind:
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		var due []request
		c.update(func(b *book, now time.Time) { due = b.wanted(pause, now) })
		for _, r := range due {
			c.post(func() { c.fetch(r) })
		}
	}
}

// fetch asks the member itself, by packet first and then by stream; every
// third time it asks somebody else, who may have got it.
func (c *Cluster) fetch(r request) {
	ask := message{kind: kindFetch, name: r.name, life: life{boot: r.version.boot}, clock: r.version.clock, from: c.cfg.Name}.encode()
	to, ok := c.node(r.name)
	if r.attempt%3 == 0 {
		if others := c.others(1, r.name); len(others) > 0 {
			to, ok = others[0], true
		}
	}
	switch {
	case !ok:
	case r.attempt == 1:
		_ = c.engine.SendBestEffort(&to, ask)
	default:
		_ = c.engine.SendReliable(&to, ask)
	}
}

// others draws up to n online members at random, without the one named.
func (c *Cluster) others(n int, except string) []memberlist.Node {
	c.mu.Lock()
	nodes := c.book.peers(Online)
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

// asks are the questions that this member waits to have answered.
type asks struct {
	mu   sync.Mutex
	open map[uint64]chan struct{}
}

// ask opens a question: its number, and what is closed when it is answered.
func (a *asks) ask() (nonce uint64, answer <-chan struct{}) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.open == nil {
		a.open = map[uint64]chan struct{}{}
	}
	for nonce == 0 || a.open[nonce] != nil {
		nonce = rand.Uint64()
	}
	done := make(chan struct{})
	a.open[nonce] = done
	return nonce, done
}

func (a *asks) answered(nonce uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if done := a.open[nonce]; done != nil {
		close(done)
		delete(a.open, nonce)
	}
}

func (a *asks) forget(nonce uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.open, nonce)
}
