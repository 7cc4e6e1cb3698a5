package etcd

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/proxenos/proxenos/internal/testkit/servertest"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/mappertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const prefix = "/services/web/"

const patience = time.Minute

func newSource(t testing.TB, c Config) *Source {
	t.Helper()
	if c.Prefix == "" {
		c.Prefix = prefix
	}
	s, err := New(c)
	require.NoError(t, err)
	return s
}

func TestConformance(t *testing.T) {
	server := servertest.StartEtcd(t, servertest.EtcdOptions{})
	mappertest.Test(t, func(t *testing.T) mappertest.Source {
		server.DeletePrefix(prefix)
		kept := map[string]bool{}
		publish := func(t testing.TB, nodes []mapper.Node) {
			now := map[string]bool{}
			for _, n := range nodes {
				value, err := json.Marshal(n)
				require.NoError(t, err)
				server.Put(prefix+n.Name, string(value))
				now[n.Name] = true
			}
			for name := range kept {
				if !now[name] {
					server.Delete(prefix + name)
				}
			}
			kept = now
		}
		broken := func(t testing.TB, nodes []mapper.Node) {
			publish(t, nodes)
			server.Put(prefix+"broken", `{"id": 7}`)
		}
		return mappertest.Source{Mapper: newSource(t, Config{Endpoints: []string{server.URL}}), Publish: publish, PublishBroken: broken}
	})
}

func TestValues(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]mapper.Node{
		"10.0.0.1:80":                           {Name: "web-1", Addr: "10.0.0.1:80"},
		"10.0.0.1:80\n":                         {Name: "web-1", Addr: "10.0.0.1:80"},
		"10.0.0.1":                              {Name: "web-1", Addr: "10.0.0.1"},
		"[::1]:80":                              {Name: "web-1", Addr: "[::1]:80"},
		"unix:/run/web.sock":                    {Name: "web-1", Addr: "unix:/run/web.sock"},
		"":                                      {Name: "web-1"},
		"other":                                 {Name: "other"},
		"other 10.0.0.1:80 w=2 zone=eu rack=r7": {Name: "other", Addr: "10.0.0.1:80", Weight: 2, Zone: "eu", Meta: map[string]string{"rack": "r7"}},
		`{"id": "x", "address": "h:1", "weight": 3}`:                       {Name: "x", Addr: "h:1", Weight: 3},
		`{"Op":0,"Addr":"10.0.0.1:80","Metadata":null}`:                    {Name: "web-1", Addr: "10.0.0.1:80"},
		`{"Op":0,"Addr":"10.0.0.1:80","Metadata":{"zone":"eu","n":1}}`:     {Name: "web-1", Addr: "10.0.0.1:80", Meta: map[string]string{"zone": "eu"}},
		`{"Op":0,"Addr":"10.0.0.1:80","Metadata":"any value is possible"}`: {Name: "web-1", Addr: "10.0.0.1:80"},
	} {
		n, err := nodeOf("web-1", value)
		require.NoError(t, err, value)
		require.Equal(t, want, n, value)
	}
	for value, want := range map[string]string{
		"10.0.0.1:0":              `address "10.0.0.1:0": port "0" must be a number from 1 to 65535`,
		"10.0.0.1:http":           `port "http" must be a number`,
		"a 10.0.0.1:80\nb":        "want one node a key",
		"# nothing":               "want one node a key",
		"a w=heavy":               `weight "heavy"`,
		`{"id": 7}`:               `id: want text, not "7"`,
		`{"id": ""}`:              "the ID is empty",
		`{"weight": 7}`:           "the ID is empty",
		`{"id": "a"`:              "not JSON of a node",
		`{"Addr": "a:b:c"}`:       `address "a:b:c"`,
		`{"Addr": 7}`:             "not JSON of a node",
		"\xff\xfe":                "UTF-8",
		"unix:run/web.sock":       "absolute path",
		`{"id":"a"},{"id":"b"}`:   "not JSON of a node",
		`{"id": "a", "size": 10}`: `"size"`,
	} {
		_, err := nodeOf("web-1", value)
		require.ErrorContains(t, err, want, value)
	}
}

