package locator

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/proxenos/proxenos/mapper"
)

// warn logs a problem that a peer caused, rate limited.
func (s *Server) warn(message string, err error, args ...any) {
	s.log(&s.warnings, slog.LevelWarn, message, append(args, "err", err)...)
}

// logChange logs a change of the members, rate limited, as a peer can cause many.
func (s *Server) logChange(message string, node mapper.Node) {
	s.log(&s.changes, slog.LevelInfo, message, "node", node.Name)
}

// log logs a line if the limit allows it, with the number of lines suppressed since
// the last one.
func (s *Server) log(limit *logLimit, level slog.Level, message string, args ...any) {
	suppressed, ok := limit.allow(time.Now())
	if !ok {
		return
	}
	if suppressed > 0 {
		args = append(args, "suppressed", suppressed)
	}
	s.cfg.Log.Log(context.Background(), level, message, args...)
}

// A logLimit allows logBurst lines at once and then one per logInterval.
const (
	logBurst    = 20
	logInterval = time.Second
)

// logLimit is a token bucket that counts what it suppressed. The zero value is full.
type logLimit struct {
	mu         sync.Mutex
	spent      int
	since      time.Time // of the last refill
	suppressed int
}

// allow takes a token if there is one, and returns how many lines were suppressed
// since the last token.
func (l *logLimit) allow(now time.Time) (suppressed int, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.spent == 0 {
		l.since = now
	}
	if earned := int(now.Sub(l.since) / logInterval); earned > 0 {
		l.spent = max(0, l.spent-earned)
		l.since = l.since.Add(time.Duration(earned) * logInterval)
	}
	if l.spent == logBurst {
		l.suppressed++
		return 0, false
	}
	l.spent++
	suppressed, l.suppressed = l.suppressed, 0
	return suppressed, true
}
