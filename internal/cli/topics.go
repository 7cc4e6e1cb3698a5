package cli

import (
	"embed"
	"strings"

	"github.com/spf13/cobra"
)

// topicText holds what proxenos help TOPIC prints, a file for each topic.
//
//go:embed topics/*.txt
var topicText embed.FS

// topics are the subjects of help that are no commands.
var topics = []struct{ name, short, example string }{
	{"exit-codes", "what the exit code says", "  proxenos select --expect b -n a -n b user:42 || echo \"exit $?\""},
	{"environment", "variables that are read, and what wins", "  PROXENOS_PRF=sha256 proxenos select -n a -n b user:42"},
	{"sources", "where nodes come from, and how they are written", "  proxenos nodes -n web-1=10.0.0.1:80,w=2 -n web-2=10.0.0.2:80"},
	{"algorithms", "who owns a key, and when to choose which", "  proxenos select -a table -n a -n b user:42"},
}

// newTopics makes a command without an action for each topic, which is how
// cobra tells a topic from a command.
func newTopics() []*cobra.Command {
	var commands []*cobra.Command
	for _, t := range topics {
		text, err := topicText.ReadFile("topics/" + t.name + ".txt")
		if err != nil {
			panic(err) // the file was not embedded: wrong on every run, so a test finds it
		}
		commands = append(commands, &cobra.Command{
			Use:     t.name,
			Short:   t.short,
			Long:    strings.TrimSpace(string(text)),
			Example: t.example,
		})
	}
	return commands
}
