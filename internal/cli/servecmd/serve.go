// Package servecmd holds the commands that answer other programs over HTTP: serve,
// and compare, which checks that servers agree.
package servecmd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/proxenos/proxenos/internal/cli/place"
	"github.com/proxenos/proxenos/internal/cli/source"
	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/mapper"
)

// serveOptions holds the flags of serve.
type serveOptions struct {
	std       *term.Streams
	listen    listenOptions
	config    string
	poll      time.Duration
	placement place.Flags
	source    source.Flags
	sets      []*set
}

// ownFlags are the flags of serve that do not describe a set.
var ownFlags = []string{"http", "http-cert", "http-key", "http-token-file", "http-host", "http-open", "config", "poll", "color"}

// NewServe returns the command serve.
func NewServe(std *term.Streams) *cobra.Command {
	o := &serveOptions{std: std}
	c := &cobra.Command{
		Use:   "serve [flags]",
		Short: "Answer which node owns a key over HTTP",
		Long: `Answer over HTTP which node owns a key, from nodes that are kept up to date, until
interrupted.

  GET  /select?key=KEY[&count=N]   the owners of a key
  POST /select[?count=N]           the owners of keys: a key per line, or with
                                   Content-Type: application/json a JSON array;
                                   answers come in order, while keys come
  GET  /nodes                      the nodes, for -b http and -f
  GET  /diff?add=NODE&remove=ID&reweight=ID=W[&sample=N]
                                   the keys that would move; may be repeated
  GET  /checksum                   the checksums, for proxenos compare
  GET  /watch                      server-sent events, one for every change
  GET  /                           a page for browsers
  GET  /healthz                    200 while the process runs
  GET  /readyz                     200 while the nodes are not too old
  GET  /metrics                    metrics for Prometheus

Answers are text; with Accept: application/json they are JSON, as select -o json
prints it, and POST also gives application/jsonl. See proxenos help clients.

While the source fails, the last nodes answer, and the header Age says for how many
seconds. /readyz fails then if they are older than --max-staleness, and while the
source has not responded yet.

By default, only this machine can connect. Beyond it, --http-token-file,
--http-cert and --http-key are required, unless --http-open says that the network
is trusted. /healthz and /readyz need no token. Files of tokens and certificates
are read again when they change. Requests must name the server in their Host header
by an IP address, by a name of its certificate or by --http-host.

A file of --config has several sets of nodes, each with the flags of this command.
Their paths begin with /sets/NAME, as in /sets/cache/select; /checksum, /healthz,
/readyz and /metrics are about all sets:

  sets:
    cache:
      backend: consul
      service: cache
      algorithm: ketama
    shards:
      nodes-file: shards.txt

Under systemd with Type=notify, the service is up when every set has nodes.`,
		Example: `  # Serve the instances of web in Consul, and ask for the owner of a key
  proxenos serve -b consul -s web
  curl 'http://127.0.0.1:9911/select?key=user:42'

  # On a Unix socket
  proxenos serve -f nodes.txt --http unix:/run/proxenos.sock
  curl --unix-socket /run/proxenos.sock 'http://localhost/select?key=user:42'

  # For other machines
  proxenos serve --config sets.yaml --http 10.0.0.1:9911 --http-token-file token \
    --http-cert cert.pem --http-key key.pem`,
		Args: term.Args(),
		RunE: func(c *cobra.Command, _ []string) error {
			if err := o.parse(c); err != nil {
				return err
			}
			return o.run(c.Context())
		},
	}
	o.listen.bind(c)
	term.AddGroup(c, "Serving", func(fs *pflag.FlagSet) {
		fs.StringVar(&o.config, "config", "", "`file` with named sets, instead of the flags for one set")
		fs.DurationVar(&o.poll, "poll", mapper.DefaultPoll, "how often to poll a source that cannot be watched")
	})
	bindSet(c, &o.source, &o.placement)
	return c
}

// bindSet declares the flags of a set.
func bindSet(c *cobra.Command, s *source.Flags, p *place.Flags) {
	p.Bind(c, place.Algorithms)
	s.Bind(c)
	s.Outages.Bind(c)
	s.Outages.Following()
}

// parse validates the flags.
func (o *serveOptions) parse(c *cobra.Command) error {
	if o.poll <= 0 {
		return term.Usagef("--poll %v: must be more than 0", o.poll)
	}
	if err := o.listen.parse(); err != nil {
		return err
	}
	if o.config != "" {
		var foreign error
		c.Flags().Visit(func(f *pflag.Flag) {
			if foreign == nil && !slices.Contains(ownFlags, f.Name) {
				foreign = term.Hint(term.Usagef("--config and --%s are mutually exclusive", f.Name), "put %s into the set of the file", f.Name)
			}
		})
		if foreign != nil {
			return foreign
		}
		var err error
		o.sets, err = readSets(o.config, o.std)
		return err
	}
	one, err := parseSet(c, defaultSet, &o.source, &o.placement, o.std)
	o.sets = []*set{one}
	return err
}

// parseSet validates the flags of a set.
func parseSet(c *cobra.Command, name string, s *source.Flags, p *place.Flags, std *term.Streams) (*set, error) {
	if err := p.Parse(c, std); err != nil {
		return nil, err
	}
	if err := s.Parse(c); err != nil {
		return nil, err
	}
	if s.ReadsStandardInput() {
		return nil, term.Hint(term.Usagef("standard input cannot be followed"), "put the nodes in a file: -f FILE")
	}
	return &set{name: name, source: s, placement: p}, nil
}

// run serves until the context ends.
func (o *serveOptions) run(ctx context.Context) error {
	socket, err := o.listen.open()
	if err != nil {
		return err
	}
	var background sync.WaitGroup
	defer background.Wait()
	following, stop := context.WithCancel(context.WithoutCancel(ctx)) // until requests have ended
	defer stop()
	for _, s := range o.sets {
		std := o.std
		if len(o.sets) > 1 {
			std = std.About(fmt.Sprintf("set %q", s.name))
		}
		if err := s.start(following, o.poll, std, &background); err != nil {
			return errors.Join(fmt.Errorf("%w", s.named(err, len(o.sets) > 1)), socket.Close())
		}
	}
	server, err := newServer(following, &o.listen, socket, o.sets)
	if err != nil {
		return errors.Join(err, socket.Close())
	}
	fmt.Fprintln(o.std.Err, "proxenos: serving on "+server.address())
	notifier := &notifier{socket: o.std.Getenv("NOTIFY_SOCKET")}
	background.Go(func() { notifier.readyWhen(ctx, o.sets) })
	err = server.serve(ctx, notifier)
	stop()
	return err
}

// named adds the name of the set to an error if there are several.
func (s *set) named(err error, several bool) error {
	if !several {
		return err
	}
	named := fmt.Errorf("set %q: %w", s.name, err)
	if hint := term.HintOf(err); hint != "" {
		return term.Hint(named, "%s", hint)
	}
	return named
}

// setNames returns the names of sets, for errors.
func setNames(sets []*set) string {
	names := make([]string, len(sets))
	for i, s := range sets {
		names[i] = s.name
	}
	return strings.Join(names, ", ")
}
