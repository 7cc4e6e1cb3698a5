package kubernetes

import (
	"errors"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/mapper"
)

// FuzzAnswer sends the bytes of an answer, which must become nodes or an *Error of
// one line.
func FuzzAnswer(f *testing.F) {
	const list = `{"kind":"EndpointSliceList","metadata":{"resourceVersion":"5"},"items":[`
	for _, body := range []string{
		"", "null", "{}", "[]", "\xff", list, list + "]}", list + "null]}", list + "{}]}",
		list + `{"metadata":{"name":"s"},"addressType":"IPv4","ports":[{"port":80}],"endpoints":[` + of("a", "10.0.0.1", `"ready":true`) + `,{}]}]}`,
		list + `{"metadata":{"name":"s"},"addressType":"IPv6","ports":null,"endpoints":[null,{"addresses":["::1"]}]}]}`,
		`{"kind":"Status","code":403,"message":"x\ny"}`,
	} {
		f.Add(body, 200, "")
		f.Add(body, 403, "address")
		f.Add(body, 200, "node")
	}
	f.Fuzz(func(t *testing.T, body string, code int, identity string) {
		api := newFakeAPI()
		api.refuse = func(*http.Request) *http.Response { return answer(code, body) }
		c := Config{Service: "web", Server: "https://fake", Client: &http.Client{Transport: api}, Identity: Identity(identity), Ready: ReadyAny}
		s, err := New(c)
		if err != nil {
			require.ErrorIs(t, err, ErrConfig)
			return
		}
		u, err := s.Ask(t.Context())
		if err != nil {
			var e *Error
			require.ErrorAs(t, err, &e)
			require.NotContains(t, err.Error(), "\n")
			require.NotEmpty(t, e.Hint())
			return
		}
		require.True(t, slices.IsSortedFunc(u.Nodes, func(a, b mapper.Node) int { return strings.Compare(a.Name, b.Name) }))
		for i, n := range u.Nodes {
			require.NotEmpty(t, n.Name)
			require.True(t, i == 0 || u.Nodes[i-1].Name != n.Name, "%q occurs twice", n.Name)
		}
	})
}

// FuzzKubeconfig parses the bytes of a kubeconfig file, which must become a source
// or an ErrConfig.
func FuzzKubeconfig(f *testing.F) {
	for _, text := range []string{
		"", "current-context: x", "{", "users: [null]", "contexts: [{name: x, context: {cluster: c}}]\ncurrent-context: x\nclusters: [{name: c, cluster: {server: 'https://x'}}]",
		"a: &a [*a]", "current-context: x\ncontexts: [{name: x, context: {cluster: c, user: u}}]\nclusters: [{name: c, cluster: {server: 'http://x', proxy-url: ':'}}]\nusers: [{name: u, user: {exec: {command: x}}}]",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		_, err := newSource(Config{Service: "web", Kubeconfig: write(t, filepath.Join(t.TempDir(), "k"), text)}, here(t, nil))
		require.True(t, err == nil || errors.Is(err, ErrConfig), "%v", err)
	})
}
