package browsertest

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/testkit/freeport"
)

// served is a running `proxenos serve` on a file of nodes.
type served struct {
	t    *testing.T
	page string
	file string
}

// startServe starts the program on a file with these lines.
func startServe(t *testing.T, program string, lines []string, args ...string) *served {
	t.Helper()
	s := &served{t: t, file: filepath.Join(t.TempDir(), "nodes.txt")}
	s.list(lines)
	address := fmt.Sprint("127.0.0.1:", freeport.Take(t))
	s.page = "http://" + address + "/"
	background(t, program, append([]string{"serve", "-f", s.file, "--http", address}, args...)...)
	s.until("/readyz", "ok")
	return s
}

// list replaces the file.
func (s *served) list(lines []string) {
	s.t.Helper()
	require.NoError(s.t, os.WriteFile(s.file+".new", []byte(strings.Join(lines, "\n")+"\n"), 0o600))
	require.NoError(s.t, os.Rename(s.file+".new", s.file))
}

// until waits until the answer at a path contains a text.
func (s *served) until(path, text string) {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		r, err := http.NewRequest(http.MethodGet, strings.TrimSuffix(s.page, "/")+path, nil)
		require.NoError(s.t, err)
		r.Header.Set("Accept", "text/html")
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			return false
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		return err == nil && strings.Contains(string(body), text)
	}, time.Minute, 20*time.Millisecond, text)
}

// linesOf returns a line for each name.
func linesOf(names []string) (lines []string) {
	for i, name := range names {
		if strings.Contains(name, `"`) {
			name = strconv.Quote(name)
		}
		lines = append(lines, fmt.Sprintf("%s 10.0.%d.%d:11211 w=%d zone=zone-%d", name, i/200, i%200+1, i%3+1, i%3))
	}
	return lines
}

// TestPageOfServe looks at the page of `proxenos serve` after a node joined and
// another one changed its weight.
func TestPageOfServe(t *testing.T) {
	t.Parallel()
	browser(t) // before building, as it may skip the test
	program := buildProxenos(t)
	for name, c := range map[string]struct {
		names []string
		args  []string
	}{
		"five":    {[]string{"cache-1", "cache-2", "cache-3", "cache-4", "cache-5"}, []string{"-a", "ring"}},
		"sixty":   {numbered(60), []string{"-a", "ketama"}},
		"hostile": {[]string{"<script>alert(1)</script>", `"><img/src=x/onerror=alert(1)>`, "<b>bold</b>", "a-name-without-a-single-place-to-break-it-that-is-longer-than-any-phone-is-wide-and-goes-on", "漢字漢字漢字漢字漢字漢字漢字", "&amp;&lt;"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lines := linesOf(c.names)
			s := startServe(t, program, lines[:len(lines)-1], c.args...)
			lines[0] = strings.Replace(lines[0], "w=1", "w=2", 1)
			s.list(lines)
			s.until("/", "last change moved")
			for _, f := range checkPage(t, s.page+"?refresh=0") {
				assert.GreaterOrEqual(t, f.Pictures, 1, "the shares")
				assert.GreaterOrEqual(t, f.Headings, 3)
			}
			tab, l := openTab(t)
			require.NoError(t, chromedp.Do(tab, chromedp.EmulateViewport(1000, 800), chromedp.Navigate(s.page)))
			becomes(t, tab, `String(document.querySelectorAll('table.live tbody tr').length)`, fmt.Sprint(len(lines)))
			becomes(t, tab, `String(document.querySelector('table.moves').textContent.length > 10)`, "true")
			s.list([]string{"a w=x"})
			becomes(t, tab, `String(document.querySelector('.tiles').textContent.includes('fails'))`, "true")
			s.list(lines[:1])
			becomes(t, tab, `String(document.querySelectorAll('table.live tbody tr').length)`, "1")
			assert.Empty(t, l.logged())
		})
	}
}
