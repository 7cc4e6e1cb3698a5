package servecmd

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/proxenos/proxenos/mapper"
)

// heartbeat is how often a comment is sent on an idle stream of events, so that
// proxies keep it open and dead clients are noticed.
const heartbeat = 15 * time.Second

var noDeadline time.Time

// soon returns the deadline of one write.
func soon() time.Time { return time.Now().Add(ioTimeout) }

// nodesEvent is the data of an event of /watch.
type nodesEvent struct {
	setStatus
	Added   []string `json:"added,omitempty"`
	Removed []string `json:"removed,omitempty"`
	Changed []string `json:"changed,omitempty"`
}

// watch sends an event for the present state and for every change of the nodes, or
// of how sure they are. Changes that a slow client has not read are combined.
func (s *server) watch(w http.ResponseWriter, r *http.Request, one *set) {
	w.Header().Set("Content-Type", "text/event-stream")
	if r.Method == http.MethodHead {
		return
	}
	select {
	case s.watchers <- struct{}{}:
		defer func() { <-s.watchers }()
	default:
		http.Error(w, errTooMany.Error(), http.StatusServiceUnavailable)
		return
	}
	control := http.NewResponseController(w)
	send := func(text []byte) bool {
		if control.SetWriteDeadline(soon()) != nil {
			return false
		}
		if _, err := w.Write(text); err != nil {
			return false
		}
		return control.Flush() == nil
	}
	_ = control.SetReadDeadline(noDeadline) // the client sends nothing more
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	var last []mapper.Node
	for {
		at := one.current.Load()
		if !send(event(one, at, last)) {
			return
		}
		last = at.Nodes
		for waiting := true; waiting; {
			select {
			case <-at.replaced:
				waiting = false
			case <-beat.C:
				if !send([]byte(": \n\n")) {
					return
				}
			case <-s.stopping.Done():
				return
			case <-r.Context().Done():
				return
			}
		}
	}
}

// event returns the event of a snapshot for a client that knows the last nodes.
func event(one *set, at *snapshot, last []mapper.Node) []byte {
	e := nodesEvent{setStatus: one.status(at)}
	was := make(map[string]mapper.Node, len(last))
	for _, n := range last {
		was[n.ID()] = n
	}
	for _, n := range at.Nodes {
		old, known := was[n.ID()]
		switch {
		case !known:
			e.Added = append(e.Added, n.ID())
		case !old.Equal(n):
			e.Changed = append(e.Changed, n.ID())
		}
		delete(was, n.ID())
	}
	for _, n := range last {
		if _, gone := was[n.ID()]; gone {
			e.Removed = append(e.Removed, n.ID())
		}
	}
	data, err := json.Marshal(e)
	if err != nil {
		return []byte(": \n\n") // strings and numbers always encode
	}
	return append(append([]byte("event: nodes\ndata: "), data...), "\n\n"...)
}
