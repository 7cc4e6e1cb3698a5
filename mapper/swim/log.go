package swim

import (
	"bytes"
	"context"
	"log"
	"log/slog"
	"strings"
	"sync"
	"time"
	"unicode"
)

// engineLog takes the engine's lines, whose level is a word in brackets, and
// passes them on as records. Everybody who can reach the port can make the
// engine complain of each packet, so complaints are rationed.
type engineLog struct {
	log *slog.Logger
	now func() time.Time

	mu         sync.Mutex
	complaints ration
	done       bool
}

// Five complaints at once and one every ten seconds are enough to notice.
const (
	complaintBurst = 5
	complaintEvery = 10 * time.Second
)

func newEngineLog(l *slog.Logger) *engineLog {
	return &engineLog{log: l, now: time.Now, complaints: ration{burst: complaintBurst, every: complaintEvery}}
}

// logger is what the engine writes to.
func (e *engineLog) logger() *log.Logger { return log.New(e, "", 0) }

// finish ends the log: what the engine says of sockets closed under it is no
// news.
func (e *engineLog) finish() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.done = true
}

var engineLevels = []struct {
	word  string
	level slog.Level
}{
	{"[DEBUG] ", slog.LevelDebug},
	{"[INFO] ", slog.LevelDebug}, // what the engine informs of, this package tells as events
	{"[WARN] ", slog.LevelWarn},
	{"[ERR] ", slog.LevelWarn},
	{"[ERROR] ", slog.LevelWarn},
}

func (e *engineLog) Write(line []byte) (int, error) {
	n, level := len(line), slog.LevelWarn
	for _, l := range engineLevels {
		if rest, ok := bytes.CutPrefix(line, []byte(l.word)); ok {
			line, level = rest, l.level
			break
		}
	}
	if !e.log.Enabled(context.Background(), level) {
		return n, nil
	}
	suppressed, ok := e.admit(level)
	if !ok {
		return n, nil
	}
	text := plain(bytes.TrimPrefix(bytes.TrimRight(line, "\n"), []byte("memberlist: ")))
	attrs := []any{slog.String("engine", "memberlist")}
	if suppressed > 0 {
		attrs = append(attrs, slog.Int("suppressed", suppressed))
	}
	e.log.Log(context.Background(), level, text, attrs...)
	return n, nil
}

// longestLine bounds a line of the engine, which prints the metadata of a
// member byte by byte.
const longestLine = 300

// plain is a line of the engine as this package would write it: not too long,
// and with a small letter at its start unless that belongs to a name.
func plain(line []byte) string {
	text := string(line)
	if len(text) > longestLine {
		text = strings.ToValidUTF8(text[:longestLine], "") + "…"
	}
	if len(text) > 1 && unicode.IsLower(rune(text[1])) {
		text = strings.ToLower(text[:1]) + text[1:]
	}
	return text
}

// admit says whether a line is to be shown, and how many were not since the
// one before.
func (e *engineLog) admit(level slog.Level) (suppressed int, ok bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.done || level < slog.LevelWarn {
		return 0, !e.done
	}
	return e.complaints.take(e.now())
}

// ration is a token bucket that counts what it refused.
type ration struct {
	burst int
	every time.Duration

	tokens  int
	since   time.Time
	refused int
}

// take spends a token if there is one and returns how many were refused
// before it.
func (r *ration) take(now time.Time) (refused int, ok bool) {
	if r.since.IsZero() {
		r.tokens, r.since = r.burst, now
	}
	if earned := int(now.Sub(r.since) / r.every); earned > 0 {
		r.tokens = min(r.burst, r.tokens+earned)
		r.since = r.since.Add(time.Duration(earned) * r.every)
	}
	if r.tokens == 0 {
		r.refused++
		return 0, false
	}
	r.tokens--
	refused, r.refused = r.refused, 0
	return refused, true
}