func TestStateNodes(t *testing.T) {
	t.Parallel()
	s := state{records: map[string]record{}}
	for key, value := range map[string]string{
		prefix + "b": "10.0.0.2:80", prefix + "a": "10.0.0.1:80", prefix + "bad": `{"id": 1}`,
		prefix + "x": "twin h:1", prefix + "y": "twin h:2", prefix + "z": "twin h:1",
		prefix + "p": "same h:1", prefix + "q": "same h:1", prefix: "alone.test:80",
	} {
		require.NoError(t, s.put(prefix, keyValue{Key: []byte(key), Value: []byte(value)}))
	}
	nodes, skipped := s.nodes()
	require.Equal(t, []mapper.Node{{Name: "a", Addr: "10.0.0.1:80"}, {Name: "b", Addr: "10.0.0.2:80"}, {Name: "same", Addr: "h:1"}}, nodes)
	require.Len(t, skipped, 3)
	require.ErrorContains(t, skipped[0], `etcd key "/services/web/": the ID is empty`)
	require.ErrorContains(t, skipped[1], `etcd key "/services/web/bad": `)
	require.EqualError(t, skipped[2], `etcd keys "/services/web/x" and "/services/web/y": both hold node "twin", with different data`)
}

func TestConfig(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]Config{
		"no prefix":                                      {},
		`endpoint "ftp://h": want http or https`:         {Prefix: "/", Endpoints: []string{"ftp://h"}},
		`endpoint "http://": the host is missing`:        {Prefix: "/", Endpoints: []string{"http://"}},
		`endpoint "…@h:1": the address holds a password`: {Prefix: "/", Endpoints: []string{"http://u:hidden@h:1"}},
		`endpoint "h:1/?a=b": want a host and a port`:    {Prefix: "/", Endpoints: []string{"h:1/?a=b"}},
		"a password without the name of a user":          {Prefix: "/", Password: "hidden"},
		"a password and a file of the password":          {Prefix: "/", Username: "u", Password: "hidden", PasswordFile: "f"},
		"timeout -1s, confirmation every 10s":            {Prefix: "/", Timeout: -time.Second},
	} {
		_, err := New(c)
		require.ErrorIs(t, err, ErrConfig)
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), "hidden")
	}
	s := newSource(t, Config{Endpoints: []string{"h:1", "https://h:2/base/"}})
	require.Equal(t, []string{"http://h:1", "https://h:2/base"}, s.config.Endpoints)
	require.Equal(t, []string{defaultEndpoint}, newSource(t, Config{}).config.Endpoints)
}

func TestEnd(t *testing.T) {
	t.Parallel()
	for prefix, want := range map[string]string{"a": "b", "/x/": "/x0", "a\xff": "b", "\xff\xff": "\x00", "a\xff\xff": "b"} {
		c := client{config: Config{Prefix: prefix}}
		require.Equal(t, []byte(want), c.end(), "%q", prefix)
	}
}

// A set larger than a page is read at one revision.
func TestPages(t *testing.T) {
	t.Parallel()
	server := servertest.StartEtcd(t, servertest.EtcdOptions{})
	put(server, 0, 2*page+1)
	nodes, err := newSource(t, Config{Endpoints: []string{server.URL}}).Nodes(t.Context())
	require.NoError(t, err)
	require.Len(t, nodes, 2*page+1)
	require.Equal(t, "n02000", nodes[2*page].Name)
}

// put writes nodes by transactions of up to 100 keys.
func put(server *servertest.Etcd, from, to int) {
	for from < to {
		var ops []any
		for ; from < to && len(ops) < 100; from++ {
			key := fmt.Sprintf("%sn%05d", prefix, from)
			ops = append(ops, map[string]any{"request_put": map[string]any{"key": []byte(key), "value": fmt.Appendf(nil, "10.0.%d.%d:80", from/250, from%250)}})
		}
		server.Call("/v3/kv/txn", map[string]any{"success": ops}, nil)
	}
}

