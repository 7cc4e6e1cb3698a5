package swim

import (
	"errors"
	"fmt"
	"unicode"
	"unicode/utf8"
)

// maxName bounds the name of a member and of a metadata key, in bytes.
const maxName = 255

// checkName refuses what could do harm in a terminal, a path or a log. It is
// asked about every name that the network brings.
func checkName(name string) error {
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

// checkKey refuses names of metadata that no consumer could handle. Whether
// a key can be a file is for the consumer to say.
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
