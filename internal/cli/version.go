package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/proxenos/proxenos/internal/cli/term"
)

type versionOptions struct {
	std    *term.Streams
	output string
}

func newVersion(std *term.Streams) *cobra.Command {
	o := &versionOptions{std: std}
	c := &cobra.Command{
		Use:   "version [-o text|json]",
		Short: "Tell the version of this program",
		Long:  "Tell the version of this program, the revision it was built from, and the Go release and platform it was built for.",
		Example: `  proxenos version
  proxenos version -o json`,
		Args: term.Args(),
		RunE: func(*cobra.Command, []string) error { return o.run() },
	}
	c.Flags().StringVarP(&o.output, "output", "o", "text", "text or json")
	term.Complete(c, "output", []string{"text", "json"})
	return c
}

func (o *versionOptions) run() error {
	info := term.ReadBuild()
	switch o.output {
	case "text":
		_, err := fmt.Fprintf(o.std.Out, "proxenos %s (%s, %s)\n", info.Version, info.Go, info.Platform)
		return term.WithCode(term.ErrIO, err)
	case "json":
		return term.WithCode(term.ErrIO, term.WriteJSON(o.std.Out, info))
	default:
		return term.UnknownChoice("output format", o.output, []string{"text", "json"})
	}
}