// view follows the names of the nodes.
func follow(t *testing.T, s mapper.Watcher) *mapper.View[string] {
	t.Helper()
	view, err := mapper.FollowWith(t.Context(), s, func(nodes []mapper.Node) (string, error) {
		var names []string
		for _, n := range nodes {
			names = append(names, n.Name)
		}
		return strings.Join(names, " "), nil
	}, mapper.FollowConfig[string]{Wait: patience})
	require.NoError(t, err)
	t.Cleanup(view.Close)
	return view
}

// until waits for a value and for whether it may be stale.
func until(t *testing.T, view *mapper.View[string], want string, stale bool) {
	t.Helper()
	for deadline := time.After(patience); ; {
		changed := view.Changed()
		if state := view.State(); state.Value == want && (state.Set.Err != nil) == stale {
			return
		}
		select {
		case <-changed:
		case <-deadline:
			require.FailNow(t, "not seen", "want %q, stale %v; got %q, %v", want, stale, view.Value(), view.Err())
		}
	}
}

// TestOutages kills, stops, compacts and empties the server under a view.
func TestOutages(t *testing.T) {
	t.Parallel()
	server := servertest.StartEtcd(t, servertest.EtcdOptions{})
	server.Put(prefix+"a", "10.0.0.1:80")
	view := follow(t, newSource(t, Config{
		Endpoints: []string{server.URL}, Timeout: time.Second, Confirm: 50 * time.Millisecond, ShrinkHold: 2 * time.Second,
	}))
	until(t, view, "a", false)

	lease := server.Grant(patience)
	server.PutLease(prefix+"b", "10.0.0.2:80", lease)
	until(t, view, "a b", false)
	server.Revoke(lease)
	until(t, view, "a", false)

	server.Suspend()
	until(t, view, "a", true)
	require.ErrorIs(t, view.Err(), ErrUnreachable)
	require.ErrorContains(t, view.Err(), "no answer within 1s")
	server.Resume()
	until(t, view, "a", false)

	server.Kill()
	until(t, view, "a", true)
	server.Restart()
	until(t, view, "a", false)
	server.Compact(server.Put(prefix+"c", "10.0.0.3:80"))
	until(t, view, "a c", false)

	server.RestartEmpty()
	server.Put(prefix+"d", "10.0.0.4:80")
	until(t, view, "a c d", true)
	require.ErrorIs(t, view.Err(), errHeld)
	until(t, view, "d", false)
}

// A watch from a revision that is compacted reads the prefix again.
func TestCompactedWatch(t *testing.T) {
	t.Parallel()
	server := servertest.StartEtcd(t, servertest.EtcdOptions{})
	first := server.Put(prefix+"a", "10.0.0.1:80")
	server.Compact(server.Put(prefix+"b", "10.0.0.2:80"))
	s := newSource(t, Config{Endpoints: []string{server.URL}})
	var feed mapper.Feed
	err := s.watch(t.Context(), s.endpoints[0], &state{revision: first - 1, records: map[string]record{}}, &publisher{to: &feed})
	require.ErrorIs(t, err, errCompacted)
	s.http.CloseIdleConnections()
}

// The next endpoint answers when one fails, in a watch too.
func TestFailOver(t *testing.T) {
	t.Parallel()
	one, two := servertest.StartEtcd(t, servertest.EtcdOptions{}), servertest.StartEtcd(t, servertest.EtcdOptions{})
	for _, server := range []*servertest.Etcd{one, two} { // the members of a cluster hold the same
		server.Put(prefix+"a", "10.0.0.1:80")
	}
	s := newSource(t, Config{Endpoints: []string{"127.0.0.1:1", one.URL, two.URL}, Confirm: 50 * time.Millisecond, Timeout: time.Second})
	nodes, err := s.Nodes(t.Context())
	require.NoError(t, err)
	require.Len(t, nodes, 1)
	view := follow(t, s)
	until(t, view, "a", false)
	one.Kill()
	two.Put(prefix+"b", "10.0.0.2:80")
	until(t, view, "a b", false)
}

