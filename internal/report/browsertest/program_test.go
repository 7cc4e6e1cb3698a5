package browsertest

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/freeport"
)

// buildProxenos builds the proxenos program and returns its path.
func buildProxenos(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "proxenos")
	out, err := exec.Command("go", "-C", filepath.Join("..", "..", ".."), "build", "-o", program, "./cmd/proxenos").CombinedOutput()
	require.NoError(t, err, "%s", out)
	return program
}

// background runs a command until the test ends, and logs its standard error if
// the test fails.
func background(t *testing.T, program string, args ...string) {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.Command(program, args...)
	cmd.Stderr = &stderr
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("%s", stderr.String())
		}
	})
}

// checkReadOnly asserts that the page rejects methods other than GET and
// cross-origin requests.
func checkReadOnly(t *testing.T, page string) {
	t.Helper()
	send := func(method, path string, change func(*http.Request)) int {
		r, err := http.NewRequest(method, page+path, nil)
		require.NoError(t, err)
		change(r)
		response, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		return response.StatusCode
	}
	unchanged := func(*http.Request) {}
	for _, path := range []string{"/", "/select?key=a", "/healthz", "/readyz"} {
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
			assert.Equal(t, http.StatusMethodNotAllowed, send(method, path, unchanged), "%s %s", method, path)
		}
		assert.Equal(t, http.StatusForbidden, send(http.MethodGet, path, func(r *http.Request) { r.Host = "evil.example" }), path)
		assert.Equal(t, http.StatusForbidden, send(http.MethodGet, path, func(r *http.Request) { r.Header.Set("Origin", "http://evil.example") }), path)
	}
}

// TestStatusPageOfMember opens the page of `proxenos swim run --http` while a
// second member joins.
func TestStatusPageOfMember(t *testing.T) {
	t.Parallel()
	browser(t) // before building, as it may skip the test
	program := buildProxenos(t)
	addr := func() string { return fmt.Sprint("127.0.0.1:", freeport.Take(t)) }
	one, two, page := addr(), addr(), addr()
	background(t, program, "swim", "run", "--timing", "local", "--name", one, "--http", page, "--meta", "addr=10.0.0.1:80")
	for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		response, err := http.Get("http://" + page + "/healthz")
		if err == nil {
			require.NoError(t, response.Body.Close())
			break
		}
		require.True(t, time.Now().Before(end), "%v", err)
	}
	for _, f := range checkPage(t, "http://"+page+"/?refresh=0") {
		assert.Equal(t, 1, f.Pictures)
	}

	tab, l := openTab(t)
	require.NoError(t, chromedp.Do(tab, chromedp.EmulateViewport(800, 600), chromedp.Navigate("http://"+page+"/")))
	const rows = `String(document.querySelectorAll('table.live tbody tr').length)`
	becomes(t, tab, rows, "1")
	background(t, program, "swim", "run", "--timing", "local", "--name", two, "--peer", one, "--meta", "weight=3", "--meta", "<img/src/onerror>=<script>alert(1)</script>")
	becomes(t, tab, rows, "2")
	becomes(t, tab, fmt.Sprintf(`[...document.querySelectorAll('tr')].find(r => r.textContent.includes(%q))?.querySelector('.n').textContent ?? ''`, two), "75.00%")
	becomes(t, tab, `document.querySelectorAll('img, script').length + ' ' + document.querySelector('.about').closest('tbody').textContent.includes('<img/src/onerror>=<script>alert(1)</script>')`, "0 true")
	becomes(t, tab, `String([...document.querySelectorAll('table.words tr')].some(row => /^checksum[0-9a-f]{16}:/.test(row.textContent)))`, "true")
	checkReadOnly(t, "http://"+page)

	eval(tab, `document.querySelector('.links a').click(), ''`)
	becomes(t, tab, `location.pathname`, "/select")
	eval(tab, `document.querySelector('#key').value = 'user:42', document.querySelector('button').click(), ''`)
	becomes(t, tab, `String(/^(10.0.0.1:80|127.0.0.1:\d+) \(.*\)$/.test(document.querySelector('#owner')?.textContent ?? ''))`, "true")
	assert.Empty(t, l.logged())
}
