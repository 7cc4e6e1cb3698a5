package nodelist

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// field is one part of a line or of a flag: a word, or a key with a value.
type field struct {
	key   string // the word, or what stands before the "="
	value string
	pair  bool // there is an "="
	plain bool // the key is not quoted, so it may be the name of an option
	bare  bool // the value is not quoted
	at    int  // the offset of the field
}

// scanner cuts text into fields. A line has blanks between them and may end
// in a comment; a flag has commas.
type scanner struct {
	text      string
	pos       int
	separator string
	comments  bool
}

// next returns the next field, and false at the end.
func (s *scanner) next() (f field, ok bool, err error) {
	if s.comments {
		s.skipBlanks()
	}
	f.at = s.pos
	if s.pos == len(s.text) || s.comments && s.text[s.pos] == '#' {
		return f, false, nil
	}
	f.plain = s.text[s.pos] != '"'
	if f.key, err = s.word(s.separator + "="); err != nil {
		return f, false, err
	}
	if strings.HasPrefix(s.text[s.pos:], "=") {
		f.pair = true
		s.pos++
		f.bare = !strings.HasPrefix(s.text[s.pos:], `"`)
		if f.value, err = s.word(s.separator); err != nil {
			return f, false, err
		}
	}
	if s.pos < len(s.text) && !s.atSeparator() {
		return f, false, fmt.Errorf("%s follows a closing quotation mark", Quote(s.text[s.pos:s.pos+1]))
	}
	return f, true, nil
}

func (s *scanner) skipBlanks() {
	s.pos += len(s.text[s.pos:]) - len(strings.TrimLeft(s.text[s.pos:], s.separator))
}

func (s *scanner) atSeparator() bool {
	return strings.IndexByte(s.separator, s.text[s.pos]) >= 0
}

// word reads quoted text, or bare text up to a byte that ends it.
func (s *scanner) word(ends string) (string, error) {
	rest := s.text[s.pos:]
	if strings.HasPrefix(rest, `"`) {
		return s.quoted(rest)
	}
	end := strings.IndexAny(rest, ends)
	if end < 0 {
		end = len(rest)
	}
	for i, r := range rest[:end] {
		if r == '"' || r != ' ' && !unicode.IsPrint(r) {
			s.pos += i
			return "", bareError(r)
		}
	}
	s.pos += end
	return rest[:end], nil
}

func (s *scanner) quoted(rest string) (string, error) {
	prefix, err := strconv.QuotedPrefix(rest)
	if err != nil {
		return "", errors.New(`bad quotation: want a closing " and the escapes of Go, as in "a \"b\""`)
	}
	text, err := strconv.Unquote(prefix)
	if err != nil {
		return "", fmt.Errorf("bad quotation %s", Quote(prefix))
	}
	s.pos += len(prefix)
	return text, nil
}

// bareError returns the error for a character that is invisible or ambiguous
// outside quotation marks.
func bareError(r rune) error {
	if r == '"' {
		return errors.New(`a " in the middle of a word: quote the whole, as in "a \"b\""`)
	}
	return fmt.Errorf("the invisible character %U: remove it, or quote the word and write it as %s", r, strconv.QuoteToASCII(string(r)))
}

// column is the place of an offset in a line, in characters from 1.
func column(text string, offset int) int { return 1 + utf8.RuneCountInString(text[:offset]) }
