package servecmd

import (
	"bufio"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// envFlaps is the number of changes of TestFlappingTakesNoMemory: a day of one each
// second is 86400.
const envFlaps = "PROXENOS_SERVE_FLAPS"

// TestFlappingTakesNoMemory changes the nodes and fails in between, thousands of
// times, while a client watches and others look up keys. Afterwards the server holds
// what it held after the first changes. It is not parallel, so that it measures the
// heap of no other test.
func TestFlappingTakesNoMemory(t *testing.T) {
	flaps := 800
	if testing.Short() {
		flaps = 200
	}
	if text := os.Getenv(envFlaps); text != "" {
		var err error
		flaps, err = strconv.Atoi(text)
		require.NoError(t, err)
	}
	var asked atomic.Int64
	var still atomic.Bool // the nodes do not change
	list := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		n := int64(1)
		if !still.Load() {
			n = asked.Add(1)
		}
		if n%50 == 0 {
			http.Error(w, "fails", http.StatusServiceUnavailable)
			return
		}
		for i := range 10 + n%7 {
			fmt.Fprintf(w, "node-%d 10.0.%d.%d:80 w=%d\n", i, n%2, i, 1+n%3)
		}
	}))
	t.Cleanup(list.Close)
	s := &serving{t: t, http: &http.Client{Timeout: patience, Transport: &http.Transport{}}}
	s.run(nil, []string{"-b", "http", "--url", list.URL, "--poll", "1ms", "--http", "127.0.0.1:0"})
	var events atomic.Int64
	go s.countEvents(t, &events)
	after := func(changes int64) (heap uint64) {
		still.Store(false)
		limit := patience + time.Duration(flaps)*60*time.Millisecond
		require.Eventually(t, func() bool {
			_, _ = s.do(http.MethodGet, "/select?key=x", nil)
			return asked.Load() >= changes
		}, limit, 5*time.Millisecond)
		_, _ = s.do(http.MethodGet, "/", nil, "Accept", "text/html")
		still.Store(true)
		return heapAtRest()
	}
	const first = 200
	before := after(first)
	goroutines := runtime.NumGoroutine()
	end := after(first + int64(flaps))
	t.Logf("%d changes, %d events to a watching client: heap %d KiB, then %d KiB; %d and %d goroutines",
		asked.Load(), events.Load(), before>>10, end>>10, goroutines, runtime.NumGoroutine())
	assert.Less(t, end, before+1<<20)
	assert.Less(t, runtime.NumGoroutine(), goroutines+20)
	assert.Positive(t, events.Load())
	assert.Contains(t, s.get("/metrics"), `proxenos_changes_total{set="default"} `)
}

// countEvents watches until the server ends.
func (s *serving) countEvents(t *testing.T, count *atomic.Int64) {
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/watch", nil)
	if !assert.NoError(t, err) {
		return
	}
	answer, err := http.DefaultClient.Do(r)
	if !assert.NoError(t, err) {
		return
	}
	defer answer.Body.Close()
	for events := bufio.NewScanner(answer.Body); events.Scan(); {
		if strings.HasPrefix(events.Text(), "event:") {
			count.Add(1)
		}
	}
}

// heapAtRest returns the bytes that are reachable, about, once those of the last
// changes are not.
func heapAtRest() uint64 {
	least := uint64(math.MaxUint64)
	for unchanged := 0; unchanged < 10; unchanged++ {
		runtime.GC()
		runtime.GC() // also what pools held
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		if m.HeapAlloc < least {
			least, unchanged = m.HeapAlloc, 0
		}
		time.Sleep(time.Millisecond)
	}
	return least
}
