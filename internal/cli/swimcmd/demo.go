package swimcmd

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	mathrand "math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/proxenos/proxenos/internal/cli/member"
	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/mapper/swim"
)

// demoOptions describe a member that a person plays with.
type demoOptions struct {
	std   *term.Streams
	join  member.Flags
	token time.Duration
	plain bool
}

func newDemo(std *term.Streams) *cobra.Command {
	o := &demoOptions{std: std}
	c := &cobra.Command{
		Use:   "demo --name HOST:PORT [--peer HOST:PORT] [flags]",
		Short: "See gossip at work: type in one terminal, read in all",
		Long: `See gossip at work. Every demo shows a row for each member; what is typed in one
appears in all. Without a terminal, or with --plain, a line is written for every
change.`,
		Example: `  # Each in a terminal of its own, Ctrl-C to leave
  proxenos swim demo --name 127.0.0.1:2001 --peer 127.0.0.1:2003
  proxenos swim demo --name 127.0.0.1:2002 --peer 127.0.0.1:2001
  proxenos swim demo --name 127.0.0.1:2003 --peer 127.0.0.1:2001`,
		Args: term.Args(),
		RunE: func(c *cobra.Command, _ []string) error {
			if err := o.parse(); err != nil {
				return err
			}
			return o.run(c.Context())
		},
	}
	term.AddGroup(c, "Demo", func(fs *pflag.FlagSet) {
		fs.VarP((*seconds)(&o.token), "token-interval", "i", "change a random token about so often, `seconds` or with a unit")
		fs.BoolVar(&o.plain, "plain", false, "write lines, even on a terminal")
	})
	o.join.Bind(c)
	return c
}

// seconds is a flag for a duration. A number without a unit is of seconds, as
// in swim-protocol.
type seconds time.Duration

func (s *seconds) String() string { return time.Duration(*s).String() }

// Type is what the help calls a value.
func (s *seconds) Type() string { return "duration" }

// Set reads a value.
func (s *seconds) Set(text string) error {
	if _, err := strconv.ParseFloat(text, 64); err == nil {
		text += "s"
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return fmt.Errorf("%q is no duration: want 5, 0.5 or 500ms", text)
	}
	*s = seconds(d)
	return nil
}

func (o *demoOptions) parse() error {
	if o.token < 0 {
		return term.Usagef("--token-interval %v: must not be below 0", o.token)
	}
	if err := o.join.Parse(o.std); err != nil {
		return err
	}
	return o.join.ParseName()
}

func (o *demoOptions) run(ctx context.Context) error {
	cfg, err := o.join.Config(ctx, o.std, member.Log(o.std.Err, false))
	if err != nil {
		return err
	}
	plain := o.plain || !term.IsTerminal(o.std.Out)
	if !plain {
		cfg.Log = quietLog() // the screen is the member's
	}
	cluster, err := member.Join(ctx, cfg)
	if err != nil {
		return err
	}
	defer member.Leave(cluster) //nolint:errcheck // there is nobody left to tell
	d := &demo{cluster: cluster, token: o.token}
	if plain {
		return d.lines(ctx, o.std)
	}
	return d.screen(ctx, o.std)
}

// demo is what a person changes by typing, and the clock by itself.
type demo struct {
	cluster *swim.Cluster
	token   time.Duration
	typed   string
	secret  []byte // the token
}

// maxTyped is how much of what was typed is kept.
const maxTyped = 30

// typedKey and tokenKey are the demo's metadata keys, as in the ancestor's.
const (
	typedKey = "typed"
	tokenKey = "token"
)

// enter appends what was typed and tells the cluster.
func (d *demo) enter(text string) error {
	d.typed = lastBytes(d.typed+keepPrintable(text), maxTyped)
	return d.tell()
}

// renew draws another token and tells the cluster.
func (d *demo) renew() error {
	d.secret = make([]byte, 16)
	_, _ = rand.Read(d.secret)
	return d.tell()
}

func (d *demo) tell() error {
	metadata := map[string][]byte{}
	if d.typed != "" {
		metadata[typedKey] = []byte(d.typed)
	}
	if d.secret != nil {
		metadata[tokenKey] = d.secret
	}
	return d.cluster.SetMetadata(metadata)
}

// nextToken returns the pause before the next token: around the interval,
// with a fifth of it as the deviation.
func (d *demo) nextToken() time.Duration {
	pause := time.Duration((1 + mathrand.NormFloat64()/5) * float64(d.token))
	return max(pause, d.token/10)
}

// keepPrintable keeps the printable characters of ASCII.
func keepPrintable(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, text)
}

func lastBytes(text string, n int) string { return text[max(0, len(text)-n):] }

// demoRow is a member as the demo shows it.
type demoRow struct {
	name, status, clock, metadata string
	local                         bool
	set                           swim.Status
}

// demoRows returns a row for each member, sorted by name, and how many are
// available, this one included.
func demoRows(members []swim.Member) (rows []demoRow, available int) {
	for _, m := range members {
		if m.Observer {
			continue
		}
		if m.Status.In(swim.StatusAvailable) {
			available++
		}
		rows = append(rows, demoRow{
			name: term.Printable(m.Name), status: m.Status.String(), clock: fmt.Sprint(m.Clock),
			metadata: demoMetadata(m.Metadata), local: m.Local, set: m.Status,
		})
	}
	return rows, available
}

// demoMetadata shows metadata as the ancestor does: text as it is and the
// rest in hexadecimal.
func demoMetadata(metadata map[string][]byte) string {
	if metadata == nil {
		return " unknown"
	}
	var b strings.Builder
	for _, key := range demoKeys(metadata) {
		value := metadata[key]
		text := term.Printable(string(value))
		if !utf8.Valid(value) {
			text = fmt.Sprintf("%x", value)
		}
		fmt.Fprintf(&b, " %s=%s", term.Printable(key), text)
	}
	return b.String()
}

// demoKeys sorts the keys, but what was typed is first: a token would leave no
// room for it.
func demoKeys(metadata map[string][]byte) []string {
	return slices.SortedFunc(maps.Keys(metadata), func(a, b string) int {
		switch typedKey {
		case a:
			return -1
		case b:
			return 1
		default:
			return cmp.Compare(a, b)
		}
	})
}

// lines writes a line for every change until the context ends.
func (d *demo) lines(ctx context.Context, std *term.Streams) error {
	if d.token > 0 {
		stop := make(chan struct{})
		done := make(chan struct{})
		go func() {
			defer close(done)
			d.renewForever(stop)
		}()
		defer func() { close(stop); <-done }()
	}
	for e := range d.cluster.Events(ctx) {
		rows, _ := demoRows([]swim.Member{e.Member})
		for _, r := range rows {
			if e.Forgotten {
				r.status = "FORGOTTEN"
			}
			if _, err := fmt.Fprintf(std.Out, "%s is %s %s%s\n", r.name, r.status, r.clock, r.metadata); err != nil {
				return term.WithCode(term.ErrIO, err)
			}
		}
	}
	return nil
}

func (d *demo) renewForever(stop <-chan struct{}) {
	for {
		select {
		case <-time.After(d.nextToken()):
			if d.renew() != nil {
				return
			}
		case <-stop:
			return
		}
	}
}
