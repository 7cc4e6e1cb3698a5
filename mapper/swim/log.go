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

// listLog turns the log lines of memberlist, which begin with a level in
// brackets, into records. Any host that reaches the port can make memberlist
// warn about each packet, so warnings are rate limited.
type listLog struct {
	log *slog.Logger
	now func() time.Time

	mu       sync.Mutex
	warnings rateLimit
	closed   bool
}

// Five warnings at once and one every ten seconds are enough to notice.
const (
	warningBurst = 5
	warningEvery = 10 * time.Second
)

func newListLog(l *slog.Logger) *listLog {
	return &listLog{log: l, now: time.Now, warnings: rateLimit{burst: warningBurst, every: warningEvery}}
}

// logger returns the logger for memberlist.
func (l *listLog) logger() *log.Logger { return log.New(l, "", 0) }

// close ends the log: memberlist complains about sockets that Close closed.
func (l *listLog) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
}

var listLevels = []struct {
	prefix string
	level  slog.Level
}{
	{"[DEBUG] ", slog.LevelDebug},
	{"[INFO] ", slog.LevelDebug}, // this package logs it as an event
	{"[WARN] ", slog.LevelWarn},
	{"[ERR] ", slog.LevelWarn},
	{"[ERROR] ", slog.LevelWarn},
}

func (l *listLog) Write(line []byte) (int, error) {
	n, level := len(line), slog.LevelWarn
	for _, known := range listLevels {
		if rest, ok := bytes.CutPrefix(line, []byte(known.prefix)); ok {
			line, level = rest, known.level
			break
		}
	}
	if !l.log.Enabled(context.Background(), level) {
		return n, nil
	}
	suppressed, ok := l.allow(level)
	if !ok {
		return n, nil
	}
	text := plain(bytes.TrimPrefix(bytes.TrimRight(line, "\n"), []byte("memberlist: ")))
	if isForeign(text) {
		text = "a program there is " + ErrForeign.Error() + ": " + text
	}
	attrs := []any{slog.String("from", "memberlist")}
	if suppressed > 0 {
		attrs = append(attrs, slog.Int("suppressed", suppressed))
	}
	l.log.Log(context.Background(), level, text, attrs...)
	return n, nil
}

// maxLine bounds a line of memberlist, which prints node meta byte by byte.
const maxLine = 300

// plain returns a line of memberlist in the style of this package: bounded, and
// with a lower-case first letter unless that begins a name.
func plain(line []byte) string {
	text := string(line)
	if len(text) > maxLine {
		text = strings.ToValidUTF8(text[:maxLine], "") + "…"
	}
	if len(text) > 1 && unicode.IsLower(rune(text[1])) {
		text = strings.ToLower(text[:1]) + text[1:]
	}
	return text
}

// allow reports whether a line is to be logged, and how many warnings were
// suppressed before it.
func (l *listLog) allow(level slog.Level) (suppressed int, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || level < slog.LevelWarn {
		return 0, !l.closed
	}
	return l.warnings.allow(l.now())
}
