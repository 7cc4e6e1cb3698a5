package term

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
)

func TestPrintable(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, in, want string }{
		{"plain text is unchanged", "web-1.example:80", "web-1.example:80"},
		{"letters of any script are unchanged", "touché 日本", "touché 日本"},
		{"a backslash is unchanged", `C:\x`, `C:\x`},
		{"no forged line", "a\nb", `a\nb`},
		{"no forged field", "a\tb", `a\tb`},
		{"no color sequence", "\x1b[31m", `\x1b[31m`},
		{"C1 controls act as escapes on some terminals", "\u009b31m", `\u009b31m`},
		{"no direction override", "a\u202eb", `a\u202eb`},
		{"invalid UTF-8 is shown as bytes", "a\xffb", `a\xffb`},
		{"a literal replacement character is unchanged", "\ufffd", "\ufffd"},
		{"DEL is a control character", "\x7f", `\x7f`},
	} {
		t.Run(c.name, func(t *testing.T) { assert.Equal(t, c.want, Printable(c.in)) })
	}
}

func FuzzPrintable(f *testing.F) {
	f.Add("a\x1b[0m\n\u202e\xff")
	f.Fuzz(func(t *testing.T, s string) {
		got := Printable(s)
		assert.True(t, utf8.ValidString(got))
		assert.Equal(t, -1, strings.IndexFunc(got, func(r rune) bool { return !unicode.IsPrint(r) }))
		assert.Equal(t, got, Printable(got), "what is printable stays")
	})
}

func TestAppendLineKeepsEverythingButControls(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "\\t\\n\\r\\x00\\x1bé\xff\x7f ", string(AppendLine(nil, "\t\n\r\x00\x1bé\xff\x7f ")))
}

// The quick test of many keys at once agrees with appendLine on every key.
func FuzzNeedsNoEscape(f *testing.F) {
	f.Add([]byte("user:42\nuser:43\n"), byte('\n'))
	f.Add([]byte("0123456\x1f"), byte('\n'))
	f.Add([]byte("a\x00b\nc"), byte(0))
	f.Add([]byte("\x20\x80\x7f\xff\n"), byte('\n'))
	f.Fuzz(func(t *testing.T, keys []byte, delimiter byte) {
		if delimiter >= ' ' {
			t.Skip("keys end in a newline or NUL")
		}
		changed := false
		for key := range strings.SplitSeq(string(keys), string(delimiter)) {
			changed = changed || string(AppendLine(nil, key)) != key
		}
		assert.Equal(t, !changed, NeedsNoEscape(keys, delimiter))
	})
}

func FuzzIsPlain(f *testing.F) {
	f.Add([]byte("user:42\nuser:43\n"), byte('\n'))
	f.Add([]byte("0123456\\"), byte('\n'))
	f.Add([]byte("a b\x00c,d\x00\"efghijkl"), byte(0))
	f.Add([]byte("\x20\x80\x7f\xff\n~}!"), byte('\n'))
	f.Fuzz(func(t *testing.T, keys []byte, delimiter byte) {
		if delimiter >= ' ' {
			t.Skip("keys end in a newline or NUL")
		}
		for first, except := range map[byte]string{' ': `"\`, '!': `",\`, '0': ""} {
			want := true
			for _, b := range keys {
				want = want && (b == delimiter || b >= first && b <= '~' && !strings.Contains(except, string(rune(b))))
			}
			assert.Equal(t, want, IsPlain(keys, delimiter, first, except), "from %q without %q", first, except)
		}
	})
}
