package answer

import (
	"bytes"
	"strconv"
	"unicode/utf8"
)

// jsonText checks JSON text that comes in pieces for what package encoding/json
// replaces by U+FFFD: bytes that are not UTF-8, and escapes of half a surrogate pair.
// The key would be another one then.
type jsonText struct {
	rest []byte // the start of a character or an escape at the end of the last piece
}

// check reports whether the text is sound up to the end of the piece.
func (t *jsonText) check(piece []byte) bool {
	if len(t.rest) > 0 {
		piece = append(t.rest, piece...)
		t.rest = nil
	}
	for len(piece) > 0 {
		var plain []byte
		escaped := bytes.IndexByte(piece, '\\')
		if escaped >= 0 {
			plain = piece[:escaped]
		} else {
			plain = piece[:len(piece)-cutCharacter(piece)]
		}
		if !utf8.Valid(plain) {
			return false
		}
		if piece = piece[len(plain):]; escaped < 0 {
			break
		}
		size, ok := escape(piece)
		if !ok {
			return false
		}
		if size == 0 {
			break
		}
		piece = piece[size:]
	}
	t.rest = bytes.Clone(piece)
	return true
}

// cutCharacter returns the size of a character at the end of the text that may go on
// in the next piece, or 0.
func cutCharacter(text []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(text); n++ {
		tail := text[len(text)-n:]
		if utf8.RuneStart(tail[0]) {
			if utf8.FullRune(tail) {
				return 0
			}
			return n
		}
	}
	return 0
}

// escape returns the size of the escape, or pair of escapes, at the start of the text:
// 0 if the text may end within it. It reports false for half a surrogate pair. An
// escape that is not valid is for the decoder to reject.
func escape(text []byte) (size int, ok bool) {
	const one = len(`\u0000`)
	switch {
	case len(text) < 2:
		return 0, true
	case text[1] != 'u':
		return 2, true
	case len(text) < one:
		return 0, true
	}
	unit, err := strconv.ParseUint(string(text[2:one]), 16, 16)
	switch {
	case err != nil, unit < 0xd800, unit > 0xdfff:
		return 2, true
	case unit >= 0xdc00:
		return 0, false
	}
	second := text[one:min(len(text), 2*one)]
	if !bytes.HasPrefix(second, []byte(`\u`)[:min(2, len(second))]) {
		return 0, false
	}
	if len(second) < one {
		return 0, true
	}
	unit, err = strconv.ParseUint(string(second[2:]), 16, 16)
	return 2 * one, err == nil && 0xdc00 <= unit && unit <= 0xdfff
}
