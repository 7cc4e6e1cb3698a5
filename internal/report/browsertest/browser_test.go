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
	"slices"
	"strings"
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

// chromium returns the path of a browser. Without one it skips the test, or fails
// it if PROXENOS_REQUIRE_PEERS is set.
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

// shared is the browser of all tests, started by the first one that needs it.
var shared struct {
	start sync.Once
	ctx   context.Context
	err   error
	stop  []func()
}

func TestMain(m *testing.M) {
	code := m.Run()
	for _, stop := range slices.Backward(shared.stop) {
		stop()
	}
	os.Exit(code)
}

// browser returns the browser. Each test opens tabs of its own.
func browser(t *testing.T) context.Context {
	t.Helper()
	path := chromium(t)
	shared.start.Do(func() { shared.ctx, shared.err = startBrowser(path) })
	require.NoError(t, shared.err)
	return shared.ctx
}

// startBrowser starts Chromium without its background network traffic.
func startBrowser(path string) (context.Context, error) {
	data, err := os.MkdirTemp("", "browsertest")
	if err != nil {
		return nil, err
	}
	shared.stop = append(shared.stop, func() { _ = os.RemoveAll(data) })
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.UserDataDir(data),
		chromedp.NoSandbox,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.WSURLReadTimeout(time.Minute),
	)
	ctx, stop := chromedp.NewExecAllocator(context.Background(), options...)
	shared.stop = append(shared.stop, stop)
	ctx, stop = chromedp.NewContext(ctx)
	shared.stop = append(shared.stop, stop)
	_, err = chromedp.Run(ctx, chromedp.Title()) // starts the process
	return ctx, err
}

// serve serves a page at / and records the paths of all other requests.
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

// tabLog records the events of a tab: log entries, exceptions and console output
// as messages, and the URLs of requests.
type tabLog struct {
	mu       sync.Mutex
	messages []string
	requests []string
}

func (l *tabLog) logged() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.messages)
}

func (l *tabLog) requested() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.requests)
}

// openTab opens a tab, which closes when the test ends.
func openTab(t *testing.T) (context.Context, *tabLog) {
	t.Helper()
	ctx, closeTab := chromedp.NewContext(browser(t))
	t.Cleanup(closeTab)
	l := new(tabLog)
	require.NoError(t, chromedp.Listen(ctx, func(event any) {
		l.mu.Lock()
		defer l.mu.Unlock()
		switch e := event.(type) {
		case *log.EventEntryAdded:
			l.messages = append(l.messages, fmt.Sprintf("%s: %s", e.Entry.Level, e.Entry.Text))
		case *runtime.EventConsoleAPICalled:
			l.messages = append(l.messages, fmt.Sprintf("console.%s", e.Type))
		case *runtime.EventExceptionThrown:
			l.messages = append(l.messages, e.ExceptionDetails.Text)
		case *network.EventRequestWillBeSent:
			l.requests = append(l.requests, e.Request.URL)
		}
	}))
	_, err := chromedp.Call(ctx, log.Enable, cdp.Empty{})
	require.NoError(t, err)
	_, err = chromedp.Call(ctx, runtime.Enable, cdp.Empty{})
	require.NoError(t, err)
	_, err = chromedp.Call(ctx, network.Enable, network.EnableParams{})
	require.NoError(t, err)
	return ctx, l
}

// view is a window size and a color scheme.
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

