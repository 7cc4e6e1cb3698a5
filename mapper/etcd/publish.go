package etcd

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/proxenos/proxenos/mapper"
)

// isLost reports whether a state read after s shows that etcd has lost state: a
// revision never decreases, and a cluster keeps its ID.
func (s state) isLost(after state) bool {
	return s.cluster != "" && (s.cluster != after.cluster || after.revision < s.revision)
}

// publisher publishes what a watch finds. For a time it keeps nodes that are
// missing from an etcd that has lost state.
type publisher struct {
	to   *mapper.Feed
	hold time.Duration // Config.ShrinkHold

	mu     sync.Mutex
	latest mapper.Update
	failed bool          // since latest
	kept   []mapper.Node // published before etcd lost state; nil unless they are kept
	reason error         // why they are kept
	timer  *time.Timer   // ends that
}

// set publishes an update, with the missing nodes that are kept.
func (p *publisher) set(u mapper.Update) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.latest, p.failed = u, false
	p.publish()
}

// fail publishes a failure.
func (p *publisher) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failed = true
	p.to.Fail(err)
}

// keep makes the nodes published last stay for a while.
func (p *publisher) keep(reason error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.hold <= 0 || p.kept != nil {
		return
	}
	p.kept, p.reason = p.latest.Nodes, reason
	p.timer = time.AfterFunc(p.hold, p.release)
}

// release ends what keep began. After a failure, the next update drops the
// nodes.
func (p *publisher) release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.kept = nil
	if !p.failed {
		p.publish()
	}
}

// close stops the timer.
func (p *publisher) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failed = true // a timer that has fired already publishes nothing
	if p.timer != nil {
		p.timer.Stop()
	}
}

// publish publishes the latest update. The caller holds mu.
func (p *publisher) publish() {
	u := p.latest
	nodes := union(u.Nodes, p.kept)
	if len(nodes) > len(u.Nodes) {
		u.Nodes, u.Err = nodes, p.reason
	}
	p.to.Set(u)
}

// union returns the nodes, which are sorted by name, and those of others whose
// names they lack.
func union(nodes, others []mapper.Node) []mapper.Node {
	byName := func(a, b mapper.Node) int { return cmp.Compare(a.Name, b.Name) }
	all := slices.Clone(nodes)
	for _, n := range others {
		if _, found := slices.BinarySearchFunc(nodes, n, byName); !found {
			all = append(all, n)
		}
	}
	slices.SortFunc(all, byName)
	return all
}
