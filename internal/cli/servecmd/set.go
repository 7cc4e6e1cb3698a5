package servecmd

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"sync"
	"sync/atomic"
	"time"

	"github.com/proxenos/proxenos/internal/cli/answer"
	"github.com/proxenos/proxenos/internal/cli/figures"
	"github.com/proxenos/proxenos/internal/cli/place"
	"github.com/proxenos/proxenos/internal/cli/source"
	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/static"
)

// set is a followed source of nodes and the placement on them.
type set struct {
	name      string
	source    *source.Flags
	placement *place.Flags
	live      *source.Live

	current atomic.Pointer[snapshot]
	moved   atomic.Pointer[lastChange]
	lookups atomic.Uint64 // keys answered
	changes atomic.Uint64 // placements after the first
}

// snapshot is what a set answers at one moment. It is immutable.
type snapshot struct {
	*source.Current
	*prepared
	replaced chan struct{} // closed when another snapshot is current
}

// prepared holds what is computed once for the nodes.
type prepared struct {
	since     time.Time // when the nodes came into use
	checksum  string    // "" without a placement
	addresses string
	header    []string // the checksum as a header
	list      []byte   // the body of /nodes
	tag       []string // its ETag as a header
	partial   bool

	responders [len(formats)][cachedCount + 1]atomic.Pointer[answer.Responder] // by count
}

// format is a kind of answer, an index of formats.
type format int

const (
	textOne format = iota
	jsonOne
	textMany
	jsonMany
	jsonlMany
)

// formats say what the formats are.
var formats = [...]struct {
	name string // a value of --output
	many bool
	kind []string // the Content-Type
}{
	textOne:   {"text", false, plainText},
	jsonOne:   {"jsonl", false, jsonText},
	textMany:  {"text", true, plainText},
	jsonMany:  {"json", true, jsonText},
	jsonlMany: {"jsonl", true, jsonLines},
}

// cachedCount is the greatest count whose responders are kept.
const cachedCount = 8

// lastChange holds the figures of the last change of the placement.
type lastChange struct {
	change *figures.Change
	at     time.Time
}

// start starts to follow the source. Its goroutines end after the context.
func (s *set) start(ctx context.Context, poll time.Duration, std *term.Streams, background *sync.WaitGroup) error {
	var err error
	if s.live, err = s.source.FollowAtOnce(ctx, poll, std, s.placement); err != nil {
		return err
	}
	placed := make(chan struct{}, 1)
	at := s.live.Current()
	if err := s.publish(at); err != nil {
		return err
	}
	background.Go(func() { s.follow(ctx, at, placed, std) })
	background.Go(func() { s.measure(ctx, placed) })
	return nil
}

// follow keeps the snapshot up to date. It sends to placed after a change of the
// placement.
func (s *set) follow(ctx context.Context, at *source.Current, placed chan<- struct{}, std *term.Streams) {
	for {
		select {
		case <-at.Replaced():
		case <-ctx.Done():
			return
		}
		at = s.live.Current()
		was := s.current.Load().checksum
		if err := s.publish(at); err != nil {
			std.WarnOf(err)
		}
		if was == s.current.Load().checksum {
			continue
		}
		if was != "" {
			s.changes.Add(1)
		}
		select {
		case placed <- struct{}{}:
		default:
		}
	}
}

// publish makes a snapshot of the followed source the current one.
func (s *set) publish(c *source.Current) error {
	old := s.current.Load()
	next := &snapshot{Current: c, replaced: make(chan struct{})}
	partial := len(c.Skipped) > 0
	if old != nil && old.Placement == c.Placement && old.partial == partial && mapper.Equal(old.Nodes, c.Nodes) {
		next.prepared = old.prepared
	} else {
		var err error
		if next.prepared, err = prepare(c); err != nil {
			return err
		}
	}
	s.current.Store(next)
	if old != nil {
		close(old.replaced)
	}
	return nil
}

// prepare computes what answers about the nodes have in common.
func prepare(c *source.Current) (*prepared, error) {
	p := &prepared{since: time.Now(), addresses: place.AddressChecksum(c.Nodes), partial: len(c.Skipped) > 0}
	if c.Placement != nil {
		p.checksum = c.Placement.ChecksumText()
		p.header = []string{p.checksum}
	}
	nodes := c.Nodes
	if nodes == nil {
		nodes = []mapper.Node{}
	}
	var list bytes.Buffer
	err := term.WriteJSON(&list, struct {
		Schema    string        `json:"schema"`
		Addresses string        `json:"address_checksum"`
		Partial   bool          `json:"partial,omitempty"`
		Nodes     []mapper.Node `json:"nodes"`
	}{static.Schema, p.addresses, p.partial, nodes})
	if err != nil {
		return nil, err
	}
	p.list = list.Bytes()
	sum := sha256.Sum256(p.list)
	p.tag = []string{`"` + hex.EncodeToString(sum[:16]) + `"`}
	return p, nil
}

// responder returns the responder for a format and a number of owners. The snapshot
// has a placement.
func (s *snapshot) responder(f format, count int) (*answer.Responder, error) {
	if count > cachedCount {
		return answer.NewResponder(s.Placement, formats[f].name, formats[f].many, count)
	}
	cached := &s.responders[f][count]
	if r := cached.Load(); r != nil {
		return r, nil
	}
	r, err := answer.NewResponder(s.Placement, formats[f].name, formats[f].many, count)
	if err == nil {
		cached.Store(r)
	}
	return r, err
}

// sampleOfChange is the number of keys by which a change is measured.
const sampleOfChange = 20_000

// measure measures each change of the placement. Changes during a measurement are
// combined into one.
func (s *set) measure(ctx context.Context, placed <-chan struct{}) {
	before := s.current.Load()
	for {
		select {
		case <-placed:
		case <-ctx.Done():
			return
		}
		after := s.current.Load()
		if before.Placement != nil && after.Placement != nil && before.Placement != after.Placement {
			if c, err := figures.Measure(ctx, before.Placement, after.Placement, sampleOfChange); err == nil {
				s.moved.Store(&lastChange{c, after.since})
			}
		}
		before = after
	}
}

// age returns the value of the Age header: seconds, rounded up, and 0 while the
// source responds.
func (s *set) age() int64 {
	age := s.live.Age()
	if age <= 0 {
		return 0
	}
	return int64((age + time.Second - 1) / time.Second)
}

// lack returns why the snapshot has no placement, for clients.
func (s *snapshot) lack() string {
	if !s.Answered() {
		return "the source has not responded yet"
	}
	return errNoNodes.Error()
}

// unready returns why the set is not ready, or nil.
func (s *set) unready() error {
	c := s.current.Load()
	if err := s.source.Fresh(s.live); err != nil {
		return err
	}
	if c.Placement == nil {
		return errNoNodes
	}
	return nil
}
