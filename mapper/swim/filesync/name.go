package filesync

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxName is the longest file name that common file systems allow, in bytes.
const maxName = 255

// SafeName returns an error for a metadata key that cannot be a file name. A safe
// name is 1 to 255 bytes of UTF-8 in the composed form NFC, so that no two look
// the same. It does not start with a dot, contains no slash, backslash, colon or
// control character, and is not a device name on Windows.
func SafeName(name string) error {
	switch {
	case name == "":
		return errors.New("the name is empty")
	case len(name) > maxName:
		return fmt.Errorf("the name %.32q… has %d bytes, of %d allowed", name, len(name), maxName)
	case !utf8.ValidString(name):
		return fmt.Errorf("the name %q is not UTF-8", name)
	case name[0] == '.':
		return fmt.Errorf("the name %q starts with a dot", name)
	case strings.ContainsAny(name, `/\:`):
		return fmt.Errorf("the name %q contains a slash, backslash or colon", name)
	case strings.ContainsFunc(name, unprintable):
		return fmt.Errorf("the name %q contains a control character", name)
	case !norm.NFC.IsNormalString(name):
		return fmt.Errorf("the name %q is not in the composed form NFC", name)
	case reserved(name):
		return fmt.Errorf("the name %q is a device name on Windows", name)
	}
	return nil
}

// unprintable reports control characters and characters that change how the text
// around them is shown.
func unprintable(r rune) bool { return unicode.Is(unicode.C, r) || r == '\u2028' || r == '\u2029' }

// reserved reports the device names of Windows, with any extension.
func reserved(name string) bool {
	stem, _, _ := strings.Cut(strings.ToLower(name), ".")
	stem = strings.TrimRight(stem, " ")
	switch stem {
	case "con", "prn", "aux", "nul", "conin$", "conout$":
		return true
	}
	if n := strings.TrimPrefix(strings.TrimPrefix(stem, "com"), "lpt"); len(stem) > len(n) && len(stem) <= 6 {
		return n >= "0" && n <= "9" && len(n) == 1 || n == "¹" || n == "²" || n == "³"
	}
	return false
}

// checkMember returns an error for a member that cannot have a folder. Package
// swim accepts no name that leads out of the directory, but does not know the
// other names in it.
func checkMember(name string) error {
	switch {
	case fold(name) == hookName:
		return fmt.Errorf("the name %q cannot be a folder of the mirror", name)
	case name == "", name[0] == '.', len(name) > maxName, strings.ContainsAny(name, `/\`), strings.ContainsFunc(name, unprintable):
		return fmt.Errorf("the name %q cannot be a folder of the mirror", name)
	}
	return nil
}

// fold returns one string for all names that are the same on some file system.
func fold(name string) string { return strings.ToLower(norm.NFC.String(name)) }
