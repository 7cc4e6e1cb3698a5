package term

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Node names and keys are untrusted input. They must not control a terminal or
// forge a line or a field. A character that is not printable is written as in a
// Go string: "\n" or "\x1b".

// Printable returns s with every character escaped that is not printable.
func Printable(s string) string {
	if isPrintable(s) {
		return s
	}
	return string(AppendPrintable(nil, s))
}

func isPrintable(s string) bool {
	for i, r := range s {
		if mustEscape(s[i:], r) {
			return false
		}
	}
	return true
}

// AppendPrintable appends Printable(s) to dst.
func AppendPrintable(dst []byte, s string) []byte {
	for i, r := range s {
		switch {
		case !mustEscape(s[i:], r):
			dst = utf8.AppendRune(dst, r)
		case r == utf8.RuneError:
			dst = appendEscapedByte(dst, s[i])
		default:
			quoted := strconv.QuoteRuneToASCII(r)
			dst = append(dst, quoted[1:len(quoted)-1]...)
		}
	}
	return dst
}

// mustEscape reports whether r, the first rune of s, is a control or format
// character (bidirectional overrides among them) or not a character at all.
func mustEscape(s string, r rune) bool {
	if r == utf8.RuneError {
		_, size := utf8.DecodeRuneInString(s)
		return size == 1
	}
	return !unicode.IsPrint(r)
}

// ASCII returns Printable(s) with every character escaped that is not ASCII.
func ASCII(s string) string {
	var b strings.Builder
	for _, r := range Printable(s) {
		if r < utf8.RuneSelf {
			b.WriteRune(r)
			continue
		}
		b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
	}
	return b.String()
}

func appendEscapedByte(dst []byte, b byte) []byte {
	const digits = "0123456789abcdef"
	return append(dst, '\\', 'x', digits[b>>4], digits[b&15])
}

// AppendLine appends s with the ASCII control characters escaped, except DEL.
// That keeps a record on one line and its fields apart in a file or a pipe.
func AppendLine(dst []byte, s string) []byte {
	for i := range len(s) {
		switch b := s[i]; {
		case b >= ' ':
			dst = append(dst, b)
		case b == '\t':
			dst = append(dst, `\t`...)
		case b == '\n':
			dst = append(dst, `\n`...)
		case b == '\r':
			dst = append(dst, `\r`...)
		default:
			dst = appendEscapedByte(dst, b)
		}
	}
	return dst
}

// NeedsNoEscape reports whether delimiters are the only bytes of keys below ' ',
// so that AppendLine changes no key. It checks eight bytes at a time, as it runs
// on every byte of a batch.
func NeedsNoEscape(keys []byte, delimiter byte) bool {
	const low7, high = 0x7f7f7f7f7f7f7f7f, 0x8080808080808080
	below := 0
	rest := keys
	for ; len(rest) >= 8; rest = rest[8:] {
		x := binary.LittleEndian.Uint64(rest)
		// The top bit of a byte is set in the sum if its low bits reach ' ',
		// and in x if the byte is not ASCII.
		below += bits.OnesCount64(^(x&low7 + 0x6060606060606060 | x) & high)
	}
	for _, b := range rest {
		if b < ' ' {
			below++
		}
	}
	return below == bytes.Count(keys, []byte{delimiter})
}

// IsPlain reports whether every byte of keys is an ASCII character from first to
// '~' but none of except, or a delimiter. Like [NeedsNoEscape] it checks eight
// bytes at a time.
func IsPlain(keys []byte, delimiter, first byte, except string) bool {
	const ones, low7, high = 0x0101010101010101, 0x7f7f7f7f7f7f7f7f, 0x8080808080808080
	delimiters := ones * uint64(delimiter)
	reach := (0x80 - uint64(first)) * ones // takes bytes from first on to the top bit
	rest := keys
	for ; len(rest) >= 8; rest = rest[8:] {
		x := binary.LittleEndian.Uint64(rest)
		low := x & low7
		bad := ^(low + reach) | (low + ones) // below first, or DEL
		for _, c := range []byte(except) {
			bad |= zeroBytes(x ^ ones*uint64(c))
		}
		if (bad&^zeroBytes(x^delimiters)|x)&high != 0 {
			return false
		}
	}
	for _, b := range rest {
		if b != delimiter && (b < first || b > '~' || strings.IndexByte(except, b) >= 0) {
			return false
		}
	}
	return true
}

// zeroBytes returns the top bits of the bytes of x that are zero.
func zeroBytes(x uint64) uint64 {
	const low7 = 0x7f7f7f7f7f7f7f7f
	return ^(x&low7 + low7 | x | low7)
}
