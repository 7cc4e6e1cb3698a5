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
	paths       []string
	root        string
	quiet       bool
	format      term.Format[report.Results]
	live        bool
	update      bool
	schema      bool
	reportFlags []string
	reports     []suiteReport
	maxWork     int64
}

// NewCheck returns the command check.
func NewCheck(std *term.Streams) *cobra.Command {
	o := &checkOptions{std: std}
	c := &cobra.Command{
		Use:   "check [flags] [FILE ...]",
		Short: "Run the placement checks in files",
		Long: `Run the placement checks in YAML files, by default proxenos.yaml, and exit with 1
if one fails.

  nodes: nodes.txt             # or a list: [a, "b=10.0.0.2:80,w=2"]
  algorithm: rendezvous        # hash, points, partitions, bound too
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
      severity: warn           # a failure is a warning
    - name: replicas are in different zones
      spread: {replicas: 3, zones: 3}
    - name: there are enough nodes
      nodes: {min: 3, min_per_zone: 1}

proxenos help checks defines every check and its figures.

A file names other files relative to its own directory. Files outside that
directory, or outside --root, are rejected, even behind symbolic links. No
command is run, and a server is queried only with --live. --update writes the
current owners into the pins, and the checksum, keeps the rest of the file and
runs no check. A file whose checks are more work than --max-work is rejected.
--schema prints the format as JSON Schema.`,
		Example: `  proxenos check
  proxenos check proxenos.yaml --update
  proxenos check -q ci/*.yaml --root .
  proxenos check proxenos.yaml --report junit=results.xml --report github
  proxenos check proxenos.yaml --live -b consul -s web`,
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			if err := o.parse(c, args); err != nil {
				return o.fail(nil, o.paths, err)
			}
			return o.run(c.Context())
		},
	}
	term.AddGroup(c, checksGroup, func(fs *pflag.FlagSet) {
		fs.BoolVar(&o.live, "live", false, "take the nodes from the flags below instead of the file")
		fs.BoolVar(&o.update, "update", false, "write the current owners and checksums into the file")
		fs.StringVar(&o.root, "root", "", "the `directory` of which the files may name files (default their own)")
		fs.BoolVarP(&o.quiet, "quiet", "q", false, "do not print the checks that passed")
		fs.StringArrayVar(&o.reportFlags, "report", nil, "also write a `report`: junit=FILE, tap, tap=FILE, gitlab=FILE (code quality) or github; may be repeated")
		fs.Int64Var(&o.maxWork, "max-work", maxWork, "limit of the sum of sample x rounds x points of a file's checks")
		fs.BoolVar(&o.schema, "schema", false, "print the JSON Schema of check files and exit")
	})
	term.Complete(c, "report", []string{"junit=", "tap", "tap=", "github", "gitlab="})
	o.format.Bind(c, "text or json", o.writers()...)
	o.source.Bind(c)
	return c
}

// writers are the formats of the results.
func (o *checkOptions) writers() []term.Writer[report.Results] {
	return []term.Writer[report.Results]{
		{Name: "text", Write: func(w io.Writer, r report.Results) error { return writeChecks(w, r, o.quiet, o.std.ColoredOut()) }},
		{Name: "json", Write: writeChecksJSON},
	}
}

// checksGroup is the title of the flags that apply without --live.
const checksGroup = "Checks"

func (o *checkOptions) parse(c *cobra.Command, args []string) error {
	if o.schema {
		return term.Args()(c, args)
	}
	if o.paths = args; len(args) == 0 {
		o.paths = []string{defaultCheckFile}
	}
	var err error
	if o.reports, err = parseReports(o.reportFlags); err != nil {
		return err
	}
	for _, path := range o.paths {
		if err := term.CheckState("--update", path); o.update && err != nil {
			return err
		}
	}
	if flag := flagBeside(c, checksGroup, "Output", source.SlowStartGroup); flag != "" && !o.live {
		return term.Hint(term.Usagef("--%s selects nodes, but the nodes are those of %q", flag, o.paths[0]), "--live takes the nodes from the flags")
	}
	if o.format.Is("json") && o.reportsToStdout() {
		return term.Hint(term.Usagef("-o json and a --report both write to standard output"), "--report tap=FILE writes to a file")
	}
	if flag := reportingFlag(c); o.update && flag != "" {
		return term.Hint(term.Usagef("--%s does not apply to --update, which runs no checks", flag), "check without --update afterwards")
	}
	if o.maxWork < 1 {
		return term.Usagef("--max-work %d: must be at least 1", o.maxWork)
	}
	if err := o.source.Parse(c); err != nil {
		return err
	}
	o.source.Gate()
	return nil
}

