// Package childenv chooses the environment of programs that others supply: hooks
// must not get the tokens and keys of this process.
package childenv

import "strings"

// Filter returns the variables of env, in the form of os.Environ, that name no
// secret: those of the shell, the locale and the search path.
func Filter(env []string) []string {
	kept := []string{} // not nil, which stands for the whole environment
	for _, entry := range env {
		name, _, _ := strings.Cut(entry, "=")
		switch name {
		case "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "TZ", "TMPDIR", "TERM", "SYSTEMROOT":
			kept = append(kept, entry)
		default:
			if strings.HasPrefix(name, "LC_") {
				kept = append(kept, entry)
			}
		}
	}
	return kept
}
