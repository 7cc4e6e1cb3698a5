package swimcmd

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/proxenos/proxenos/internal/cli/member"
	"github.com/proxenos/proxenos/internal/cli/place"
	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/mapper/swim"
)

// runOptions describe a member that does nothing else.
type runOptions struct {
	std       *term.Streams
	join      member.Flags
	placement place.Flags
	meta      []string
	metaFile  string
	http      string
	observer  bool
}

func newRun(std *term.Streams) *cobra.Command {
	o := &runOptions{std: std}
	c := &cobra.Command{
		Use:   "run --name HOST:PORT [--peer HOST:PORT] [flags]",
		Short: "Keep a member of a gossip cluster up",
		Long: `Keep a member of a gossip cluster up until it is interrupted, as a sidecar does
for the program beside it. The metadata keys addr, weight, zone, tags and drain
say how the member takes part in placement.

SIGHUP reads --meta-file and --secret-file again. With --http a status page
shows the members and tells who owns a key; it changes nothing. Its paths are
/ with the members, /select?key=KEY[&count=N], /healthz, and /readyz, which
answers 503 while peers are named and none is there. A browser gets a page;
with Accept: application/json the first two answer in JSON, the second as
proxenos select -o json does.`,
		Example: `  # A member that serves on port 80 and counts double
  proxenos swim run --name 10.0.0.1:7946 --peer 10.0.0.2:7946 \
    --secret-file /etc/proxenos/secret --meta addr=10.0.0.1:80 --meta weight=2

  # One with a status page, and who owns a key in the eyes of that member
  proxenos swim run --name 127.0.0.1:2001 --http 127.0.0.1:9911
  curl 'http://127.0.0.1:9911/select?key=user:42'`,
		Args: term.Args(),
		RunE: func(c *cobra.Command, _ []string) error {
			if err := o.parse(c); err != nil {
				return err
			}
			return o.run(c.Context())
		},
	}
	term.AddGroup(c, "Member", func(fs *pflag.FlagSet) {
		fs.StringArrayVar(&o.meta, "meta", nil, "`key=value` of metadata; may be repeated")
		fs.StringVar(&o.metaFile, "meta-file", "", "`file` of metadata, a key=value a line; --meta wins")
		fs.StringVar(&o.http, "http", "", "`address` of the status page, like 127.0.0.1:9911")
		fs.BoolVar(&o.observer, "observer", false, "take no part in placement")
	})
	o.join.Bind(c)
	o.placement.Bind(c, place.Algorithms)
	return c
}

func (o *runOptions) parse(c *cobra.Command) error {
	if err := o.placement.Parse(c, o.std); err != nil {
		return err
	}
	if err := o.join.Parse(o.std); err != nil {
		return err
	}
	if _, err := o.metadata(); err != nil {
		return err
	}
	return o.join.ParseName()
}

// metadata reads the file and then the flags.
func (o *runOptions) metadata() (map[string][]byte, error) {
	metadata := map[string][]byte{}
	if o.metaFile != "" {
		raw, err := member.ReadFile(o.metaFile, member.MaxMetaFile)
		if err != nil {
			return nil, term.Hint(err, "it is the file of --meta-file")
		}
		for line := range strings.Lines(string(raw)) {
			line = strings.TrimRight(line, "\r\n")
			if line == "" || line[0] == '#' {
				continue
			}
			if err := addPair(metadata, line); err != nil {
				return nil, fmt.Errorf("%s: %w", o.metaFile, err)
			}
		}
	}
	for _, pair := range o.meta {
		if err := addPair(metadata, pair); err != nil {
			return nil, term.AsUsage(fmt.Errorf("--meta: %w", err))
		}
	}
	return metadata, nil
}

func addPair(metadata map[string][]byte, pair string) error {
	key, value, ok := strings.Cut(pair, "=")
	if !ok || key == "" {
		return fmt.Errorf("%q is not key=value", pair[:min(len(pair), 60)])
	}
	metadata[key] = []byte(value)
	return nil
}

func (o *runOptions) run(ctx context.Context) error {
	hangups := hangups()
	log := member.Log(o.std.Err, true)
	cfg, err := o.join.Config(ctx, o.std, log)
	if err != nil {
		return err
	}
	cfg.Observer = o.observer
	if cfg.Metadata, err = o.metadata(); err != nil {
		return err
	}
	page, err := listenHTTP(o.http)
	if err != nil {
		return err
	}
	cluster, err := member.Join(ctx, cfg)
	if err != nil {
		return errors.Join(err, page.close())
	}
	member.LogUp(log, cluster)
	var beside sync.WaitGroup
	defer beside.Wait()
	defer member.Leave(cluster) //nolint:errcheck // there is nobody left to tell
	if page != nil {
		page.cluster, page.placement, page.alone = cluster, &o.placement, len(cfg.Peers) == 0
		page.serve(ctx, &beside)
		log.Info("the status page is up", "url", "http://"+page.addr+"/")
	}
	beside.Go(func() { onHangup(ctx, hangups, func() { o.reload(cluster) }) })
	<-ctx.Done()
	return nil
}

// reload takes over what the files say now.
func (o *runOptions) reload(cluster *swim.Cluster) {
	o.join.RotateSecrets(o.std, cluster)
	metadata, err := o.metadata()
	if err == nil {
		err = cluster.SetMetadata(metadata)
	}
	if err != nil {
		o.std.Warn("the metadata stays as it is: %v", err)
	}
}
