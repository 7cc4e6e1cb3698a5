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

// syncOptions say what to mirror where.
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
		Long: `Be a member of a gossip cluster, and mirror the cluster into a directory.

DIR/.local leads to the files that are this member's metadata: edit them and
send SIGHUP, or let --watch notice. Every other member has a folder with its
files, and links in .online, .suspect and .offline, and in .available and
.unavailable. One DIR is for one member.

The program DIR/on-update, if there is one, is run after each change with the
member's name, its status (ONLINE, SUSPECT or OFFLINE) and its folder, without
a shell and without the secret. It must belong to this user or root and not be
writable by others.

A file that is no plain file of at most 64 KiB with a safe name is told of, and
what this member says of itself stays as it was; one that a peer sends is
refused. Nothing outside of DIR is touched.

An interrupt or SIGTERM says goodbye, cleans up and exits with 0.`,
		Example: `  # Two members on one machine
  proxenos swim sync --name 127.0.0.1:2001 --peer 127.0.0.1:2002 ~/node1
  proxenos swim sync --name 127.0.0.1:2002 --peer 127.0.0.1:2001 ~/node2

  # Change what a member says of itself
  echo 2 > ~/node1/.local/weight && pkill -HUP -f 'swim sync .*node1'

  # What all who are available say of their port
  tail -n +1 ~/node1/.available/*/port`,
		Args: term.Args("DIR"),
		RunE: func(c *cobra.Command, args []string) error {
			o.dir = args[0]
			if err := o.parse(); err != nil {
				return err
			}
			return o.run(c.Context())
		},
	}
	term.AddGroup(c, "Directory", func(fs *pflag.FlagSet) {
		fs.BoolVar(&o.watch, "watch", false, "notice changes of the local files without SIGHUP")
		fs.DurationVar(&o.hook, "hook-timeout", 30*time.Second, "how long on-update may run")
	})
	o.join.Bind(c)
	return c
}

func (o *syncOptions) parse() error {
	if o.hook <= 0 {
		return term.Usagef("--hook-timeout %v: must be more than 0", o.hook)
	}
	if err := o.join.Parse(o.std); err != nil {
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
		return term.Hint(err, "every member of a machine wants a DIR of its own")
	case err != nil:
		return term.Hint(err, "DIR is made if it is missing, but not what is above it")
	}
	defer func() { err = errors.Join(err, mirror.Close()) }()
	if cfg.Metadata, err = mirror.Local(); err != nil {
		return term.Hint(err, "the files in %s/.local are what this member says of itself", o.dir)
	}
	cluster, err := member.Join(ctx, cfg)
	if err != nil {
		return err
	}
	member.LogUp(log, cluster)
	var beside sync.WaitGroup
	reload := func() {
		if err := mirror.Reload(cluster); err != nil {
			log.Error("the local files are not read", "error", err)
		}
	}
	beside.Go(func() { onHangup(ctx, hangups, func() { o.join.RotateSecrets(o.std, cluster); reload() }) })
	if o.watch {
		beside.Go(func() {
			if err := mirror.Watch(ctx, reload); err != nil {
				log.Error("the local files are not watched", "error", err)
			}
		})
	}
	if err = mirror.Run(ctx, cluster); err != nil {
		log.Error("the directory is not as it should be left", "error", err) // an interrupt hides errors
	}
	beside.Wait()
	return errors.Join(err, member.Leave(cluster))
}

// hangups returns a channel of SIGHUPs. It is to be asked for before anything
// that takes time, as an early one would end the process.
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
