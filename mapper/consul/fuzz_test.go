package consul

import (
	"bytes"
	"io"
	"net/http"
	"testing"

	"github.com/hashicorp/consul/api"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/mapper"
)

// fixedAnswer is a transport that gives every request the same answer.
type fixedAnswer struct {
	status      int
	index, body string
}

func (a *fixedAnswer) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: a.status, Request: r, Header: http.Header{"X-Consul-Index": {a.index}, "X-Consul-Knownleader": {"true"}, "X-Consul-Lastcontact": {"0"}},
		Body: io.NopCloser(bytes.NewBufferString(a.body)), ContentLength: int64(len(a.body)),
	}, nil
}

// FuzzAnswer sends the bytes of an answer, which must become nodes or an *Error
// of one line.
func FuzzAnswer(f *testing.F) {
	const instance = `{"Node":{"Node":"n","Address":"10.0.0.1"},"Service":{"ID":"a","Service":"web","Port":80,"Weights":{"Passing":2}},"Checks":[{"Status":"passing"}]}`
	for _, body := range []string{
		"", "null", "[]", "[null]", "[" + instance + "]", "[" + instance + "," + instance + "]", "{}", "[{", `[{"Node":null}]`, "\xff", "rpc error: ACL not found\n",
		`[{"Node":"n","Address":"10.0.0.1","ServiceID":"a","ServiceName":"web","ServicePort":80}]`,
	} {
		f.Add(body, "7", 200, false)
		f.Add(body, "0", 200, true)
		f.Add(body, "x", 500, false)
	}
	answer := &fixedAnswer{}
	client, err := api.NewClient(&api.Config{Address: "127.0.0.1:1", HttpClient: &http.Client{Transport: answer}})
	require.NoError(f, err)
	var sources [2]*Source
	for i, catalog := range []bool{false, true} {
		sources[i] = open(f, Config{Client: client, Service: "web", Catalog: catalog})
	}
	f.Fuzz(func(t *testing.T, body, index string, status int, catalog bool) {
		*answer = fixedAnswer{200 + (status%400+400)%400, index, body}
		source := sources[0]
		if catalog {
			source = sources[1]
		}
		nodes, err := source.Nodes(t.Context())
		if err != nil {
			var e *Error
			require.ErrorAs(t, err, &e)
			require.NotContains(t, e.Error(), "\n")
			require.Empty(t, nodes)
			return
		}
		names := map[string]bool{}
		for _, n := range nodes {
			require.NotEmpty(t, n.Name)
			require.False(t, names[n.Name], "%q twice", n.Name)
			names[n.Name] = true
		}
		require.True(t, mapper.Equal(nodes, nodes))
	})
}
