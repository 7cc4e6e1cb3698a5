package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"github.com/proxenos/proxenos/internal/cli"
	"github.com/proxenos/proxenos/internal/cli/term"
)

// writeManPages writes a page for each command, in section 1, and for each help
// topic, in section 7. Packages hold them compressed.
func writeManPages(dir, version string, date time.Time) error {
	root := cli.Root(nil)
	term.UnquoteUsages(root)
	root.DisableAutoGenTag = true
	for _, c := range everyCommand(root) {
		section := "1"
		if c.IsAdditionalHelpTopicCommand() {
			section = "7"
		}
		page, err := manPage(c, doc.GenManHeader{Section: section, Date: &date, Source: "proxenos " + version, Manual: "proxenos"})
		if err != nil {
			return err
		}
		name := strings.ReplaceAll(c.CommandPath(), " ", "-") + "." + section + ".gz"
		if err := writeCompressed(filepath.Join(dir, "man"+section, name), page); err != nil {
			return err
		}
	}
	return nil
}

// everyCommand returns a command and all commands and topics below it.
func everyCommand(c *cobra.Command) []*cobra.Command {
	all := []*cobra.Command{c}
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() || sub.IsAdditionalHelpTopicCommand() {
			all = append(all, everyCommand(sub)...)
		}
	}
	return all
}

// manPage renders one page. The root's page ends in the list of the topics.
func manPage(c *cobra.Command, header doc.GenManHeader) ([]byte, error) {
	c.Long = markdown(c.Long)
	if !c.HasParent() {
		c.Long += topicList(c)
	}
	var page bytes.Buffer
	if !c.IsAdditionalHelpTopicCommand() {
		err := doc.GenMan(c, &header, &page)
		return page.Bytes(), err
	}
	// Below the root, a topic would get the flags of a command.
	topic := &cobra.Command{Use: "proxenos-" + c.Name(), Short: c.Short, Long: c.Long, Example: c.Example, DisableFlagsInUseLine: true, DisableAutoGenTag: true}
	topic.Flags().Bool("help", false, "")
	err := topic.Flags().MarkHidden("help")
	if err == nil {
		err = doc.GenMan(topic, &header, &page)
	}
	return bytes.Replace(page.Bytes(), []byte("\\fBproxenos-"+c.Name()+"\\fP"), []byte("\\fBproxenos help "+c.Name()+"\\fP"), 1), err
}

func topicList(root *cobra.Command) string {
	var list strings.Builder
	list.WriteString("\n\nPages of section 7 explain topics, as proxenos help TOPIC does:\n\n")
	for _, c := range root.Commands() {
		if c.IsAdditionalHelpTopicCommand() {
			fmt.Fprintf(&list, "    %-28s %s\n", "proxenos-"+c.Name()+"(7)", c.Short)
		}
	}
	return list.String()
}

// markdown converts help text to the Markdown that cobra/doc expects: lines that
// are indented, and the line that heads them, keep their form; in other lines no
// character is markup.
func markdown(help string) string {
	var out strings.Builder
	verbatim := false
	lines := strings.Split(help, "\n")
	for i, line := range lines {
		indented := strings.HasPrefix(line, " ")
		switch {
		case line == "":
			// An empty line between indented lines belongs to them.
			if verbatim && i+1 < len(lines) && strings.HasPrefix(lines[i+1], " ") {
				line = "    "
			}
		case indented && !verbatim:
			out.WriteString("\n")
			verbatim = true
		case !indented && verbatim:
			out.WriteString("\n")
			verbatim = false
		}
		if indented {
			out.WriteString("    " + line + "\n")
		} else {
			out.WriteString(escape.Replace(line) + "\n")
		}
	}
	return out.String()
}

var escape = strings.NewReplacer(`\`, `\\`, "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "<", `\<`, ">", `\>`, "#", `\#`, "`", "\\`", "|", `\|`)

// writeCompressed writes a file in the form of gzip -9n: without name and time.
func writeCompressed(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := w.Write(content); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return os.WriteFile(path, packed.Bytes(), 0o644)
}
