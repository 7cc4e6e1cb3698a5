package figures

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/proxenos/proxenos/internal/cli/source"
	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/internal/report"
)

// checkOptions are the options of check.
type checkOptions struct {
	std         *term.Streams
	source      source.Flags
	path        string
	live        bool
	update      bool
	schema      bool
	reportFlags []string
	reports     []suiteReport
}

// NewCheck returns the command check.
func NewCheck(std *term.Streams) *cobra.Command {
	o := &checkOptions{std: std}
	c := &cobra.Command{
		Use:   "check [flags] FILE",
		Short: "Run the placement checks in a file",
		Long: `Run the placement checks in a YAML file, and exit with 1 if one fails.

  nodes: nodes.txt             # or a list: [a, "b=10.0.0.2:80,w=2"]
  algorithm: rendezvous        # hash, points, unit, table_bits too
  sample: 1000000              # or keys: FILE, with key_weights: true
  checks:
    - name: sessions stay on their nodes
      pins: {user:1: web-1, user:2: [web-2, web-3]}
    - name: the load is even
      shares: {max: 1.05, nodes: {web-1: {max: 40%}}, zones: {eu: {max: 60%}}}
    - name: replacing a node moves few keys
      movement:
        rounds: [{add: [web-9]}, {remove: [web-1]}, {reweight: {web-2: 2}}]
        max_moved: 40%
        no_survivor_moves: true
    - name: a node can fail
      load_after_loss: {of: any_node, max: 1.6}
      severity: warn           # a failure is no error
    - name: replicas are in different zones
      spread: {replicas: 3, zones: 3}
    - name: there are enough nodes
      nodes: {min: 3, min_per_zone: 1}

proxenos help checks defines every check and its figures.

The file names other files relative to its own folder. Files outside that folder
are rejected, even behind symbolic links. No command is run, and a server is
queried only with --live. --update writes the current owners into the pins, and
the checksum, and keeps the rest of the file. --schema prints the format as JSON Schema.`,
		Example: `  proxenos check proxenos.yaml
  proxenos check proxenos.yaml --update
  proxenos check proxenos.yaml --report junit=results.xml --report github
  proxenos check proxenos.yaml --live -b consul -s web`,
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			if err := o.parse(c, args); err != nil {
				return err
			}
			return o.run(c.Context())
		},
	}
	term.AddGroup(c, checksGroup, func(fs *pflag.FlagSet) {
		fs.BoolVar(&o.live, "live", false, "take the nodes from the flags below instead of the file")
		fs.BoolVar(&o.update, "update", false, "write the current owners and checksums into the file")
		fs.StringArrayVar(&o.reportFlags, "report", nil, "also write a `report`: junit=FILE, tap, tap=FILE or github (annotations and summary); may be repeated")
		fs.BoolVar(&o.schema, "schema", false, "print the JSON Schema of check files and exit")
	})
	o.source.Bind(c)
	return c
}

// checksGroup is the title of the flags that apply without --live.
const checksGroup = "Checks"

func (o *checkOptions) parse(c *cobra.Command, args []string) error {
	if o.schema {
		return term.Args()(c, args)
	}
	if err := term.Args("FILE")(c, args); err != nil {
		return err
	}
	o.path = args[0]
	if o.update {
		if err := term.CheckState("--update", o.path); err != nil {
			return err
		}
	}
	if flag := liveFlag(c); flag != "" && !o.live {
		return term.Hint(term.Usagef("--%s selects nodes, but the nodes are those of %q", flag, o.path), "--live takes the nodes from the flags")
	}
	var err error
	if o.reports, err = parseReports(o.reportFlags); err != nil {
		return err
	}
	if err := o.source.Parse(c); err != nil {
		return err
	}
	o.source.Gate()
	return nil
}

// liveFlag returns a flag on the command line that needs --live, or "".
func liveFlag(c *cobra.Command) (flag string) {
	c.Flags().Visit(func(f *pflag.Flag) {
		if title := f.Annotations[term.GroupKey]; len(title) == 1 && title[0] != checksGroup {
			flag = f.Name
		}
	})
	return flag
}

func (o *checkOptions) run(ctx context.Context) error {
	if o.schema {
		_, err := io.WriteString(o.std.Out, checkFormat.Schema())
		return term.WithCode(term.ErrIO, err)
	}
	folder, err := openCheckFolder(o.path)
	if err != nil {
		return err
	}
	defer folder.close()
	began := time.Now()
	k, err := o.newChecker(ctx, folder)
	if err != nil {
		return err
	}
	if o.update {
		return k.update()
	}
	suite, err := k.checkAll(ctx)
	if err != nil {
		return err
	}
	suite.Elapsed = time.Since(began)
	if err := o.write(suite); err != nil {
		return err
	}
	if failed := suite.Failed(); failed > 0 {
		return term.WithCode(term.ErrCheck, fmt.Errorf("%d of %d checks failed", failed, len(suite.Checks)))
	}
	return nil
}

// write writes the reports, and text unless a report goes to standard output.
func (o *checkOptions) write(s *report.Suite) error {
	for _, r := range o.reports {
		if err := r.write(o.std, s); err != nil {
			return err
		}
	}
	if slices.ContainsFunc(o.reports, suiteReport.toStdout) {
		return nil
	}
	return term.WithCode(term.ErrIO, writeChecksText(o.std.Out, s))
}
