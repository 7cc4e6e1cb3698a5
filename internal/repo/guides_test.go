package repo

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestGuides runs the help topics that are guides, as TestREADME runs the README.
// Indented lines that begin with "$ " are a console block. An indented block after
// a line that ends in the name of a file and a colon is that file.
func TestGuides(t *testing.T) {
	t.Parallel()
	built := newSession(t)
	for _, name := range []string{"memcached", "workers", "choosing", "reports"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(filepath.Join(root, "internal", "cli", "topics", name+".txt"))
			require.NoError(t, err)
			s := &session{T: t, dir: t.TempDir(), bin: built.bin}
			for _, b := range guideBlocks(string(text)) {
				b.page = name + ".txt"
				s.play(b)
			}
			assert.Positive(t, s.commands, "the guide has no command")
		})
	}
}

var fileHeading = regexp.MustCompile(`(\w+\.(?:yaml|txt)):$`)

// guideBlocks returns the blocks of a help topic that can be run: commands and
// files. Other indented text is a table.
func guideBlocks(text string) (blocks []block) {
	var open *block
	heading := ""
	for i, line := range strings.Split(text, "\n") {
		inner, indented := strings.CutPrefix(line, "  ")
		switch {
		case !indented:
			open = nil
			if line != "" {
				heading = line
			}
		case open != nil:
			open.text += inner + "\n"
		case strings.HasPrefix(inner, "$ "):
			blocks = append(blocks, block{line: i + 1, language: "console", text: inner + "\n"})
			open = &blocks[len(blocks)-1]
		case fileHeading.MatchString(heading):
			blocks = append(blocks, block{line: i + 1, language: "text", mark: "file: " + fileHeading.FindStringSubmatch(heading)[1], text: inner + "\n"})
			open = &blocks[len(blocks)-1]
			heading = ""
		}
	}
	return blocks
}