// facts are properties of a rendered page.
type facts struct {
	Wide       int      `json:"wide"`      // pixels by which the content is wider than the window
	Outside    []string `json:"outside"`   // texts that extend beyond their picture
	Beyond     []string `json:"beyond"`    // elements that extend beyond the window and do not scroll
	Pictures   int      `json:"pictures"`  // visible pictures
	Unnamed    int      `json:"unnamed"`   // pictures without a title or a description
	Scripts    int      `json:"scripts"`   // script elements and event handlers
	Styled     string   `json:"styled"`    // the background color
	Headings   int      `json:"headings"`  // visible headings
	Injected   int      `json:"injected"`  // elements that only hostile names contain
	Duplicates int      `json:"duplicate"` // duplicate IDs
	Tiny       []string `json:"tiny"`      // texts in pictures below 12 pixels
	Hidden     []string `json:"hidden"`    // table cells that only scrolling shows
	Overlaps   []string `json:"overlaps"`  // texts in pictures that overlap the text before them
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
    tiny: svgs.flatMap(svg => [...svg.querySelectorAll('text')].filter(t =>
      parseFloat(getComputedStyle(t).fontSize) * svg.getBoundingClientRect().width / svg.viewBox.baseVal.width < 11.99).map(t => t.textContent)),
    hidden: [...document.querySelectorAll('td')].filter(e => e.getBoundingClientRect().right > innerWidth + 1).map(e => e.textContent),
    overlaps: svgs.flatMap(svg => [...svg.querySelectorAll('text')].map(t => [t, t.getBoundingClientRect()]).filter(([t, a], i, texts) => i > 0 &&
      texts.slice(Math.max(0, i - 4), i).some(([, b]) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 4 && b.top < a.bottom - 4)).map(([t]) => t.textContent)),
    duplicate: ids.length - new Set(ids).size,
  };
})()`

// look sets the view of a tab and returns the facts and a screenshot.
func look(t *testing.T, tab context.Context, v view) (f facts, shot image.Image) {
	t.Helper()
	features := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: v.scheme}}
	_, err := chromedp.Call(tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features})
	require.NoError(t, err)
	require.NoError(t, chromedp.Do(tab, chromedp.EmulateViewport(v.width, v.height)))
	f, err = chromedp.Run(tab, chromedp.Evaluate[facts](inspect))
	require.NoError(t, err)
	picture, err := chromedp.Run(tab, chromedp.CaptureScreenshot())
	require.NoError(t, err)
	shot, err = png.Decode(bytes.NewReader(picture))
	require.NoError(t, err)
	if os.Getenv(envScreenshots) != "" {
		picture, err = chromedp.Run(tab, chromedp.FullScreenshot(100))
		require.NoError(t, err)
		keep(t, v.name, picture)
	}
	return f, shot
}

// envScreenshots names a directory for screenshots of whole pages.
const envScreenshots = "PROXENOS_SCREENSHOTS"

// keep writes a screenshot into the directory of envScreenshots, if set.
func keep(t *testing.T, name string, picture []byte) {
	t.Helper()
	if dir := os.Getenv(envScreenshots); dir != "" {
		file := filepath.Join(dir, filepath.Base(t.Name())+"-"+name+".png")
		require.NoError(t, os.WriteFile(file, picture, 0o600))
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	for name, page := range pages() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var b bytes.Buffer
			require.NoError(t, report.HTML(&b, page))
			url, others := serve(t, b.Bytes())
			for _, f := range checkPage(t, url) {
				assert.GreaterOrEqual(t, f.Pictures, 2)
				assert.GreaterOrEqual(t, f.Headings, 4)
			}
			assert.Empty(t, others())
		})
	}
}

// checkPage loads a page and asserts in every view what holds for all pages: it
// fits the window, follows the color scheme, describes its pictures, and makes
// no other request. The pages have no scripts, so one load serves all views.
func checkPage(t *testing.T, url string) (all []facts) {
	t.Helper()
	tab, l := openTab(t)
	require.NoError(t, chromedp.Do(tab, chromedp.Navigate(url)))
	for _, v := range views {
		f, shot := look(t, tab, v)
		assert.LessOrEqual(t, f.Wide, 0, "%s: the content is wider than the window", v.name)
		assert.Empty(t, f.Outside, "%s: texts extend beyond their pictures", v.name)
		assert.Empty(t, f.Beyond, "%s: elements extend beyond the window", v.name)
		assert.Empty(t, f.Tiny, "%s: texts in pictures are too small", v.name)
		assert.Empty(t, f.Hidden, "%s: table cells are out of sight", v.name)
		assert.Empty(t, f.Overlaps, "%s: texts overlap", v.name)
		assert.Zero(t, f.Unnamed, "%s: pictures without description", v.name)
		assert.Zero(t, f.Scripts, v.name)
		assert.Zero(t, f.Injected, "%s: names became elements", v.name)
		assert.Zero(t, f.Duplicates, "%s: duplicate IDs", v.name)
		assert.Equal(t, int(v.width), shot.Bounds().Dx(), v.name)
		assert.Greater(t, tones(shot), 8, "%s: the page is almost blank", v.name)
		assert.Equal(t, v.scheme == "dark", dark(shot.At(1, 1)), "%s: the background is %s", v.name, f.Styled)
		all = append(all, f)
	}
	assert.Empty(t, l.logged(), "the browser reports problems")
	assert.Equal(t, []string{url}, withoutData(l.requested()), "the page loads other resources")
	return all
}

// TestFaultyPage: the checks above detect every fault of a bad page.
func TestFaultyPage(t *testing.T) {
	t.Parallel()
	page := `<!DOCTYPE html><meta http-equiv="Content-Security-Policy" content="default-src 'none'">
<title>x</title><p style="width: 3000px">wide</p><script>alert(1)</script><img src="/x.png">
<svg width="300" height="100" viewBox="0 0 300 100"><text x="290" y="50" font-size="9">far too long for here</text><text x="300" y="50">too</text></svg>`
	url, _ := serve(t, []byte(page))
	tab, l := openTab(t)
	require.NoError(t, chromedp.Do(tab, chromedp.Navigate(url)))
	f, _ := look(t, tab, view{"bad", 390, 844, "light"})
	assert.NotEmpty(t, l.logged())
	assert.NotEmpty(t, f.Outside)
	assert.Equal(t, []string{"far too long for here"}, f.Tiny)
	assert.Equal(t, []string{"too"}, f.Overlaps)
	assert.Equal(t, []int{1, 1, 2}, []int{f.Scripts, f.Unnamed, f.Injected})

	wide := `<!DOCTYPE html><title>x</title><p style="width: 3000px">wide</p><img src="/x.png"><table><tr><td style="padding-left: 2000px">far</td></tr></table>`
	url, others := serve(t, []byte(wide))
	require.NoError(t, chromedp.Do(tab, chromedp.Navigate(url)))
	f, _ = look(t, tab, view{"wide", 390, 844, "light"})
	assert.Positive(t, f.Wide)
	assert.NotEmpty(t, f.Beyond)
	assert.Equal(t, []string{"far"}, f.Hidden)
	assert.Contains(t, others(), "/x.png")
}

// TestPictures opens the pictures as SVG files.
func TestPictures(t *testing.T) {
	t.Parallel()
	for _, name := range report.Pictures() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var b bytes.Buffer
			require.NoError(t, report.SVG(&b, pages()["change"], name))
			file := filepath.Join(t.TempDir(), "picture.svg")
			require.NoError(t, os.WriteFile(file, b.Bytes(), 0o600))
			tab, l := openTab(t)
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
			assert.Empty(t, l.logged())
		})
	}
}

// withoutData removes data: URLs, which cause no network traffic.
func withoutData(urls []string) []string {
	return slices.DeleteFunc(urls, func(u string) bool { return strings.HasPrefix(u, "data:") })
}

// tones counts the distinct colors of a grid of pixels.
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
