package swimcmd

import (
	"context"
	"errors"
	"sync"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/proxenos/proxenos/internal/cli/member"
	"github.com/proxenos/proxenos/internal/cli/place"
	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/mapper/swim"
)

// runOptions holds the flags of swim run.
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
		Short: "Run a member of a gossip cluster",
		Long: `Run a member of a gossip cluster until interrupted, for example as the sidecar of
another program. For placement the member is a node, whose properties are the
metadata keys addr, weight, zone, tags and drain.` + onlyProxenos + `

SIGHUP reloads --meta-file and --secret-file. --http serves a read-only status
page:

  /                           the members
  /select?key=KEY[&count=N]   the owners of a key
  /healthz                    200 while the process runs
  /readyz                     503 while peers are given and no member is available

Browsers get HTML. With Accept: application/json the first two paths return
JSON; that of /select is the output of proxenos select -o json.

The page has no access control. Requests must name it by an IP address, localhost
or the host of --http; on loopback, by a loopback name.`,
		Example: `  # A member for a service on port 80, with twice the usual weight
  proxenos swim run --name 10.0.0.1:7946 --peer 10.0.0.2:7946 \
    --secret-file /etc/proxenos/secret --meta addr=10.0.0.1:80 --meta weight=2

  # A member with a status page, and the owner of a key according to it
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
		fs.StringArrayVar(&o.meta, "meta", nil, "metadata of this member as `key=value`; may be repeated")
		fs.StringVar(&o.metaFile, "meta-file", "", "`file` with metadata, one key=value per line; --meta takes precedence")
		fs.StringVar(&o.http, "http", "", "`address` of the status page, such as 127.0.0.1:9911")
		fs.BoolVar(&o.observer, "observer", false, "join without becoming a node for placement")
	})
	o.join.Bind(c)
	o.placement.Bind(c, place.Algorithms)
	return c
}

func (o *runOptions) parse(c *cobra.Command) error {
	ctx := c.Context()
	if err := o.placement.Parse(c, o.std); err != nil {
		return err
	}
	if err := o.join.Parse(ctx, o.std); err != nil {
		return err
	}
	if _, err := o.metadata(ctx); err != nil {
		return err
	}
	return o.join.ParseName()
}

func (o *runOptions) run(ctx context.Context) error {
	hangups := hangups()
	log := member.Log(o.std.Err, true)
	cfg, err := o.join.Config(ctx, o.std, log)
	if err != nil {
		return err
	}
	cfg.Observer = o.observer
	if cfg.Metadata, err = o.metadata(ctx); err != nil {
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
	member.LogJoined(log, cluster)
	var background sync.WaitGroup
	defer background.Wait()
	defer member.Leave(cluster) //nolint:errcheck // the process ends
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if page != nil {
		page.alone = len(cfg.Peers) == 0
		page.show(cluster, &o.placement)
		page.serve(ctx, &background)
		page.logStart(log)
	}
	background.Go(func() { onHangup(ctx, hangups, func() { o.reload(ctx, cluster) }) })
	select {
	case <-ctx.Done():
		return nil
	case <-cluster.Done():
		return member.Explain(cluster.Err())
	}
}

// reload reads the files with secrets and metadata again.
func (o *runOptions) reload(ctx context.Context, cluster *swim.Cluster) {
	o.join.RotateSecrets(ctx, o.std, cluster)
	metadata, err := o.metadata(ctx)
	if err == nil {
		err = cluster.SetMetadata(metadata)
	}
	if err != nil {
		o.std.Warn("keeping the present metadata: %v", err)
	}
}
