package main

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fetch gets a page with the given Host header.
func fetch(t *testing.T, url, host string) (code int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	request.Host = host
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	raw, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(raw)
}

func TestStatusPage(t *testing.T) {
	t.Parallel()
	page := "127.0.0.1:" + freePort(t)
	node := found(t, "--status", page)
	_, stderr, code := run(t, "prime", "-h", node.addr)
	require.Zero(t, code, stderr)
	run(t, "get", "-h", node.addr, "nope")
	for path, want := range map[string]string{
		"/":             node.addr + " serving",
		"/metrics":      "proxenos_store_keys 26\n",
		"/select?key=A": node.addr + "\n",
		"/healthz":      "ok\n",
		"/readyz":       "ok\n",
	} {
		code, body := fetch(t, "http://"+page+path, "")
		assert.Equal(t, 200, code, path)
		assert.Contains(t, body, want, path)
	}
	_, metrics := fetch(t, "http://"+page+"/metrics", "")
	assert.Contains(t, metrics, "proxenos_store_misses_total 1\n")
	assert.Contains(t, metrics, "proxenos_store_writes_total 26\n")
	code, _ = fetch(t, "http://"+page+"/select", "")
	assert.Equal(t, 400, code)
	code, _ = fetch(t, "http://"+page+"/", "evil.example")
	assert.Equal(t, 403, code, "DNS rebinding")
	_, stderr, code = run(t, "serve", "--found", "-p", freePort(t), "--status", "0.0.0.0:0")
	assert.Equal(t, 78, code)
	assert.True(t, strings.Contains(stderr, "want a loopback address"), stderr)
}
