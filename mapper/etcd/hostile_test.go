package etcd

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/nodelist"
	"github.com/proxenos/proxenos/mapper"
)

// serve answers every request by a handler, as no real server does.
func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

// TestHostileAnswers has answers that are not those of etcd.
func TestHostileAnswers(t *testing.T) {
	t.Parallel()
	reply := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		}
	}
	for want, handler := range map[string]http.HandlerFunc{
		"the answer has no revision: is it an etcd server?": reply(200, `{}`),
		"invalid character":                                     reply(200, "<html>"),
		`status 404: "404 page not found"`:                      reply(404, "404 page not found"),
		`status 503: "etcdserver: no leader"`:                   reply(503, `{"error": "etcdserver: no leader", "code": 14}`),
		`the answer holds the key "/other", which is not below`: reply(200, `{"header": {"revision": "1"}, "kvs": [{"key": "L290aGVy", "value": ""}]}`),
		"status 302": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusFound)
		},
		"unexpected EOF":      reply(200, `{"header": {"revision": "1"}, "kvs": [`),
		"trying to unmarshal": reply(200, `{"header": {"revision": "many"}}`),
		"status 500: \"xxxx":  reply(500, strings.Repeat("x", 1<<20)),
	} {
		s := newSource(t, Config{Endpoints: []string{serve(t, handler)}})
		nodes, err := s.Nodes(t.Context())
		require.ErrorIs(t, err, ErrUnreachable, want)
		require.ErrorContains(t, err, want)
		require.Less(t, len(err.Error()), 500)
		require.Empty(t, nodes)
	}
}

// TestEndlessAnswer reads no more than the bound.
func TestEndlessAnswer(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("64 MiB of JSON take long under the race detector, which learns nothing from them")
	}
	var sent atomic.Int64
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"header": {"revision": "1"}, "kvs": [{"key": "`)
		chunk := bytes.Repeat([]byte("A"), 1<<20)
		for {
			n, err := w.Write(chunk)
			if sent.Add(int64(n)); err != nil {
				return
			}
		}
	})
	_, err := newSource(t, Config{Endpoints: []string{url}, Timeout: patience}).Nodes(t.Context())
	require.ErrorContains(t, err, "the answer is larger than 64 MiB")
	require.Less(t, sent.Load(), int64(MaxAnswer+16<<20), "what the sockets buffer, and no more")
}

// TestWatchMessages reads messages that a server sends on rare occasions.
func TestWatchMessages(t *testing.T) {
	t.Parallel()
	s := newSource(t, Config{})
	for body, want := range map[string]string{
		`{"result": {"canceled": true, "cancel_reason": "etcdserver: permission denied"}}`:                "permission denied",
		`{"result": {"canceled": true, "compact_revision": "7"}}`:                                         "compacted",
		`{"error": {"grpc_code": 14, "http_code": 503, "message": "etcdserver: no leader"}}`:              "no leader",
		`{"result": {"created": true}}`:                                                                   "the watch ended: EOF",
		`{"result": {"events": [{"kv": {"key": "L290aGVy", "value": ""}}]}}`:                              "not below the prefix",
		`{"result": {"events": [{"type": "DELETE", "kv": {"key": "L290aGVy"}}]}}` + "\n" + `{"result": {`: "unexpected EOF",
	} {
		var feed mapper.Feed
		err := s.changes(strings.NewReader(body), &state{records: map[string]record{}}, &publisher{to: &feed})
		require.ErrorContains(t, err, want, body)
	}
}

// FuzzValue: any value is a valid node or an error.
func FuzzValue(f *testing.F) {
	for _, value := range []string{"10.0.0.1:80", "", "web-1 h:1 w=2 zone=eu", `{"id":"a","weight":2}`, `{"Op":0,"Addr":"h:1","Metadata":{"a":"b"}}`, "[::1]", "unix:/a"} {
		f.Add("web-1", value)
	}
	f.Fuzz(func(t *testing.T, name, value string) {
		n, err := nodeOf(name, value)
		if err == nil {
			require.NoError(t, nodelist.Check(nodelist.Node(n)))
		}
	})
}
