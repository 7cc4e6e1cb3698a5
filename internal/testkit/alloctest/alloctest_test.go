package alloctest

import "testing"

// failed remembers what a test would have said.
type failed struct {
	testing.TB
	yes bool
}

func (f *failed) Errorf(string, ...any) { f.yes = true }

var sink []byte

func TestNone(t *testing.T) {
	None(t, func() {})
	once := true
	None(t, func() {
		if once {
			sink, once = make([]byte, 100), false
		}
	})
	f := &failed{TB: t}
	None(f, func() { sink = make([]byte, 100) })
	if f.yes == race {
		t.Error("what allocates every time passes, or is looked at under the race detector")
	}
}