// reportingFlag returns a flag on the command line about the results of checks, or "".
func reportingFlag(c *cobra.Command) string {
	for _, name := range []string{"report", "output", "quiet", "max-work"} {
		if c.Flags().Changed(name) {
			return name
		}
	}
	return ""
}

// defaultCheckFile is the check file if none is named.
const defaultCheckFile = "proxenos.yaml"

func (o *checkOptions) run(ctx context.Context) error {
	if o.schema {
		_, err := io.WriteString(o.std.Out, checkFormat.Schema())
		return term.WithCode(term.ErrIO, err)
	}
	checkers, err := o.open(ctx)
	defer func() {
		for _, k := range checkers {
			k.folder.close()
		}
	}()
	if err != nil {
		return o.fail(nil, o.paths[len(checkers):], err)
	}
	var results report.Results
	for i, k := range checkers {
		if o.update {
			if err := k.update(); err != nil {
				return err
			}
			continue
		}
		began := time.Now()
		suite, err := k.checkAll(ctx)
		if err != nil {
			return o.fail(results, o.paths[i:], err)
		}
		suite.Elapsed = time.Since(began)
		results = append(results, *suite)
	}
	if o.update {
		return nil
	}
	return o.std.Verdict(verdictOf(results), o.write(results))
}

func verdictOf(r report.Results) error {
	if checks, failed, _ := r.Count(); failed > 0 {
		return term.WithCode(term.ErrCheck, fmt.Errorf("%d of %s failed", failed, term.Plural(checks, "check")))
	}
	return nil
}

// open opens every check file before the first check runs.
func (o *checkOptions) open(ctx context.Context) (checkers []*checker, err error) {
	for _, path := range o.paths {
		folder, err := openCheckFolder(path, o.root)
		if err != nil {
			return checkers, err
		}
		k, err := o.newChecker(ctx, folder)
		if err != nil {
			folder.close()
			return checkers, err
		}
		checkers = append(checkers, k)
	}
	return checkers, nil
}

// write writes the results, unless a report takes their place, and then the
// reports.
func (o *checkOptions) write(results report.Results) (written error) {
	if !slices.ContainsFunc(o.reports, suiteReport.replacesText) {
		written = o.format.Write(o.std.Out, results)
	}
	return o.writeReports(results, written)
}

// writeReports writes all reports, even if one fails. It returns the first error,
// which is written if that is not nil, and prints the others.
func (o *checkOptions) writeReports(results report.Results, written error) error {
	results = inWorkspace(results, o.std.Getenv)
	for _, r := range o.reports {
		err := r.write(o.std, results)
		switch {
		case err == nil:
		case written == nil || term.ExitCode(written) == term.ExitDone:
			written = err
		default:
			o.std.Complain(err)
		}
	}
	return written
}

// fail writes the reports of checks that did not run to the end because of err, so
// that no report of an earlier run stays. The first of paths is the file of err.
func (o *checkOptions) fail(results report.Results, paths []string, err error) error {
	if len(o.reports) == 0 || len(paths) == 0 {
		return err
	}
	results = append(results, report.Suite{File: term.Escape(paths[0]), Err: faultOf(err)})
	if unwritten := o.writeReports(results, nil); unwritten != nil && term.ExitCode(unwritten) != term.ExitDone {
		o.std.Complain(unwritten)
	}
	return err
}

func (o *checkOptions) reportsToStdout() bool {
	return slices.ContainsFunc(o.reports, suiteReport.toStdout)
}
