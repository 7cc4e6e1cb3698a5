package browsertest

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/proxenos/proxenos/internal/report"
)

// chromium returns a path, or skips; where peers are required it fails.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("PROXENOS_REQUIRE_PEERS") != "" {
		t.Fatal("no chromium: apt-get install chromium")
	}
	t.Skip("no chromium: apt-get install chromium")
	return ""
}

// browser starts Chromium and keeps it for the test. It talks to nobody.
func browser(t *testing.T) context.Context {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium(t)),
		chromedp.UserDataDir(t.TempDir()),
		chromedp.NoSandbox,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.WSURLReadTimeout(time.Minute),
	)
	ctx, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	ctx, done := chromedp.NewContext(ctx)
	t.Cleanup(done)
	_, err := chromedp.Run(ctx, chromedp.Title()) // starts it
	require.NoError(t, err)
	return ctx
}

// serve answers with a page at / and counts what else is asked for.
func serve(t *testing.T, page []byte) (url string, others func() []string) {
	t.Helper()
	var mu sync.Mutex
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, err := w.Write(page)
			assert.NoError(t, err)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, r.URL.Path)
		http.NotFound(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL + "/", func() []string {
		mu.Lock()
		defer mu.Unlock()
		return asked
	}
}

// complaints gathers what a browser says about a page: errors and warnings,
// exceptions and whatever is written to the console, and its requests.
type complaints struct {
	mu       sync.Mutex
	said     []string
	requests []string
}

func listen(t *testing.T, ctx context.Context) *complaints {
	t.Helper()
	c := new(complaints)
	require.NoError(t, chromedp.Listen(ctx, func(event any) {
		c.mu.Lock()
		defer c.mu.Unlock()
		switch e := event.(type) {
		case *log.EventEntryAdded:
			c.said = append(c.said, fmt.Sprintf("%s: %s", e.Entry.Level, e.Entry.Text))
		case *runtime.EventConsoleAPICalled:
			c.said = append(c.said, fmt.Sprintf("console.%s", e.Type))
		case *runtime.EventExceptionThrown:
			c.said = append(c.said, e.ExceptionDetails.Text)
		case *network.EventRequestWillBeSent:
			c.requests = append(c.requests, e.Request.URL)
		}
	}))
	_, err := chromedp.Call(ctx, log.Enable, cdp.Empty{})
	require.NoError(t, err)
	_, err = chromedp.Call(ctx, runtime.Enable, cdp.Empty{})
	require.NoError(t, err)
	_, err = chromedp.Call(ctx, network.Enable, network.EnableParams{})
	require.NoError(t, err)
	return c
}

// view is how somebody looks at a page.
type view struct {
	name          string
	width, height int64
	scheme        string
}

var views = []view{
	{"phone-light", 390, 844, "light"},
	{"phone-dark", 390, 844, "dark"},
	{"desktop-light", 1280, 900, "light"},
	{"desktop-dark", 1280, 900, "dark"},
}

// someViews are both widths and both schemes, in a short run once each: a page of
// hundreds of members takes seconds to look at.
func someViews() []view {
	if testing.Short() {
		return []view{views[0], views[3]}
	}
	return views
}

// facts are what a page says about itself when it is drawn.
type facts struct {
	Wide       int      `json:"wide"`      // pixels that the content is wider than the window
	Outside    []string `json:"outside"`   // texts of pictures that leave their picture
	Beyond     []string `json:"beyond"`    // elements that leave the window and cannot be scrolled to
	Pictures   int      `json:"pictures"`  // that take room
	Unnamed    int      `json:"unnamed"`   // pictures without a title or a description
	Scripts    int      `json:"scripts"`   // elements and handlers
	Styled     string   `json:"styled"`    // the colour of the page
	Headings   int      `json:"headings"`  // that can be seen
	Injected   int      `json:"injected"`  // elements that names would make
	Duplicates int      `json:"duplicate"` // IDs that occur twice
}

