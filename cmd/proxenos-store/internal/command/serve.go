package command

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/apache/thrift/lib/go/thrift"
	"github.com/spf13/cobra"

	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/kv"
	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/node"
	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/peerwire"
	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/rpc"
	"github.com/proxenos/proxenos/cmd/proxenos-store/internal/status"
	"github.com/proxenos/proxenos/mapper/locator"
	"github.com/proxenos/proxenos/mapper/swim"
)

type serveOptions struct {
	access
	std       *output
	port      int
	listen    string
	advertise string
	replicas  int
	minCopies int
	zone      string
	data      string
	page      string
	found     bool
	legacy    bool
	verbose   bool
	log       *slog.Logger
	known     cluster
	loopback  bool // reachable from this machine only
	members   memberAddrs
}

func newServe(std *output) *cobra.Command {
	o := &serveOptions{std: std}
	c := &cobra.Command{
		Use:   "serve [-h PEER] [-p PORT] [flags]",
		Short: "Run a node of the store",
		Long: `Run a node of the store. The node joins the store of PEER or of the first node
found on ports 9900 to 9909 of this machine. If there is none, it starts a new
store, unless a node there has another secret. With --data a restarted node waits for a member that it knew before. On
SIGINT or SIGTERM a node hands its keys over and leaves.`,
		Args: wantArgs(),
		RunE: func(c *cobra.Command, _ []string) error {
			if err := o.parse(c.Context()); err != nil {
				return err
			}
			if o.legacy {
				return o.runLegacy(c)
			}
			return o.run(c.Context())
		},
	}
	o.bind(c)
	f := c.Flags()
	f.IntVarP(&o.port, "port", "p", 0, "port to listen on; 0 means the first free port from --first-port")
	f.StringVar(&o.listen, "listen", "127.0.0.1", "`address` to listen on; any but a loopback address requires --secret-file")
	f.StringVar(&o.advertise, "advertise", "", "`host` at which other nodes reach this one")
	f.IntVar(&o.replicas, "replicas", 2, "how many nodes store each key; the same at every node")
	f.IntVar(&o.minCopies, "min-copies", 1, "fail writes that fewer nodes than this can store")
	f.StringVar(&o.zone, "zone", "", "failure domain of this node; replicas are placed in distinct zones")
	f.StringVar(&o.data, "data", "", "`directory` to store keys in (default: in memory)")
	f.StringVar(&o.page, "status", "", "loopback `address` to serve members and metrics at, such as 127.0.0.1:9980")
	f.BoolVar(&o.legacy, "legacy", false, "run a node of a network of 2009: one copy of each key, in memory")
	f.BoolVar(&o.found, "found", false, "start a store without looking for other nodes")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "log more")
	return c
}

func (o *serveOptions) parse(ctx context.Context) error {
	if err := o.access.parse(ctx, o.std.Err); err != nil {
		return err
	}
	o.loopback = status.OnLoopback(net.JoinHostPort(o.listen, "0"))
	switch {
	case o.port < 0 || o.port > 65535:
		return fmt.Errorf("%w: --port %d: want 0 to 65535", errUsage, o.port)
	case o.replicas < 1 || o.replicas > 100:
		return fmt.Errorf("%w: --replicas %d: want 1 to 100", errUsage, o.replicas)
	case o.minCopies < 1 || o.minCopies > o.replicas:
		return fmt.Errorf("%w: --min-copies %d: want 1 to --replicas %d", errUsage, o.minCopies, o.replicas)
	case o.found && o.peer != "":
		return fmt.Errorf("%w: --found starts a store and -h joins one: use one of them", errUsage)
	case !o.loopback && o.secrets == nil:
		return fmt.Errorf("%w: --listen %q requires --secret-file, as anyone could write otherwise", errUsage, o.listen)
	}
	level := slog.LevelWarn
	if o.verbose {
		level = slog.LevelInfo
	}
	o.log = slog.New(slog.NewTextHandler(o.std.Err, &slog.HandlerOptions{Level: level}))
	// Thrift would poll the connection of a running request 200 times a second.
	// Requests have a timeout instead.
	thrift.ServerConnectivityCheckInterval = 0
	o.call.Limits = limits
	return nil
}

