package alloctest

import "testing"

// recorder records whether a test would have failed.
type recorder struct {
	testing.TB
	failed bool
}

func (f *recorder) Errorf(string, ...any) { f.failed = true }

var sink []byte

func TestNone(t *testing.T) {
	None(t, func() {})
	once := true
	None(t, func() {
		if once {
			sink, once = make([]byte, 100), false
		}
	})
	f := &recorder{TB: t}
	None(f, func() { sink = make([]byte, 100) })
	if f.failed == raceEnabled {
		t.Error("code that allocates every time passes, or is measured under the race detector")
	}
}

func TestAtMost(t *testing.T) {
	twice := func() {
		sink = make([]byte, 100)
		sink = make([]byte, 200)
	}
	AtMost(t, 2, twice)
	f := &recorder{TB: t}
	AtMost(f, 1, twice)
	if f.failed == raceEnabled {
		t.Error("code that allocates twice passes for one, or is measured under the race detector")
	}
}