const inspect = `(() => {
  const all = [...document.querySelectorAll('*')];
  const svgs = [...document.querySelectorAll('svg')];
  const ids = all.map(e => e.id).filter(id => id);
  return {
    wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    outside: svgs.flatMap(svg => [...svg.querySelectorAll('text')].filter(t => {
      const a = t.getBoundingClientRect(), b = svg.getBoundingClientRect();
      return a.left < b.left - 1 || a.right > b.right + 1 || a.top < b.top - 1 || a.bottom > b.bottom + 1;
    }).map(t => t.textContent)),
    beyond: all.filter(e => !e.closest('.scroll') && !e.closest('svg') && e.getBoundingClientRect().right > innerWidth + 1).map(e => e.tagName),
    pictures: svgs.filter(svg => svg.getBoundingClientRect().width > 200 && svg.getBoundingClientRect().height > 40).length,
    unnamed: svgs.filter(svg => svg.getAttribute('role') !== 'img' || svg.getAttribute('aria-labelledby').split(' ').some(id => !document.getElementById(id)?.textContent)).length,
    scripts: document.scripts.length + all.filter(e => [...e.attributes].some(a => a.name.startsWith('on'))).length,
    styled: getComputedStyle(document.body).backgroundColor,
    headings: [...document.querySelectorAll('h1, h2')].filter(h => h.getBoundingClientRect().height > 10).length,
    injected: document.querySelectorAll('b, img, script').length,
    duplicate: ids.length - new Set(ids).size,
  };
})()`

func look(t *testing.T, parent context.Context, url string, v view) (f facts, shot image.Image, c *complaints) {
	t.Helper()
	ctx, cancel := chromedp.NewContext(parent)
	defer cancel()
	c = listen(t, ctx)
	features := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: v.scheme}}
	_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features})
	require.NoError(t, err)
	require.NoError(t, chromedp.Do(ctx, chromedp.EmulateViewport(v.width, v.height), chromedp.Navigate(url)))
	f, err = chromedp.Run(ctx, chromedp.Evaluate[facts](inspect))
	require.NoError(t, err)
	picture, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	require.NoError(t, err)
	keep(t, v.name, picture)
	shot, err = png.Decode(bytes.NewReader(picture))
	require.NoError(t, err)
	c.mu.Lock()
	defer c.mu.Unlock()
	return f, shot, c
}

// keep writes a screenshot where PROXENOS_SCREENSHOTS says, for a look.
func keep(t *testing.T, name string, picture []byte) {
	t.Helper()
	if dir := os.Getenv("PROXENOS_SCREENSHOTS"); dir != "" {
		file := filepath.Join(dir, filepath.Base(t.Name())+"-"+name+".png")
		require.NoError(t, os.WriteFile(file, picture, 0o600))
	}
}

// Every page is looked at on a phone and on a desktop, light and dark.
func TestPagesInABrowser(t *testing.T) {
	ctx := browser(t)
	for name, page := range pages() {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			require.NoError(t, report.HTML(&b, page))
			url, others := serve(t, b.Bytes())
			for _, v := range views {
				f := sound(t, ctx, url, v)
				assert.GreaterOrEqual(t, f.Pictures, 2, v.name)
				assert.GreaterOrEqual(t, f.Headings, 4, v.name)
			}
			assert.Empty(t, others())
		})
	}
}

