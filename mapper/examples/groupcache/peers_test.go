package groupcache_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	lib "github.com/golang/groupcache"
	"github.com/golang/groupcache/groupcachepb"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/freeport"
	"github.com/proxenos/proxenos/internal/testkit/leaktest"
	"github.com/proxenos/proxenos/internal/testkit/servertest"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/examples/groupcache"
	"github.com/proxenos/proxenos/mapper/examples/internal/registry"
	"github.com/proxenos/proxenos/mapper/static"
	"github.com/proxenos/proxenos/rendezvous"
)

type (
	set   = *rendezvous.Set[mapper.Node]
	peers = groupcache.Peers[set]
)

// Groupcache has one set of peers a process, so each peer is a process: this test
// binary under these variables.
const (
	envSelf = "PROXENOS_GROUPCACHE_SELF"
	envAddr = "PROXENOS_GROUPCACHE_ADDR"
	envFile = "PROXENOS_GROUPCACHE_FILE"
)

func TestMain(m *testing.M) {
	if os.Getenv(envSelf) != "" {
		fmt.Fprintln(os.Stderr, serve(os.Getenv(envSelf), os.Getenv(envAddr), os.Getenv(envFile)))
		os.Exit(1)
	}
	leaktest.Main(m)
}

// serve is the process of a peer. Its group loads "KEY from SELF". It follows the
// nodes in a file.
func serve(self, addr, file string) error {
	source := &static.File{Path: file, Settle: time.Millisecond}
	view, err := mapper.Follow(context.Background(), source, rendezvous.Build)
	if err != nil {
		return err
	}
	p := &peers{View: view, Self: self, Client: &http.Client{Timeout: 10 * time.Second}}
	lib.RegisterPeerPicker(func() lib.PeerPicker { return p })
	group := lib.NewGroup("test", 1<<20, lib.GetterFunc(func(_ context.Context, key string, dest lib.Sink) error {
		return dest.SetString(key + " from " + self)
	}))
	mux := http.NewServeMux()
	mux.Handle(groupcache.Path, p)
	mux.HandleFunc("/get", func(w http.ResponseWriter, r *http.Request) {
		var value string
		if err := group.Get(r.Context(), r.FormValue("key"), lib.StringSink(&value)); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		fmt.Fprint(w, value)
	})
	mux.HandleFunc("/state", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(state{self, view.Value().Checksum(), group.Stats.LocalLoads.Get(), group.Stats.PeerErrors.Get()})
	})
	return http.ListenAndServe(addr, mux) //nolint:gosec // asked by the test only
}

// state is what a peer reports.
type state struct {
	Self       string
	Checksum   uint64
	LocalLoads int64
	PeerErrors int64
}

// fleet is the processes and the file that they follow.
type fleet struct {
	file      string
	nodes     []mapper.Node
	processes map[string]*servertest.Process
}

func startFleet(t *testing.T, names ...string) *fleet {
	t.Helper()
	f := &fleet{file: filepath.Join(t.TempDir(), "nodes.json"), processes: map[string]*servertest.Process{}}
	for _, name := range names {
		f.nodes = append(f.nodes, mapper.Node{Name: name, Addr: servertest.Loopback(freeport.Take(t))})
	}
	f.write(t, f.nodes)
	program, err := os.Executable()
	require.NoError(t, err)
	for _, n := range f.nodes {
		f.processes[n.Name] = servertest.Start(t, servertest.Command{
			Program: program,
			Env:     append(os.Environ(), envSelf+"="+n.Name, envAddr+"="+n.Addr, envFile+"="+f.file),
			Ready: func(ctx context.Context) error {
				s, err := stateOf(ctx, n)
				if err == nil && s.Self != n.Name {
					err = fmt.Errorf("%s is %s", n.Addr, s.Self)
				}
				return err
			},
		})
	}
	return f
}

// write replaces the file as an editor does.
func (f *fleet) write(t *testing.T, nodes []mapper.Node) {
	t.Helper()
	next, err := os.Create(f.file + ".next")
	require.NoError(t, err)
	require.NoError(t, static.WriteJSON(next, nodes))
	require.NoError(t, next.Close())
	require.NoError(t, os.Rename(next.Name(), f.file))
}

// follow writes the nodes and waits until all of them have seen that.
func (f *fleet) follow(t *testing.T, nodes ...mapper.Node) set {
	t.Helper()
	want, err := rendezvous.Build(nodes)
	require.NoError(t, err)
	f.write(t, nodes)
	for _, n := range nodes {
		require.Eventually(t, func() bool {
			s, err := stateOf(t.Context(), n)
			return err == nil && s.Checksum == want.Checksum()
		}, time.Minute, time.Millisecond)
	}
	return want
}

var client = &http.Client{Timeout: time.Minute}

func stateOf(ctx context.Context, n mapper.Node) (s state, err error) {
	text, err := fetch(ctx, "http://"+n.Addr+"/state")
	if err == nil {
		err = json.Unmarshal([]byte(text), &s)
	}
	return s, err
}

func fetch(ctx context.Context, u string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u, nil)
	if err != nil {
		return "", err
	}
	resp, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", resp.Status, body)
	}
	return string(body), err
}

// loader asks a peer for a key and returns which peer has loaded it.
func loader(t *testing.T, n mapper.Node, key string) string {
	t.Helper()
	value, err := fetch(t.Context(), "http://"+n.Addr+"/get?key="+url.QueryEscape(key))
	require.NoError(t, err)
	name, ok := strings.CutPrefix(value, key+" from ")
	require.True(t, ok, value)
	return name
}

const keys = 900

