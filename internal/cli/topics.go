package cli

import (
	"embed"
	"strings"

	"github.com/spf13/cobra"
)

// topicText holds the output of proxenos help TOPIC, in a file for each topic.
//
//go:embed topics/*.txt
var topicText embed.FS

// topics are the help topics.
var topics = []struct{ name, short, example string }{
	{"exit-codes", "the exit codes and their meaning", "  proxenos select --expect b -n a -n b user:42 || echo \"exit $?\""},
	{"environment", "environment variables, and their precedence", "  PROXENOS_PRF=sha256 proxenos select -n a -n b user:42"},
	{"sources", "the sources of nodes, and the formats of node lists", "  proxenos nodes -n web-1=10.0.0.1:80,w=2 -n web-2=10.0.0.2:80"},
	{"kubernetes", "the kubernetes backend: credentials, IDs, and the Role it needs", "  proxenos nodes -b kubernetes -s web --ready any"},
	{"checks", "the checks of a check file, and what their figures mean", "  proxenos check --schema >check.schema.json"},
	{"clients", "how programs in any language ask proxenos serve", "  curl 'http://127.0.0.1:9911/select?key=user:42'"},
	{"coprocess", "select --follow in ClickHouse, PHP, awk, Hadoop and Spark", "  proxenos select --follow -f nodes.txt -o 'template={{(index .Nodes 0).ID}}' -"},
	{"merge", "how several machines measure together", "  proxenos diff --merge part.*.json --max-moved 12%"},
	{"layouts", "layouts in a file, and the slots of a Redis Cluster", "  proxenos select -a custom --layout-file layout.yaml -n 10.0.0.1:11211 user:42"},
	{"rules", "replicas in failure domains, shards, partitions, slow start", "  proxenos select -f nodes.txt -k 3 --levels region,zone --max-per zone=1 user:42"},
	{"memcached", "guide: from modulo or ketama to weighted rendezvous", "  proxenos diff -f servers.txt --before-algorithm ketama --keys keys.txt"},
	{"workers", "guide: dividing jobs among workers", "  proxenos select -f workers.txt - <jobs.txt | awk '$2 == \"worker-1\"'"},
	{"choosing", "guide: choosing algorithm, points and replicas", "  proxenos balance -f nodes.txt -a ring --points 640"},
	{"reports", "guide: reading a report", "  proxenos report -f new.txt --before old.txt -o report.html"},
	{"algorithms", "the algorithms, and how to choose one", "  proxenos select -a table -n a -n b user:42"},
}

// newTopics returns a command without an action for each topic, which cobra
// treats as a help topic. The topic of sources ends in the flags of the backends.
func newTopics(backendFlags string) []*cobra.Command {
	var commands []*cobra.Command
	for _, t := range topics {
		text, err := topicText.ReadFile("topics/" + t.name + ".txt")
		if err != nil {
			panic(err) // missing file: every run panics, so tests find it
		}
		if t.name == "sources" {
			text = append(text, backendFlags...)
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
