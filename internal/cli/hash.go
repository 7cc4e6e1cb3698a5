package cli

import (
	"encoding/hex"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/proxenos/proxenos/internal/cli/place"
	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/rendezvous/prf"
)

// digestOptions are the options of hash.
type digestOptions struct {
	std    *term.Streams
	hash   place.HashFlags
	key    string
	format term.Format[digest]
}

func newHash(std *term.Streams) *cobra.Command {
	o := &digestOptions{std: std}
	c := &cobra.Command{
		Use:   "hash METHOD KEY",
		Short: "Print the digest of a key",
		Long: `Print the digest of a key in hexadecimal digits. METHOD is a value of select
--hash-method, and the same environment applies. -o json adds the digest as the
integer that the Python original derives from it, and as the 64 bits that place
keys.`,
		Example: `  proxenos hash siphash user:42
  PROXENOS_MMH_SEED=0x10 proxenos hash mmh3_128 user:42 -o json`,
		Args: term.Args("METHOD", "KEY"),
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return prf.Names(), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			o.hash.Name, o.key = args[0], args[1]
			if args[0] == "" {
				return term.UnknownChoice("hash method", "", prf.Names())
			}
			if err := o.hash.Parse(std); err != nil {
				return err
			}
			return o.run()
		},
	}
	o.format.Bind(c, "text or json", term.TextOrJSON(writeDigest)...)
	return c
}

// digest is the output of hash -o json. Integers are strings, as many programs
// limit JSON numbers to 53 bits.
type digest struct {
	Schema    string `json:"schema"`
	Method    string `json:"method"`
	Key       string `json:"key"`
	KeyBase64 string `json:"key_base64,omitempty"`
	Hex       string `json:"hex"`
	Integer   string `json:"integer"`
	Uint64    string `json:"uint64"`
}

func (o *digestOptions) run() error {
	m, options := o.hash.Method, o.hash.Options
	return o.format.Write(o.std.Out, digest{
		Schema:    "proxenos.hash/v1",
		Method:    m.String(),
		Key:       o.key,
		KeyBase64: term.Base64IfNotUTF8(o.key),
		Hex:       hex.EncodeToString(m.Append(nil, options, o.key)),
		Integer:   m.Integer(options, o.key).Big().String(),
		Uint64:    fmt.Sprint(m.Func(options)(o.key)),
	})
}

func writeDigest(w io.Writer, d digest) error {
	_, err := fmt.Fprintln(w, d.Hex)
	return err
}
