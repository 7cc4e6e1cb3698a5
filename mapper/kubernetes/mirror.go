package kubernetes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/proxenos/proxenos/internal/limitread"
	"github.com/proxenos/proxenos/internal/retry"
)

// mirror keeps the state of a watch equal to a collection: a list first, then
// watches from the version of the list on, each for Config.Wait. Its rules:
//
//   - After every failure, and after a watch that ended before its time, it lists
//     again: an API server that was started without its state counts versions from
//     the start, and sends no event to a watch from a later version.
//   - A version that is too old (410 Gone) is no failure: it lists again.
//   - A failure ends when a watch has begun. With a role that lacks the verb
//     watch, the list alone would end it again and again.
//   - A watch that sends nothing for Config.Wait and Config.Timeout has failed.
//   - After each watch it asks for one object of a list. The API server answers a
//     watch from its cache even while its etcd is dead, but not a list.
type mirror[O any] struct {
	source   *Source
	resource *resource[O]
	index    int // of this mirror in the state
	send     func(change)

	version string            // to watch from; empty makes the next request a list
	uids    map[string]string // of the objects, by name
	highest uint64            // the greatest version seen
	err     error             // the failure that has not ended
	pauses  retry.Pauses
}

// change is what a mirror finds out.
type change struct {
	apply   func(*state) // may be nil
	mirror  int
	listed  bool  // the state holds the whole collection
	suspect bool  // the API server may have lost state
	err     error // the failure, as long as it lasts
	fresh   bool  // the API server has answered
}

// run returns when the context ends.
func (m *mirror[O]) run(ctx context.Context) {
	for {
		pause := m.step(ctx)
		if ctx.Err() != nil || !retry.Sleep(ctx, pause) {
			return
		}
	}
}

// settled is how long a watch must last to end a series of failures.
const settled = 10 * time.Second

// step lists if necessary, watches once, and returns how long to wait before the
// next step.
func (m *mirror[O]) step(ctx context.Context) time.Duration {
	if m.version == "" {
		if err := m.list(ctx); err != nil {
			return m.fail(ctx, err)
		}
	}
	begin := time.Now()
	err := m.watch(ctx)
	if time.Since(begin) > settled {
		m.pauses.Reset()
	}
	switch {
	case ctx.Err() != nil:
		return 0
	case err == nil:
		return m.confirm(ctx)
	case isGone(err), errors.Is(err, errEnded):
		m.version = "" // the list tells whether that was a failure
		return m.pauseAfter(err)
	}
	return m.fail(ctx, m.source.fail(ctx, "watch", m.resource.name, err))
}

func (m *mirror[O]) fail(ctx context.Context, err error) time.Duration {
	if ctx.Err() != nil {
		return 0
	}
	m.version, m.err = "", err
	m.send(change{mirror: m.index, err: err})
	return m.pauseAfter(err)
}

func (m *mirror[O]) list(ctx context.Context) error {
	objects, version, err := listAll(ctx, m.source, m.resource)
	if err != nil {
		return err
	}
	uids := make(map[string]string, len(objects))
	for i := range objects {
		meta := m.resource.meta(&objects[i])
		uids[meta.Name] = meta.UID
	}
	suspect := !m.continues(uids, version)
	m.version, m.uids, m.highest = version, uids, number(version)
	m.send(change{mirror: m.index, listed: true, suspect: suspect, err: m.err, fresh: true, apply: func(s *state) {
		m.resource.clear(s)
		for i := range objects {
			m.resource.keep(s, &objects[i])
		}
	}})
	return nil
}

// confirm checks that the API server still has its state, and the permission to
// list.
func (m *mirror[O]) confirm(ctx context.Context) time.Duration {
	query := cloneValues(m.resource.query)
	query.Set("limit", "1")
	part, err := listPart(ctx, m.source, m.resource, query)
	switch {
	case err != nil:
		return m.fail(ctx, m.source.fail(ctx, "list", m.resource.name, err))
	case number(part.Metadata.ResourceVersion) < m.highest:
		m.version = ""
	}
	m.send(change{mirror: m.index, err: m.err, fresh: true})
	return 0
}

