package swimcmd

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/proxenos/proxenos/internal/cli/member"
	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/mapper/swim/filesync"
)

// syncOptions holds the flags of swim sync.
type syncOptions struct {
	std   *term.Streams
	join  member.Flags
	dir   string
	watch bool
	hook  time.Duration
}

func newSync(std *term.Streams) *cobra.Command {
	o := &syncOptions{std: std}
	c := &cobra.Command{
		Use:   "sync --name HOST:PORT [--peer HOST:PORT] [flags] DIR",
		Short: "Mirror a gossip cluster into a directory",
		Long: `Join a gossip cluster as a member and mirror the cluster into a directory, which
belongs to this member alone.` + onlyProxenos + `

DIR/.local is a link to the directory with this member's metadata, one file per
key. Edit the files and send SIGHUP, or use --watch to apply changes at once.
Every other member has a directory with its metadata, and links to it in .online,
.suspect or .offline, and in .available, .unavailable or both.

If DIR/on-update exists, it runs after each change with the member's name, its
status (ONLINE, SUSPECT or OFFLINE) and its directory as arguments, without a
shell and without the secret in its environment. It must belong to this user or
root and must not be writable by other users.

Metadata files must be regular files of at most 64 KiB, with names that every
file system accepts. If a local file is not, the command logs an error and keeps
the present metadata. It ignores such metadata of peers, and changes nothing
outside DIR.

On an interrupt or SIGTERM the member leaves the cluster, removes the links and
the files of other members, and exits with 0.`,
		Example: `  # Two members on one machine
  proxenos swim sync --name 127.0.0.1:2001 --peer 127.0.0.1:2002 ~/node1
  proxenos swim sync --name 127.0.0.1:2002 --peer 127.0.0.1:2001 ~/node2

  # Change the metadata of a member
  echo 2 > ~/node1/.local/weight && pkill -HUP -f 'swim sync .*node1'

  # The metadata key "port" of all available members
  tail -n +1 ~/node1/.available/*/port`,
		Args: term.Args("DIR"),
		RunE: func(c *cobra.Command, args []string) error {
			o.dir = args[0]
			if err := o.parse(c.Context()); err != nil {
				return err
			}
			return o.run(c.Context())
		},
	}
	term.AddGroup(c, "Directory", func(fs *pflag.FlagSet) {
		fs.BoolVar(&o.watch, "watch", false, "apply changes of the local files without SIGHUP")
		fs.DurationVar(&o.hook, "hook-timeout", 30*time.Second, "maximum run time of on-update")
	})
	o.join.Bind(c)
	return c
}

func (o *syncOptions) parse(ctx context.Context) error {
	if o.hook <= 0 {
		return term.Usagef("--hook-timeout %v: must be more than 0", o.hook)
	}
	if err := o.join.Parse(ctx, o.std); err != nil {
		return err
	}
	return o.join.ParseName()
}

func (o *syncOptions) run(ctx context.Context) (err error) {
	hangups := hangups()
	log := member.Log(o.std.Err, true)
	cfg, err := o.join.Config(ctx, o.std, log)
	if err != nil {
		return err
	}
	mirror, err := filesync.Open(o.dir, cfg.Name, filesync.Config{HookTimeout: o.hook, Log: log})
	switch {
	case errors.Is(err, filesync.ErrInUse):
		return term.Hint(err, "each member needs a DIR of its own")
	case err != nil:
		return term.Hint(err, "a missing DIR is created, but not its parents")
	}
	defer func() { err = errors.Join(err, mirror.Close()) }()
	if cfg.Metadata, err = mirror.Local(); err != nil {
		return term.Hint(err, "the files in %s/%s are the metadata of this member", o.dir, cfg.Name)
	}
	cluster, err := member.Join(ctx, cfg)
	if err != nil {
		return err
	}
	member.LogJoined(log, cluster)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var background sync.WaitGroup
	reload := func() {
		if err := mirror.Reload(cluster); err != nil {
			log.Error("reading the local files failed", "err", err)
		}
	}
	background.Go(func() { onHangup(ctx, hangups, func() { o.join.RotateSecrets(ctx, o.std, cluster); reload() }) })
	if o.watch {
		background.Go(func() {
			if err := mirror.Watch(ctx, reload); err != nil {
				log.Error("watching the local files failed", "err", err)
			}
		})
	}
	if err = mirror.Run(ctx, cluster); err != nil {
		log.Error("cleaning up the directory failed", "err", err) // an interrupt hides the returned error
	}
	cancel()
	background.Wait()
	return errors.Join(err, member.Explain(cluster.Err()), member.Leave(cluster))
}

// hangups returns a channel of SIGHUPs. Call it before anything that takes time:
// until then SIGHUP ends the process.
func hangups() chan os.Signal {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGHUP)
	return c
}

// onHangup calls act for each SIGHUP until the context ends.
func onHangup(ctx context.Context, hangups chan os.Signal, act func()) {
	defer signal.Stop(hangups)
	for {
		select {
		case <-hangups:
			act()
		case <-ctx.Done():
			return
		}
	}
}