// limits admits the largest batch of entries that nodes send.
var limits = locator.Limits{Message: 8 << 20}

// serverLimits admits the kept connections of many clients.
var serverLimits = locator.ServerLimits{Conns: 1024}

// Tests replace these to shift the clock of a node and to cut it off from others.
var (
	// Now returns the wall clock time.
	Now = time.Now
	// Gossip changes the configuration of gossip.
	Gossip = func(*swim.Config) {}
	// Link returns the peer through which this node calls another.
	Link = func(_ string, p node.Peer) node.Peer { return p }
)

func (o *serveOptions) run(ctx context.Context) (err error) {
	engine, err := o.open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, engine.Close()) }()
	if o.known, err = loadCluster(engine); err != nil {
		return err
	}
	var peer string
	search := !o.found && !o.remembers()
	if search {
		if peer, _ = o.find(ctx); peer == "" {
			if err := o.checkSecrets(ctx); err != nil {
				return err
			}
		}
	}
	limits := serverLimits
	limits.Known = o.members.has
	server, err := locator.Listen(ctx, locator.Config{
		Host: o.listen, Port: o.port, First: o.first, Advertise: o.advertise, Services: rpc.Services, Refresh: -1,
		Limits: limits, Call: o.call, TLS: o.call.TLS, Log: o.log,
	})
	if err != nil {
		return err
	}
	defer func() { _ = server.Close() }() // unless it has served
	if peer == "" && search {
		peer, _ = o.findOther(ctx, server.Self().Name)
	}
	cluster, err := o.join(ctx, server.Self().Name, peer, engine)
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return nil // interrupted before it was a member
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, cluster.Close()) }()
	return o.serve(ctx, engine, server, cluster, peer == "" && !o.remembers())
}

func (o *serveOptions) open() (kv.Engine, error) {
	if o.data == "" {
		return kv.NewMemory(), nil
	}
	if err := os.MkdirAll(o.data, 0o700); err != nil {
		return nil, err
	}
	return kv.OpenFile(filepath.Join(o.data, "store.db"))
}

// serve serves requests, from before this node copies its keys until after it has
// handed them over.
func (o *serveOptions) serve(ctx context.Context, engine kv.Engine, server *locator.Server, cluster *gossip, first bool) error {
	calls := o.call
	calls.Keep = 16
	calls.Limits.Call = time.Minute // the node sets a timeout for each call
	n, err := node.New(ctx, node.Config{
		Self: server.Self().Name, Replicas: o.replicas, MinCopies: o.minCopies, Engine: engine, Cluster: cluster, First: first,
		Alone: o.remembers() && len(o.known.Members) == 0, // all others have left
		Dial:  func(name string) node.Peer { return Link(name, o.dial(name, calls)) },
		Ready: func() { fmt.Fprintln(o.std.Err, "Serving.") },
		Now:   Now,
		Log:   o.log,
	})
	if err != nil {
		return err
	}
	defer n.Close() // after the last request
	page := &status.Page{Node: n}
	if o.page != "" {
		at, err := page.Listen(ctx, o.page)
		if err != nil {
			return err
		}
		fmt.Fprintf(o.std.Err, "Status at http://%s/\n", at)
	}
	info := peerwire.JoinInfo{Gossip: cluster.Local().Addr, Label: cluster.label, Replicas: int32(o.replicas)}
	processor := rpc.NewProcessor(server, n, info, o.log)
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	var answering sync.WaitGroup
	var failed error
	answering.Go(func() { failed = server.Serve(work, processor) })
	fmt.Fprintf(o.std.Err, "Starting the server at %s...\n", server.Self().Name)
	err = n.Run(ctx)
	stop()
	answering.Wait()
	return errors.Join(err, failed, page.Close())
}

// dial returns the peer of a name, which is its address without brackets.
func (o *serveOptions) dial(name string, cfg locator.CallConfig) node.Peer {
	addr, err := locator.ParsePeer(name)
	if err != nil {
		o.log.Error("member name is not an address", "name", name, "err", err)
		addr = name
	}
	return rpc.NewPeer(addr, cfg)
}
