// Package groupcache lets github.com/golang/groupcache choose peers by a
// mapper.View.
//
//	view, err := mapper.Follow(ctx, source, rendezvous.Build)
//	peers := &groupcache.Peers[*rendezvous.Set[mapper.Node]]{View: view, Self: "cache-1"}
//	lib.RegisterPeerPicker(func() lib.PeerPicker { return peers })
//	http.Handle(groupcache.Path, peers)
//
// The HTTPPool of groupcache takes a list of URLs that its users replace on every
// change, places keys by 50 points a peer, hashed by CRC-32, and knows no weights.
// Peers follows the view. Peers of both kinds do not understand each other: a
// process that uses HTTPPool loads keys itself when it asks one that does not.
//
// # When a peer dies
//
// No call fails: groupcache loads a key itself if its peer does not answer. Each
// process that is asked for the key does, so that the database sees more reads until
// the source reports that the peer is gone.
//
// # When views differ
//
// For a moment after a change two processes may see different owners of a key. A
// peer that is asked for a key that it does not own refuses (421 Misdirected
// Request), and the process that asked loads the key. With an HTTPPool it would ask
// the peer that it takes for the owner, and the two could wait for each other.
//
// The package is small. Import it, or copy the file and adapt it.
package groupcache

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"github.com/golang/groupcache"
	"github.com/golang/groupcache/groupcachepb"

	"github.com/proxenos/proxenos/mapper"
)

// Path is the path at which peers serve each other. The query names group and key.
const Path = "/_groupcache"

// MaxValue is the greatest size of a value that a peer accepts, in bytes.
const MaxValue = 64 << 20

// Placement is what a view is built of: a set or table of package rendezvous, a
// ring, or a map of package ring/slots, over nodes.
type Placement interface {
	Select(key string) (mapper.Node, bool)
}

// Peers implements [groupcache.PeerPicker], and the [http.Handler] that serves other
// peers. It is safe for concurrent use. Its fields must not change once it is used.
type Peers[T Placement] struct {
	// View has the peers. The address of each node is the host:port of its handler.
	View *mapper.View[T]
	// Self is the name of the node that is this process.
	Self string
	// Client asks other peers. Give it a timeout, so that a peer that hangs counts as
	// dead. Nil is [http.DefaultClient], which has none.
	Client *http.Client
}

var (
	_ groupcache.PeerPicker = (*Peers[Placement])(nil)
	_ http.Handler          = (*Peers[Placement])(nil)
)

// PickPeer returns the peer that owns the key, or false if that is this process or
// there are no nodes.
func (p *Peers[T]) PickPeer(key string) (groupcache.ProtoGetter, bool) {
	owner, ok := p.View.Value().Select(key)
	if !ok || owner.Name == p.Self {
		return nil, false
	}
	client := p.Client
	if client == nil {
		client = http.DefaultClient
	}
	return peer{client, owner.Address()}, true
}

// peer is another process.
type peer struct {
	client *http.Client
	addr   string
}

// Get asks the peer for a value. Groupcache loads the value itself after an error.
func (p peer) Get(ctx context.Context, in *groupcachepb.GetRequest, out *groupcachepb.GetResponse) error {
	query := url.Values{"group": {in.GetGroup()}, "key": {in.GetKey()}}
	u := url.URL{Scheme: "http", Host: p.addr, Path: Path, RawQuery: query.Encode()}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return err
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close() //nolint:errcheck // it was read
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", p.addr, resp.Status)
	}
	out.Value, err = io.ReadAll(http.MaxBytesReader(nil, resp.Body, MaxValue))
	return err
}

// ServeHTTP answers another peer. It refuses a key that this process does not own.
func (p *Peers[T]) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	key := r.FormValue("key")
	group := groupcache.GetGroup(r.FormValue("group"))
	if group == nil {
		http.Error(w, "no such group", http.StatusNotFound)
		return
	}
	if _, other := p.PickPeer(key); other {
		http.Error(w, "another peer owns the key", http.StatusMisdirectedRequest)
		return
	}
	var value groupcache.ByteView
	if err := group.Get(r.Context(), key, groupcache.ByteViewSink(&value)); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Length", strconv.Itoa(value.Len()))
	_, _ = value.WriteTo(w) // the other peer sees that the value is cut
}