// TestPeersOfTheView: whichever process is asked, the owner of a key loads it, once.
// A killed peer fails no call.
func TestPeersOfTheView(t *testing.T) {
	t.Parallel()
	f := startFleet(t, "a", "b", "c")
	all := f.follow(t, f.nodes...)
	owned := map[string]int{}
	for i := range keys {
		key := fmt.Sprint("first/../", i)
		owner, _ := all.Select(key)
		owned[owner.Name]++
		require.Equal(t, owner.Name, loader(t, f.nodes[i%3], key))
	}
	for _, n := range f.nodes {
		s, err := stateOf(t.Context(), n)
		require.NoError(t, err)
		require.EqualValues(t, owned[n.Name], s.LocalLoads)
		require.Zero(t, s.PeerErrors)
	}
	t.Logf("%d keys asked of three processes, each loaded once, by the peer that Select names: %v", keys, owned)

	f.processes["c"].Kill()
	local := 0
	for i := range keys {
		key := fmt.Sprint("second ", i)
		asked := f.nodes[i%2]
		if owner, _ := all.Select(key); owner.Name == "c" {
			require.Equal(t, asked.Name, loader(t, asked, key), "the process that was asked loads the key")
			local++
		} else {
			require.Equal(t, owner.Name, loader(t, asked, key))
		}
	}
	survivors := f.follow(t, f.nodes[:2]...)
	moved := 0
	for i := range keys {
		key := fmt.Sprint("third ", i)
		before, _ := all.Select(key)
		after, _ := survivors.Select(key)
		require.Equal(t, after.Name, loader(t, f.nodes[i%2], key))
		if before.Name != after.Name {
			require.Equal(t, "c", before.Name)
			moved++
		}
	}
	t.Logf("peer c killed: 0 of %d calls failed, %d keys loaded by the process that was asked; "+
		"after the source dropped it %d of %d keys had moved", keys, local, moved, keys)
}

// TestViewsThatDiffer: two peers that each take the other for the owner do not wait
// for each other.
func TestViewsThatDiffer(t *testing.T) {
	t.Parallel()
	f := startFleet(t, "a", "b")
	a, b := f.nodes[0], f.nodes[1]
	changed := f.follow(t, a, b)
	// The process of a takes c for another node at the address of b.
	mistaken := registry.Of(b, mapper.Node{Name: "c", Addr: b.Addr})
	view, err := mapper.Follow(t.Context(), mistaken, rendezvous.Build)
	require.NoError(t, err)
	defer view.Close()
	p := &peers{View: view, Self: "a", Client: client}
	refused, answered := 0, 0
	for i := range keys {
		key := strconv.Itoa(i)
		owner, _ := changed.Select(key)
		peer, ok := p.PickPeer(key)
		require.True(t, ok)
		value, err := get(t, peer, "test", key)
		if owner.Name == "a" {
			require.ErrorContains(t, err, "421", "b does not ask a")
			refused++
			continue
		}
		require.NoError(t, err)
		require.Equal(t, key+" from b", value)
		answered++
	}
	require.Positive(t, refused)
	require.Positive(t, answered)
	t.Logf("%d keys that b does not own are refused, %d answered", refused, answered)
	peer, _ := p.PickPeer("user:42")
	_, err = get(t, peer, "absent", "user:42")
	require.ErrorContains(t, err, "404")
}

// TestHostilePeers: a peer that hangs, is gone or sends too much is an error.
func TestHostilePeers(t *testing.T) {
	t.Parallel()
	quit := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.FormValue("key") {
		case "hang":
			<-quit
		case "large":
			for chunk := make([]byte, 1<<20); ; {
				if _, err := w.Write(chunk); err != nil {
					return
				}
			}
		case "cut":
			w.Header().Set("Content-Length", "10")
			fmt.Fprint(w, "123")
		}
	}))
	defer server.Close()
	defer close(quit)
	view, err := mapper.Follow(t.Context(), registry.Of(mapper.Node{Name: "a", Addr: server.Listener.Addr().String()}), rendezvous.Build)
	require.NoError(t, err)
	defer view.Close()
	for key, timeout := range map[string]time.Duration{"hang": 10 * time.Millisecond, "large": time.Minute, "cut": time.Minute} {
		hostile := &http.Client{Transport: &http.Transport{}, Timeout: timeout}
		p := &peers{View: view, Self: "b", Client: hostile}
		peer, ok := p.PickPeer(key)
		require.True(t, ok)
		_, err := get(t, peer, "test", key)
		require.Error(t, err, key)
		hostile.CloseIdleConnections()
	}
}

// TestPickNone: no nodes, and the process itself.
func TestPickNone(t *testing.T) {
	t.Parallel()
	for name, nodes := range map[string][]mapper.Node{"no nodes": nil, "itself": {{Name: "a"}}} {
		view, err := mapper.Follow(t.Context(), registry.Of(nodes...), rendezvous.Build)
		require.NoError(t, err)
		defer view.Close()
		_, ok := (&peers{View: view, Self: "a"}).PickPeer("user:42")
		require.False(t, ok, name)
	}
	dead, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, dead.Close())
	view, err := mapper.Follow(t.Context(), registry.Of(mapper.Node{Name: "b", Addr: dead.Addr().String()}), rendezvous.Build)
	require.NoError(t, err)
	defer view.Close()
	peer, ok := (&peers{View: view, Self: "a"}).PickPeer("user:42")
	require.True(t, ok)
	_, err = get(t, peer, "test", "user:42")
	require.Error(t, err)
}

// get asks a peer as groupcache does.
func get(t *testing.T, peer lib.ProtoGetter, group, key string) (string, error) {
	t.Helper()
	out := &groupcachepb.GetResponse{}
	err := peer.Get(t.Context(), &groupcachepb.GetRequest{Group: &group, Key: &key}, out)
	return string(out.Value), err
}
