package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

type versionOptions struct {
	std    *streams
	output string
}

func newVersion(std *streams) *cobra.Command {
	o := &versionOptions{std: std}
	c := &cobra.Command{
		Use:   "version [-o text|json]",
		Short: "Tell the version of this program",
		Long:  "Tell the version of this program, the revision it was built from, and the Go release and platform it was built for.",
		Example: `  proxenos version
  proxenos version -o json`,
		Args: wantArgs(),
		RunE: func(*cobra.Command, []string) error { return o.run() },
	}
	c.Flags().StringVarP(&o.output, "output", "o", "text", "text or json")
	complete(c, "output", []string{"text", "json"})
	return c
}

// versionInfo is what version -o json prints.
type versionInfo struct {
	Schema   string `json:"schema"`
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Modified bool   `json:"modified,omitempty"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func (o *versionOptions) run() error {
	info := buildInfo()
	switch o.output {
	case "text":
		_, err := fmt.Fprintf(o.std.Out, "proxenos %s (%s, %s)\n", info.Version, info.Go, info.Platform)
		return as(errIO, err)
	case "json":
		return as(errIO, writeJSON(o.std.Out, info))
	default:
		return unknownChoice("output format", o.output, []string{"text", "json"})
	}
}

// buildInfo reads what the Go tool recorded while it built the program.
func buildInfo() versionInfo {
	v := versionInfo{
		Schema:   "proxenos.version/v1",
		Version:  "(devel)",
		Go:       runtime.Version(),
		Platform: runtime.GOOS + "/" + runtime.GOARCH,
	}
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	if build.Main.Version != "" {
		v.Version = build.Main.Version
	}
	for _, s := range build.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Revision = s.Value
		case "vcs.modified":
			v.Modified = s.Value == "true"
		}
	}
	return v
}
