package members

import (
	"errors"
	"fmt"
	"unicode"
	"unicode/utf8"
)

// maxName bounds the name of a member and of a metadata key, in bytes.
const maxName = 255

// CheckName returns an error for a member's name that could do harm in a
// terminal, a path or a log. Every name from the network is checked.
func CheckName(name string) error {
	switch {
	case name == "":
		return errors.New("the name is empty")
	case len(name) > maxName:
		return fmt.Errorf("the name %.32q… has %d bytes, of %d allowed", name, len(name), maxName)
	case !utf8.ValidString(name):
		return fmt.Errorf("the name %q is not UTF-8", name)
	case name[0] == '.':
		return fmt.Errorf("the name %q starts with a dot", name)
	}
	for _, r := range name {
		if r == '/' || r == '\\' || !unicode.IsPrint(r) {
			return fmt.Errorf("the name %q contains %q", name, r)
		}
	}
	return nil
}

// checkKey returns an error for a metadata key that no consumer could handle.
// Whether a key can be a file name is for the consumer to check.
func checkKey(key string) error {
	switch {
	case key == "":
		return errors.New("a metadata key is empty")
	case len(key) > maxName:
		return fmt.Errorf("the metadata key %.32q… has %d bytes, of %d allowed", key, len(key), maxName)
	case !utf8.ValidString(key):
		return fmt.Errorf("the metadata key %q is not UTF-8", key)
	}
	return nil
}
