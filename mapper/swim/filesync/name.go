package filesync

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxName is the longest file name that common file systems take, in bytes.
const maxName = 255

// SafeName says why a metadata key cannot be a file name, or nil. A safe one
// is 1 to 255 bytes of UTF-8 in the composed form (NFC, so that no two look
// alike), does not start with a dot, holds no slash, backslash, colon or
// control character, and is no name that another system reserves for a device.
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
		return fmt.Errorf("the name %q is that of a device on Windows", name)
	}
	return nil
}

// unprintable holds for control characters and for those that change how the
// text around them is shown.
func unprintable(r rune) bool { return unicode.Is(unicode.C, r) || r == '\u2028' || r == '\u2029' }

// reserved holds for the device names of Windows, whatever extension follows.
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

// checkMember says why a member cannot be a folder. The package swim lets no
// member in whose name could leave the folder; what it cannot know is what
// else lives in this one.
func checkMember(name string) error {
	switch {
	case fold(name) == hookName:
		return fmt.Errorf("a member cannot be mirrored under the name %q", name)
	case name == "", name[0] == '.', len(name) > maxName, strings.ContainsAny(name, `/\`), strings.ContainsFunc(name, unprintable):
		return fmt.Errorf("a member cannot be mirrored under the name %q", name)
	}
	return nil
}

// fold maps names that some file systems take for the same to one string.
func fold(name string) string { return strings.ToLower(norm.NFC.String(name)) }