// sound looks at a page and asserts what holds for each: it fits, is drawn in
// the right scheme, has words for its pictures, and asks for nothing else.
func sound(t *testing.T, ctx context.Context, url string, v view) facts {
	t.Helper()
	f, shot, c := look(t, ctx, url, v)
	assert.Empty(t, c.said, "%s: the browser complains", v.name)
	assert.Equal(t, []string{url}, withoutData(c.requests), "%s: it loads nothing else", v.name)
	assert.LessOrEqual(t, f.Wide, 0, "%s: it is wider than the window", v.name)
	assert.Empty(t, f.Outside, "%s: texts leave their pictures", v.name)
	assert.Empty(t, f.Beyond, "%s: elements leave the window", v.name)
	assert.Zero(t, f.Unnamed, "%s: pictures without words", v.name)
	assert.Zero(t, f.Scripts, v.name)
	assert.Zero(t, f.Injected, "%s: names became elements", v.name)
	assert.Zero(t, f.Duplicates, "%s: IDs occur twice", v.name)
	assert.Equal(t, int(v.width), shot.Bounds().Dx(), v.name)
	assert.Greater(t, tones(shot), 8, "%s: hardly anything was drawn", v.name)
	assert.Equal(t, v.scheme == "dark", dark(shot.At(1, 1)), "%s: the page is %s", v.name, f.Styled)
	return f
}

// The checks above would notice: a page that does everything wrong fails them.
func TestTheBrowserComplains(t *testing.T) {
	ctx := browser(t)
	page := `<!DOCTYPE html><meta http-equiv="Content-Security-Policy" content="default-src 'none'">
<title>x</title><p style="width: 3000px">wide</p><script>alert(1)</script><img src="/x.png">
<svg width="300" height="100"><text x="290" y="50">far too long for here</text></svg>`
	url, _ := serve(t, []byte(page))
	f, _, c := look(t, ctx, url, view{"bad", 390, 844, "light"})
	assert.NotEmpty(t, c.said)
	assert.NotEmpty(t, f.Outside)
	assert.Equal(t, []int{1, 1, 2}, []int{f.Scripts, f.Unnamed, f.Injected})

	wide := `<!DOCTYPE html><title>x</title><p style="width: 3000px">wide</p><img src="/x.png">`
	url, others := serve(t, []byte(wide))
	f, _, _ = look(t, ctx, url, view{"wide", 390, 844, "light"})
	assert.Positive(t, f.Wide)
	assert.NotEmpty(t, f.Beyond)
	assert.Contains(t, others(), "/x.png")
}

// The pictures are files too: XML that a browser draws without a word.
func TestPicturesInABrowser(t *testing.T) {
	ctx := browser(t)
	for _, name := range report.Pictures() {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			require.NoError(t, report.SVG(&b, pages()["change"], name))
			file := filepath.Join(t.TempDir(), "picture.svg")
			require.NoError(t, os.WriteFile(file, b.Bytes(), 0o600))
			tab, cancel := chromedp.NewContext(ctx)
			defer cancel()
			c := listen(t, tab)
			require.NoError(t, chromedp.Do(tab, chromedp.EmulateViewport(600, 500), chromedp.Navigate("file://"+file)))
			root, err := chromedp.Run(tab, chromedp.Evaluate[string](`document.documentElement.nodeName + document.querySelectorAll('parsererror, script').length`))
			require.NoError(t, err)
			shot, err := chromedp.Run(tab, chromedp.CaptureScreenshot())
			require.NoError(t, err)
			assert.Equal(t, "svg0", root)
			drawn, err := png.Decode(bytes.NewReader(shot))
			require.NoError(t, err)
			assert.Greater(t, tones(drawn), 5)
			keep(t, "svg", shot)
			c.mu.Lock()
			defer c.mu.Unlock()
			assert.Empty(t, c.said)
		})
	}
}

// withoutData drops data: addresses, for which nothing is asked.
func withoutData(urls []string) (asked []string) {
	for _, u := range urls {
		if len(u) < 5 || u[:5] != "data:" {
			asked = append(asked, u)
		}
	}
	return asked
}

// tones counts the colours of a grid of pixels.
func tones(m image.Image) int {
	seen := map[color.Color]bool{}
	for y := m.Bounds().Min.Y; y < m.Bounds().Max.Y; y += 3 {
		for x := m.Bounds().Min.X; x < m.Bounds().Max.X; x += 3 {
			seen[m.At(x, y)] = true
		}
	}
	return len(seen)
}

func dark(c color.Color) bool {
	r, g, b, _ := c.RGBA()
	return r+g+b < 3*0x8000
}
