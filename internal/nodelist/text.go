package nodelist

import (
	"errors"
	"fmt"
	"strings"
)

// ParseText reads a list with one node a line.
func ParseText(data []byte, name string) ([]Node, error) {
	var b Builder
	at := Place{Source: name}
	for line := range strings.Lines(string(data)) {
		at.Line++
		line = strings.TrimRight(line, "\r\n")
		n, offset, err := parseLine(line)
		switch {
		case errors.Is(err, errNoNode):
			continue
		case err != nil:
			return nil, Place{name, at.Line, column(line, offset)}.Wrap(err)
		case b.nodes == nil && looksLikeHeader(line):
			return nil, at.Errorf("%s: the header of a table is no node; name the file .csv and separate columns with commas, or quote the ID", Quote(line))
		}
		if err := b.Add(n, at); err != nil {
			return nil, err
		}
	}
	return b.Nodes(), nil
}

// errNoNode says that a line is blank or a comment.
var errNoNode = errors.New("no node")

// parseLine reads a line; offset is where it stopped.
func parseLine(line string) (n Node, offset int, err error) {
	s := scanner{text: line, separator: " \t", comments: true}
	var d draft
	for count := 0; ; count++ {
		f, ok, err := s.next()
		switch {
		case err != nil:
			return n, s.pos, err
		case !ok && count == 0:
			return n, f.at, errNoNode
		case !ok:
			return d.node, s.pos, nil
		}
		if err := d.lineField(count, f); err != nil {
			return n, f.at, err
		}
	}
}

// lineField takes the ID, then perhaps the address, then options.
func (d *draft) lineField(count int, f field) error {
	switch {
	case count == 0:
		if f.pair {
			return fmt.Errorf(`%s: an ID with an "=" must be quoted; a line is: ID ADDRESS w=2 zone=a`, Quote(f.key+"="+f.value))
		}
		d.node.Name = f.key
		return bareComma(f.plain, f.key)
	case f.pair && f.plain:
		return d.linePair(f)
	case f.pair:
		return d.meta(f.key, f.value)
	case f.plain && f.key == "drain":
		return d.option("drain", "true")
	case count == 1:
		if err := bareComma(f.plain, f.key); err != nil {
			return err
		}
		return d.option("addr", f.key)
	}
	return fmt.Errorf("%s: want key=value or drain after the address", Quote(f.key))
}

// linePair takes an option, or else metadata. It rejects metadata that is most
// likely a misspelled option.
func (d *draft) linePair(f field) error {
	if name, ok := options[f.key]; ok {
		if err := bareComma(f.bare && name != "tag", f.value); err != nil {
			return err
		}
		return d.option(f.key, f.value)
	}
	lower := strings.ToLower(f.key)
	if _, ok := options[lower]; ok {
		return fmt.Errorf("option %s is written %s; to have it as metadata, quote the key", Quote(f.key), Quote(lower))
	}
	if lower == "id" {
		return fmt.Errorf("%s: the ID is the first word of the line; to have it as metadata, quote the key", Quote(f.key))
	}
	return d.meta(f.key, f.value)
}

// bareComma rejects a comma in a word that is not quoted. The list is then most
// likely CSV, or a line of flags.
func bareComma(bare bool, word string) error {
	if bare && strings.Contains(word, ",") {
		return fmt.Errorf("%s: a comma outside quotation marks; blanks separate the fields of a line, as in: ID ADDRESS w=2 zone=a", Quote(word))
	}
	return nil
}
