package ring

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// labelFormat is a parsed Settings.Label.
type labelFormat struct {
	before, after []labelField // around {i}
	numbered      bool         // there is an {i}
	binary        bool         // the label is four bytes, and before yields its number
	distinct      bool         // two nodes with one label are one server to the program
}

// field returns a part of the labels of a member that was given at a position.
type labelField func(m member, at int) (string, error)

// labelFields are the fields of a label, except those with i in them.
var labelFields = map[string]labelField{
	"id":             func(m member, _ int) (string, error) { return m.id, nil },
	"id-11211":       func(m member, _ int) (string, error) { return strings.TrimSuffix(m.id, ":11211"), nil },
	"host":           func(m member, _ int) (string, error) { host, _, err := splitAddress(m.id, 0); return host, err },
	"port":           portOf,
	"memcached":      func(m member, _ int) (string, error) { return memcachedName(m.id, false) },
	"memcached-port": func(m member, _ int) (string, error) { return memcachedName(m.id, true) },
	"nginx":          nginxName,
	"number":         func(_ member, at int) (string, error) { return strconv.Itoa(at + 1), nil },
}

// binaryFields are the fields that are labels of their own, of four bytes.
var binaryFields = map[string]labelField{
	"4096*number+i": labelFields["number"],
	"4096*id+i":     wholeID,
}

func parseLabel(text string, points pointHash) (l labelFormat, err error) {
	l.distinct = strings.Contains(text, "{host}")
	for rest := text; rest != ""; {
		literal, field, found := strings.Cut(rest, "{")
		if literal != "" {
			l.add(func(member, int) (string, error) { return literal, nil })
		}
		if !found {
			break
		}
		if field, rest, found = strings.Cut(field, "}"); !found {
			return l, fmt.Errorf("label %q: a { has no }: %w", text, ErrLayout)
		}
		if err := l.addField(field); err != nil {
			return l, fmt.Errorf("label %q: %w", text, err)
		}
	}
	switch {
	case l.binary && (len(l.before) != 1 || l.numbered || len(l.after) > 0):
		return l, fmt.Errorf("label %q: a number of four bytes must stand alone: %w", text, ErrLayout)
	case l.binary != points.binary:
		return l, fmt.Errorf("label %q does not suit point hash %s: one hashes numbers, the other text: %w", text, points.name, ErrLayout)
	case !l.binary && l.numbered == points.chain:
		return l, fmt.Errorf("label %q: {i} must occur once, and not at all with crc32-chain: %w", text, ErrLayout)
	}
	return l, nil
}

func (l *labelFormat) addField(name string) error {
	if name == "i" {
		if l.numbered {
			return fmt.Errorf("{i} occurs twice: %w", ErrLayout)
		}
		l.numbered = true
		return nil
	}
	if f, ok := binaryFields[name]; ok {
		l.binary = true
		l.add(f)
		return nil
	}
	f, ok := labelFields[name]
	if !ok {
		names := slices.Sorted(maps.Keys(labelFields))
		return fmt.Errorf("unknown field {%s}, not one of {%s}, {i}, {4096*number+i}, {4096*id+i}: %w", name, strings.Join(names, "}, {"), ErrLayout)
	}
	l.add(f)
	return nil
}

func (l *labelFormat) add(f labelField) {
	if l.numbered {
		l.after = append(l.after, f)
	} else {
		l.before = append(l.before, f)
	}
}

// nodeLabel makes the labels of one node.
type nodeLabel struct {
	before, after string
	number        uint32
	binary        bool
}

// at returns the label number i.
func (l nodeLabel) at(i int) string {
	if l.binary {
		var number [4]byte
		binary.LittleEndian.PutUint32(number[:], l.number<<12+uint32(i))
		return string(number[:])
	}
	return l.before + strconv.Itoa(i) + l.after
}

// of returns the labels of the members.
func (l labelFormat) of(members []member) ([]nodeLabel, error) {
	labels := make([]nodeLabel, len(members))
	seen := map[string]string{}
	for i, m := range members {
		n, err := l.ofMember(m, i)
		if err != nil {
			return nil, err
		}
		labels[i] = n
		if !l.distinct {
			continue
		}
		if other, ok := seen[n.before+n.after]; ok {
			return nil, &NodeError{ID: m.id, Err: fmt.Errorf("the same server as %q: %w", other, ErrDuplicateID)}
		}
		seen[n.before+n.after] = m.id
	}
	return labels, nil
}

func (l labelFormat) ofMember(m member, at int) (n nodeLabel, err error) {
	if n.before, err = join(l.before, m, at); err != nil {
		return n, err
	}
	if n.after, err = join(l.after, m, at); err != nil || !l.binary {
		return n, err
	}
	number, err := strconv.ParseUint(n.before, 10, 32)
	n.number, n.binary = uint32(number), true
	return n, err
}

func join(fields []labelField, m member, at int) (string, error) {
	var text strings.Builder
	for _, f := range fields {
		part, err := f(m, at)
		if err != nil {
			return "", err
		}
		text.WriteString(part)
	}
	return text.String(), nil
}

func portOf(m member, _ int) (string, error) {
	_, port, err := splitAddress(m.id, 0)
	return strconv.Itoa(int(port)), err
}

// wholeID refuses an ID that is not a number of HAProxy's servers.
func wholeID(m member, _ int) (string, error) {
	if n, err := strconv.ParseUint(m.id, 10, 31); err != nil || n == 0 || m.id[0] == '0' || m.id[0] == '+' {
		return "", &NodeError{ID: m.id, Err: ErrNumber}
	}
	return m.id, nil
}

// memcachedPort is the default port of memcached.
const memcachedPort = 11211

// memcachedName returns a server as libmemcached writes it: its host, and its port
// if that is not the default or is to be kept.
func memcachedName(id string, port bool) (string, error) {
	host, number := id, uint16(0)
	if path, ok := strings.CutPrefix(id, "unix:"); ok && strings.HasPrefix(path, "/") {
		host = path
	}
	if host[0] != '/' {
		var err error
		if host, number, err = splitAddress(id, memcachedPort); err != nil {
			return "", err
		}
		if number == 0 {
			number = memcachedPort
		}
	}
	if number == memcachedPort && !port {
		return host, nil
	}
	return host + ":" + strconv.Itoa(int(number)), nil
}

// nginxName splits a server as nginx does here: at the last colon, if only digits
// follow it. It keeps brackets and removes "unix:".
func nginxName(m member, _ int) (string, error) {
	const unix = "unix:"
	server := m.id
	if len(server) >= len(unix) && strings.EqualFold(server[:len(unix)], unix) {
		return server[len(unix):] + "\x00", nil
	}
	colon := strings.LastIndexByte(server, ':')
	if colon < 0 || strings.Trim(server[colon+1:], "0123456789") != "" {
		return server + "\x00", nil
	}
	return server[:colon] + "\x00" + server[colon+1:], nil
}