func TestUnreachable(t *testing.T) {
	t.Parallel()
	_, err := newSource(t, Config{Endpoints: []string{"127.0.0.1:1"}}).Nodes(t.Context())
	require.ErrorIs(t, err, ErrUnreachable)
	require.ErrorContains(t, err, `etcd at "http://127.0.0.1:1": keys below "/services/web/": `)
	require.ErrorContains(t, err, "connection refused")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = newSource(t, Config{Endpoints: []string{"127.0.0.1:1"}}).Nodes(ctx)
	require.ErrorIs(t, err, context.Canceled)
}

// TestAuthentication has a user that may read the prefix and one that may not.
func TestAuthentication(t *testing.T) {
	t.Parallel()
	server := servertest.StartEtcd(t, servertest.EtcdOptions{})
	server.Put(prefix+"a", "10.0.0.1:80")
	call := func(path string, in map[string]any) { server.Call("/v3/auth/"+path, in, nil) }
	for user, role := range map[string]string{"root": "root", "reader": "reader", "stranger": "stranger"} {
		call("role/add", map[string]any{"name": role})
		call("user/add", map[string]any{"name": user, "password": "of " + user})
		call("user/grant", map[string]any{"user": user, "role": role})
	}
	grant := map[string]any{"permType": "READ", "key": []byte(prefix), "range_end": []byte("/services/web0")}
	call("role/grant", map[string]any{"name": "reader", "perm": grant})
	call("enable", map[string]any{})

	file := filepath.Join(t.TempDir(), "password")
	require.NoError(t, os.WriteFile(file, []byte("of reader\n"), 0o600))
	s := newSource(t, Config{Endpoints: []string{server.URL}, Username: "reader", PasswordFile: file, Confirm: 20 * time.Millisecond})
	nodes, err := s.Nodes(t.Context())
	require.NoError(t, err)
	require.Len(t, nodes, 1)

	s.endpoints[0].token = "expired.1" // as after a restart of the server
	nodes, err = s.Nodes(t.Context())
	require.NoError(t, err, "it authenticates again")
	require.Len(t, nodes, 1)

	for user, password := range map[string]string{"stranger": "of stranger", "reader": "wrong", "unknown": "x", "": ""} {
		_, err := newSource(t, Config{Endpoints: []string{server.URL}, Username: user, Password: password}).Nodes(t.Context())
		require.ErrorIs(t, err, ErrPermission, user)
		require.NotContains(t, err.Error(), "of stranger")
	}

	view := follow(t, s)
	until(t, view, "a", false)
	token, err := s.endpoints[0].authenticate(t.Context(), "")
	require.NoError(t, err)
	root := newSource(t, Config{Endpoints: []string{server.URL}, Username: "root", Password: "of root"}).endpoints[0]
	require.NotEmpty(t, token)
	var done struct{}
	require.NoError(t, root.call(t.Context(), "/v3/auth/role/revoke", map[string]any{"role": "reader", "key": []byte(prefix), "range_end": []byte("/services/web0")}, &done))
	until(t, view, "a", true)
	require.ErrorIs(t, view.Err(), ErrPermission)
	require.NoError(t, root.call(t.Context(), "/v3/auth/role/grant", map[string]any{"name": "reader", "perm": grant}, &done))
	until(t, view, "a", false)
	root.http.CloseIdleConnections()
}

func TestTLS(t *testing.T) {
	t.Parallel()
	authority := servertest.NewAuthority(t)
	server := servertest.StartEtcd(t, servertest.EtcdOptions{Authority: authority, ClientCerts: true})
	server.Put(prefix+"a", "10.0.0.1:80")
	view := follow(t, newSource(t, Config{Endpoints: []string{strings.TrimPrefix(server.URL, "https://")}, TLS: authority.ClientTLS(t)}))
	until(t, view, "a", false)
	server.Put(prefix+"b", "10.0.0.2:80")
	until(t, view, "a b", false)
	_, err := newSource(t, Config{Endpoints: []string{server.URL}}).Nodes(t.Context())
	require.ErrorIs(t, err, ErrUnreachable)
	require.ErrorContains(t, err, "certificate")
}
