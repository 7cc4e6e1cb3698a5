package cli

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/proxenos/proxenos/internal/cli/term"
)

func newVersion(std *term.Streams) *cobra.Command {
	var format term.Format[term.Build]
	c := &cobra.Command{
		Use:   "version [-o text|json]",
		Short: "Print the version",
		Long:  "Print the version of this program, its revision, and the Go release and platform\nof the build.",
		Example: `  proxenos version
  proxenos version -o json`,
		Args: term.Args(),
		RunE: func(*cobra.Command, []string) error { return format.Write(std.Out, term.ReadBuild()) },
	}
	format.Bind(c, "text or json", term.TextOrJSON(writeVersion)...)
	return c
}

func writeVersion(w io.Writer, b term.Build) error {
	_, err := io.WriteString(w, versionLine(b))
	return err
}

// versionLine describes a build in a line.
func versionLine(b term.Build) string {
	revision := ""
	if b.Revision != "" {
		revision = "revision " + b.Revision[:min(12, len(b.Revision))]
		if b.Modified {
			revision += " modified"
		}
		revision += ", "
	}
	return fmt.Sprintf("proxenos %s (%s%s, %s)\n", b.Version, revision, b.Go, b.Platform)
}