// continues reports whether a list is of the state that this mirror knows: its
// version is no lower, and it still has an object of before, if there was one.
// Otherwise the API server may have lost state, and objects may be missing that
// are going to be created again.
func (m *mirror[O]) continues(uids map[string]string, version string) bool {
	if len(m.uids) == 0 {
		return true
	}
	for name, uid := range m.uids {
		if uids[name] == uid {
			return number(version) >= m.highest
		}
	}
	return false
}

// number returns a resource version as a number, by which versions of Kubernetes'
// own resources compare. It is 0 for one that is none.
func number(version string) uint64 {
	n, err := strconv.ParseUint(version, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// event is one message of a watch.
type event struct {
	Type   string          `json:"type"`
	Object json.RawMessage `json:"object"`
}

// watch watches until the time is over, which is no error. It returns errEnded if
// the connection ended before.
func (m *mirror[O]) watch(ctx context.Context) error {
	s := m.source
	seconds := math.Ceil(retry.Jitter(s.config.Wait, 0.75, 1).Seconds()) // so that clients do not renew at once
	wait := time.Duration(seconds) * time.Second
	query := cloneValues(m.resource.query)
	query.Set("watch", "1")
	query.Set("allowWatchBookmarks", "true")
	query.Set("resourceVersion", m.version)
	query.Set("timeoutSeconds", strconv.Itoa(int(seconds)))
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	in, err := s.open(ctx, m.resource.path, query, m.resource.accept(false))
	if err != nil {
		return err
	}
	defer in.Close() //nolint:errcheck // it is only read
	begin := time.Now()
	idle := time.AfterFunc(wait+s.config.Timeout, cancel)
	defer idle.Stop()
	m.err = nil
	m.send(change{mirror: m.index, fresh: true})
	limit := limitread.New(in, MaxAnswer)
	for decoder := json.NewDecoder(limit); ; limit.Reset() {
		var e event
		if err := decoder.Decode(&e); err != nil {
			return m.ended(ctx, err, time.Since(begin) >= wait-time.Second, wait+s.config.Timeout)
		}
		if err := m.take(e); err != nil {
			return err
		}
	}
}

// ended returns what the end of a watch means.
func (m *mirror[O]) ended(ctx context.Context, err error, over bool, limit time.Duration) error {
	var syntax *json.SyntaxError
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("the watch is silent: no end after %v: %w", limit, context.DeadlineExceeded)
	case errors.Is(err, io.EOF) && over:
		return nil
	case errors.As(err, &syntax), isTimeout(err):
		return err
	}
	return fmt.Errorf("%w: %w", errEnded, err)
}

// take takes an event.
func (m *mirror[O]) take(e event) error {
	if e.Type == "ERROR" {
		return refusalOf(http.StatusOK, nil, e.Object)
	}
	var object O
	if err := json.Unmarshal(e.Object, &object); err != nil {
		return fmt.Errorf("an event of the watch: %w", err)
	}
	meta := m.resource.meta(&object)
	if meta.ResourceVersion == "" {
		return fmt.Errorf("an event %.20q without a version", e.Type)
	}
	m.version, m.highest = meta.ResourceVersion, number(meta.ResourceVersion)
	c := change{mirror: m.index, fresh: true}
	switch e.Type {
	case "ADDED", "MODIFIED":
		m.uids[meta.Name] = meta.UID
		c.apply = func(s *state) { m.resource.keep(s, &object) }
	case "DELETED":
		delete(m.uids, meta.Name)
		c.apply = func(s *state) { m.resource.drop(s, meta.Name) }
	case "BOOKMARK":
	default:
		return fmt.Errorf("an event of the unknown type %.20q", e.Type)
	}
	m.send(c)
	return nil
}

// longestRetryAfter bounds the pause that an API server may ask for.
const longestRetryAfter = time.Minute

// pauseAfter returns how long to pause after a failure, and no less than the API
// server asks for.
func (m *mirror[O]) pauseAfter(err error) time.Duration {
	pause := m.pauses.After(err)
	if r, ok := errors.AsType[*refusal](err); ok && r.after > 0 {
		return retry.Jitter(min(r.after, longestRetryAfter), 1, 1.5)
	}
	return pause
}
