package term

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// JSONBuffer makes JSON that says every character exactly and holds none that
// a terminal might obey: what is not printable is escaped, not only what JSON
// demands. It is reused for one value after another.
type JSONBuffer struct {
	plain   bytes.Buffer
	escaped []byte
	enc     *json.Encoder
}

// NewJSONBuffer indents values like json.Indent.
func NewJSONBuffer(prefix, indent string) *JSONBuffer {
	b := &JSONBuffer{}
	b.enc = json.NewEncoder(&b.plain)
	b.enc.SetEscapeHTML(false)
	b.enc.SetIndent(prefix, indent)
	return b
}

// Encode returns a value and a newline, valid until the next call.
func (b *JSONBuffer) Encode(v any) ([]byte, error) {
	b.plain.Reset()
	if err := b.enc.Encode(v); err != nil {
		return nil, err
	}
	plain := b.plain.Bytes()
	if isHarmless(plain) {
		return plain, nil
	}
	b.escaped = appendEscapedJSON(b.escaped[:0], plain)
	return b.escaped, nil
}

// isHarmless tells JSON that has nothing left to escape, as most has: the
// encoder has seen to the control characters below a blank.
func isHarmless(b []byte) bool {
	for _, c := range b {
		if c >= 0x7f {
			return false
		}
	}
	return true
}

// appendEscapedJSON escapes the characters from DEL on that are not printable.
// They occur in strings only.
func appendEscapedJSON(dst, plain []byte) []byte {
	for len(plain) > 0 {
		r, size := utf8.DecodeRune(plain)
		switch {
		case r < 0x7f || unicode.IsPrint(r):
			dst = append(dst, plain[:size]...)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			dst = fmt.Appendf(dst, `\u%04x\u%04x`, high, low)
		default:
			dst = fmt.Appendf(dst, `\u%04x`, r)
		}
		plain = plain[size:]
	}
	return dst
}

// WriteJSON writes one indented document.
func WriteJSON[T any](w io.Writer, v T) error {
	document, err := NewJSONBuffer("", "  ").Encode(v)
	if err != nil {
		return err
	}
	_, err = w.Write(document)
	return err
}

// Base64IfNotUTF8 returns the bytes of s in base64 if JSON cannot hold them, as
// they are not UTF-8.
func Base64IfNotUTF8(s string) string {
	if utf8.ValidString(s) {
		return ""
	}
	return base64.StdEncoding.EncodeToString([]byte(s))
}
