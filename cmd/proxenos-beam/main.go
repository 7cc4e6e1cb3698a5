// Command proxenos-beam counts which keys move when the nodes change, as proxenos diff
// does, in an Apache Beam pipeline: over more keys than a machine can read, in files
// that Beam reads, on Dataflow, Flink, Spark or this machine.
//
//	proxenos-beam diff --before old.txt -b consul -s web \
//		--keys 'gs://bucket/keys/*.gz' --max-moved 12% \
//		--counts gs://bucket/tmp/counts --moves-out gs://bucket/moves/moves.csv \
//		-- --runner=dataflow --project=shop --region=europe-west1 --staging_location=gs://bucket/staging
//
// The flags after -- are those of Beam. Without --runner the pipeline runs on this
// machine, by the runner prism. Nodes come from any source of proxenos. The program
// asks the source once and gives the workers the nodes as text, so all workers place
// keys alike, and none needs to reach the source. A worker whose placement has another
// checksum fails. Secret keys are not given to workers: set the variables that
// proxenos help environment lists in their environment too.
//
// Figures, gates and exit codes are those of proxenos diff. The workers write the
// counts of pairs of owners to the file --counts, from which the program computes the
// figures. The list of moves is sharded, in no order.
//
// The program is a module of its own, so that nothing of Beam reaches proxenos.
package main

import (
	"context"
	"flag"
	"os"
	"slices"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	beamlog "github.com/apache/beam/sdks/v2/go/pkg/beam/log"
	"github.com/spf13/cobra"

	"github.com/proxenos/proxenos/internal/cli/term"
)

func main() {
	if slices.ContainsFunc(os.Args[1:], isWorker) {
		flag.Parse()
		beam.Init() // works until the runner ends it, and exits
	}
	ctx, stop := term.WithSignals(context.Background())
	std := &term.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Getenv: os.Getenv}
	code := run(ctx, std, os.Args[1:])
	stop()
	os.Exit(code)
}

// isWorker reports whether an argument is the one by which a runner starts a worker.
func isWorker(arg string) bool {
	return slices.Contains([]string{"worker", "worker=true"}, strings.TrimLeft(arg, "-"))
}

// run executes a command line, whose part after -- is for Beam, and returns the exit
// code.
func run(ctx context.Context, std *term.Streams, args []string) int {
	args, beamArgs := split(args)
	root := newRoot(std)
	if err := flag.CommandLine.Parse(beamArgs); err != nil {
		return std.Report(term.AsUsage(err))
	}
	if !slices.ContainsFunc(beamArgs, func(arg string) bool { return strings.HasPrefix(strings.TrimLeft(arg, "-"), "log_level") }) {
		beamlog.SetupLogging("error", "text")
	}
	if !beam.Initialized() {
		beam.Init()
	}
	return term.Run(ctx, std, root, args)
}

// split divides arguments at the first "--".
func split(args []string) (own, beam []string) {
	i := slices.Index(args, "--")
	if i < 0 {
		return args, nil
	}
	return args[:i], args[i+1:]
}

func newRoot(std *term.Streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "proxenos-beam COMMAND",
		Short: "Measure the placement of keys in a Beam pipeline",
		Long: `Proxenos-beam measures how keys are placed, as proxenos does, in an Apache Beam
pipeline: over keys in object storage, on many machines. Flags after -- are those
of Beam.`,
		Example: `  # Which keys of a bucket move if c joins?
  proxenos-beam diff -f nodes.txt --add c --keys 'gs://bucket/keys/*' \
    --counts gs://bucket/tmp/counts -- --runner=dataflow --project=shop`,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	term.Prepare(root, std)
	root.AddCommand(newDiff(std))
	term.KeepHelpShorthand(root)
	return root
}
