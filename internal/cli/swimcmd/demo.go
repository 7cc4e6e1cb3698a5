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
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/proxenos/proxenos/internal/cli/member"
	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/mapper/swim"
)

// demoOptions holds the flags of swim demo.
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
		Short: "Show gossip at work: type in one terminal, read in all",
		Long: `Show gossip at work. Every demo shows a row for each member; text typed in one
terminal appears in all. Without a terminal, or with --plain, the demo prints a
line for every change.` + onlyProxenos,
		Example: `  # Run each in a terminal of its own; Ctrl-C leaves
  proxenos swim demo --name 127.0.0.1:2001 --peer 127.0.0.1:2003
  proxenos swim demo --name 127.0.0.1:2002 --peer 127.0.0.1:2001
  proxenos swim demo --name 127.0.0.1:2003 --peer 127.0.0.1:2001`,
		Args: term.Args(),
		RunE: func(c *cobra.Command, _ []string) error {
			if err := o.parse(c.Context()); err != nil {
				return err
			}
			return o.run(c.Context())
		},
	}
	term.AddGroup(c, "Demo", func(fs *pflag.FlagSet) {
		fs.VarP((*seconds)(&o.token), "token-interval", "i", "mean time between random tokens, in `seconds` or such as 500ms; 0 disables them")
		fs.BoolVar(&o.plain, "plain", false, "print lines, even on a terminal")
	})
	o.join.Bind(c)
	return c
}

// seconds is a duration flag. As in swim-protocol, a number without a unit means
// seconds.
type seconds time.Duration

func (s *seconds) String() string { return time.Duration(*s).String() }

// Type returns the name of the value in help texts.
func (s *seconds) Type() string { return "duration" }

// Set parses a value.
func (s *seconds) Set(text string) error {
	if _, err := strconv.ParseFloat(text, 64); err == nil {
		text += "s"
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return fmt.Errorf("%q is not a duration: must be like 5, 0.5 or 500ms", text)
	}
	*s = seconds(d)
	return nil
}

func (o *demoOptions) parse(ctx context.Context) error {
	if o.token < 0 {
		return term.Usagef("--token-interval %v: must be at least 0", o.token)
	}
	if err := o.join.Parse(ctx, o.std); err != nil {
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
		cfg.Log = quietLog() // the demo occupies the screen
	}
	cluster, err := member.Join(ctx, cfg)
	if err != nil {
		return err
	}
	defer member.Leave(cluster) //nolint:errcheck // the process ends
	d := &demo{cluster: cluster, interval: o.token}
	if plain {
		return d.lines(ctx, o.std)
	}
	return d.screen(ctx, o.std)
}

// demo is a member whose metadata changes by typing and by a timer.
type demo struct {
	cluster  *swim.Cluster
	interval time.Duration // of changes of the token
	typed    string
	token    []byte
}

// maxTyped is the length of the typed text that is kept.
const maxTyped = 30

// The metadata keys of the demo, which are those of swim-protocol's.
const (
	typedKey = "typed"
	tokenKey = "token"
)

// enter appends typed text and publishes it.
func (d *demo) enter(text string) error {
	d.typed = lastBytes(d.typed+keepPrintable(text), maxTyped)
	return d.publish()
}

// renew publishes a new random token.
func (d *demo) renew() error {
	d.token = make([]byte, 16)
	_, _ = rand.Read(d.token)
	return d.publish()
}

// publish sets the metadata of the member.
func (d *demo) publish() error {
	metadata := map[string][]byte{}
	if d.typed != "" {
		metadata[typedKey] = []byte(d.typed)
	}
	if d.token != nil {
		metadata[tokenKey] = d.token
	}
	return d.cluster.SetMetadata(metadata)
}

// nextToken returns the pause before the next token. It is normally distributed
// around the interval with a standard deviation of a fifth.
func (d *demo) nextToken() time.Duration {
	pause := time.Duration((1 + mathrand.NormFloat64()/5) * float64(d.interval))
	return max(pause, d.interval/10)
}

// keepPrintable removes all but the printable characters.
func keepPrintable(text string) string {
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, text)
}

// lastBytes returns the whole characters in the last n bytes of a text.
func lastBytes(text string, n int) string {
	text = text[max(0, len(text)-n):]
	for len(text) > 0 && !utf8.RuneStart(text[0]) {
		text = text[1:]
	}
	return text
}

// demoRow is the row of a member in the demo.
type demoRow struct {
	name, status, clock, metadata string
	local                         bool
	set                           swim.Status
}

// demoRows returns a row for each member, in the order given, and the number of
// available members.
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

// demoMetadata formats metadata as swim-protocol's demo does: text literally, and
// other values in hexadecimal.
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

// demoKeys returns the keys in ascending order, except that the typed text comes
// first, because a token would leave no room for it.
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

// lines prints a line for every change until the context ends.
func (d *demo) lines(ctx context.Context, std *term.Streams) error {
	if d.interval > 0 {
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
			if e.Reaped {
				r.status = "REAPED"
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
