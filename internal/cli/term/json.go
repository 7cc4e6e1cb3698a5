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

// JSONBuffer encodes JSON in which every character that is not printable is
// escaped, not only those that JSON requires, so that it is safe to show on a
// terminal. It reuses its memory from value to value.
type JSONBuffer struct {
	plain   bytes.Buffer
	escaped []byte
	enc     *json.Encoder
}

// NewJSONBuffer returns a buffer that indents like [json.Indent].
func NewJSONBuffer(prefix, indent string) *JSONBuffer {
	b := &JSONBuffer{}
	b.enc = json.NewEncoder(&b.plain)
	b.enc.SetEscapeHTML(false)
	b.enc.SetIndent(prefix, indent)
	return b
}

// Encode returns the JSON of v and a newline. The result is valid until the next
// call.
func (b *JSONBuffer) Encode(v any) ([]byte, error) {
	b.plain.Reset()
	if err := b.enc.Encode(v); err != nil {
		return nil, err
	}
	plain := b.plain.Bytes()
	if isASCII(plain) {
		return plain, nil
	}
	b.escaped = appendEscapedJSON(b.escaped[:0], plain)
	return b.escaped, nil
}

// isASCII reports whether nothing is left to escape. The encoder escapes the
// control characters below ' ' itself.
func isASCII(b []byte) bool {
	for _, c := range b {
		if c >= 0x7f {
			return false
		}
	}
	return true
}

// appendEscapedJSON escapes characters from DEL on that are not printable. They
// occur inside JSON strings only.
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

// WriteJSON writes v as one indented document.
func WriteJSON[T any](w io.Writer, v T) error {
	document, err := NewJSONBuffer("", "  ").Encode(v)
	if err != nil {
		return err
	}
	_, err = w.Write(document)
	return err
}

// Base64IfNotUTF8 returns s in base64 if it is not valid UTF-8, which JSON cannot
// represent, and otherwise the empty string.
func Base64IfNotUTF8(s string) string {
	if utf8.ValidString(s) {
		return ""
	}
	return base64.StdEncoding.EncodeToString([]byte(s))
}
