package answer

import (
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
)

// TestJSONText divides each text at every byte: the pieces say what the whole says.
func TestJSONText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		`["a","b\n\\"]`:                       true,
		`["日本 🂡"]`:                            true,
		`["\ud83c\udca1 \u65e5 \uFFFD \\ud"]`: true,
		`["\\\\udc00"]`:                       true,
		`["\uzzzz"]`:                          true, // the decoder rejects it
		"[\"\uFFFD\"]":                        true,
		"[\"\xff\"]":                          false,
		"[\"\xe6\x97\"]":                      false,
		"[\"\xe6\x97\\n\"]":                   false,
		"[\"\xed\xa0\x80\"]":                  false, // a surrogate as bytes
		`["\ud83c"]`:                          false,
		`["\ud83cx"]`:                         false,
		`["\ud83c\n"]`:                        false,
		`["\ud83c\u0041"]`:                    false,
		`["\ud83c\ud83c\udca1"]`:              false,
		`["\udca1"]`:                          false,
		`["\DCa1", "\uDCA1"]`:                 false,
	} {
		assert.Equal(t, want, new(jsonText).check([]byte(text)), "%q", text)
		for cut := range len(text) {
			pieces := new(jsonText)
			sound := pieces.check([]byte(text[:cut])) && pieces.check([]byte(text[cut:]))
			assert.Equal(t, want, sound, "%q and %q", text[:cut], text[cut:])
		}
		bytewise, sound := new(jsonText), true
		for i := range len(text) {
			sound = sound && bytewise.check([]byte{text[i]})
		}
		assert.Equal(t, want, sound, "%q by bytes", text)
		assert.LessOrEqual(t, cutCharacter([]byte(text)), utf8.UTFMax-1)
	}
}
