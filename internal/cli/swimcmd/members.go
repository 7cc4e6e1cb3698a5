package swimcmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/proxenos/proxenos/internal/cli/member"
	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/mapper/swim"
)

// membersOptions holds the flags of swim members.
type membersOptions struct {
	std     *term.Streams
	join    member.Flags
	format  term.Format[[]swim.Member]
	status  string
	set     swim.Status
	all     bool // list observers too
	wait    int
	timeout time.Duration
	watch   bool
}

func newMembers(std *term.Streams) *cobra.Command {
	o := &membersOptions{std: std}
	c := &cobra.Command{
		Use:   "members --peer HOST:PORT [flags]",
		Short: "List the members of a gossip cluster",
		Long: `List the members of a gossip cluster. The command joins the cluster as an
observer, which is not a node for placement, and leaves it again. Other observers
are listed with --observers only.
` + onlyProxenos + `
With --wait N the command waits until N members have a status of --status, even
if no member runs yet, and exits with 1 after --timeout. With --watch it prints
the members and then a line for every change. A member that failed more than half
a minute before the command joined is not listed.

The generation of a member grows when its process is replaced, and the clock when
its metadata changes. A member that is removed from the list, some time after it
failed or left, is REAPED in text and has "reaped": true in JSON.

Members of status online or suspect are available. Members of status offline,
left or suspect are unavailable: a suspect may or may not respond.`,
		Example: `  # List the members
  proxenos swim members --peer 127.0.0.1:2001

  # Wait until three members are available
  proxenos swim members --peer 127.0.0.1:2001 --status available --wait 3

  # Print a JSON object for every change
  proxenos swim members --peer 127.0.0.1:2001 --watch -o json`,
		Args: term.Args(),
		RunE: func(c *cobra.Command, _ []string) error {
			if err := o.parse(c.Context()); err != nil {
				return err
			}
			return o.run(c.Context())
		},
	}
	o.format.Bind(c, "text or json; with --watch, json is an object per line",
		term.Writer[[]swim.Member]{Name: "text", Write: writeMembersText},
		term.Writer[[]swim.Member]{Name: "json", Write: writeMembersJSON})
	term.AddGroup(c, "Output", func(fs *pflag.FlagSet) {
		fs.StringVar(&o.status, "status", "any", "status to list: online, suspect, offline, left, available, unavailable or any")
		fs.BoolVar(&o.all, "observers", false, "list observers too")
		fs.IntVar(&o.wait, "wait", 0, "wait until at least this many members are listed")
		fs.DurationVar(&o.timeout, "timeout", 10*time.Second, "maximum time to join and to wait")
		fs.BoolVar(&o.watch, "watch", false, "keep running and print every change")
	})
	term.Complete(c, "status", statuses)
	o.join.Bind(c)
	return c
}

// statuses are the values of --status; the last is the default.
var statuses = []string{"online", "suspect", "offline", "left", "available", "unavailable", "any"}

func (o *membersOptions) parse(ctx context.Context) (err error) {
	switch {
	case o.wait < 0:
		return term.Usagef("--wait %d: must be at least 0", o.wait)
	case o.timeout <= 0:
		return term.Usagef("--timeout %v: must be more than 0", o.timeout)
	}
	if o.set, err = swim.ParseStatus(o.status); err != nil {
		return term.AsUsage(fmt.Errorf("--status: %w", err))
	}
	named := o.join.Name != "" || o.join.Discovery
	if err := o.join.Parse(ctx, o.std); err != nil {
		return err
	}
	if !named {
		o.join.Name = "" // ignore SWIM_NAME, which is the name of a member on this machine
	}
	if o.join.Name != "" {
		return o.join.ParseName()
	}
	return nil
}

func (o *membersOptions) run(ctx context.Context) (err error) {
	joining, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	log := member.Log(o.std.Err, false)
	if o.wait > 0 && !o.watch { // suppress "no peer" warnings unless the wait fails
		var held heldLog
		log = member.Log(&held, false)
		defer func() {
			if err != nil {
				held.release(o.std.Err)
			}
		}()
	}
	cfg, err := o.join.Observer(joining, o.std, log)
	if err != nil {
		return err
	}
	cfg.MustJoin = o.wait == 0 // with --wait the peers may start later
	if !o.watch {
		cfg.Timing.Gossip = member.BriefGossip
	}
	cluster, err := member.Join(joining, cfg)
	if o.wait > 0 && errors.Is(err, context.DeadlineExceeded) {
		return o.tooFew(nil)
	}
	if err != nil {
		return err
	}
	defer member.Leave(cluster) //nolint:errcheck // an observer
	if o.watch {
		return o.follow(ctx, cluster)
	}
	enough := o.await(joining, cluster)
	if !enough && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	listed := o.listed(cluster)
	if err := o.format.Write(o.std.Out, listed); err != nil {
		return err
	}
	if !enough {
		return o.tooFew(listed)
	}
	return nil
}

// heldLog buffers log lines until they are released.
type heldLog struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write buffers a line.
func (h *heldLog) Write(line []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.buf.Write(line)
}

// release writes the buffered lines to w.
func (h *heldLog) release(w io.Writer) {
	h.mu.Lock()
	defer h.mu.Unlock()
	_, _ = h.buf.WriteTo(w)
}

// tooFew returns the error of a wait that timed out.
func (o *membersOptions) tooFew(seen []swim.Member) error {
	err := fmt.Errorf("found %d of %s (status %s) within %v", len(seen), term.Plural(o.wait, "member"), o.status, o.timeout)
	return term.Hint(term.WithCode(term.ErrCheck, err), "a longer --timeout waits longer")
}

// await waits until enough members are listed and their metadata is known.
func (o *membersOptions) await(ctx context.Context, cluster *swim.Cluster) (enough bool) {
	for range cluster.Events(ctx) {
		listed := o.listed(cluster)
		enough = len(listed) >= o.wait
		if enough && !slices.ContainsFunc(listed, member.WaitsForMetadata) {
			return true
		}
	}
	return enough
}

// listed returns the members to list.
func (o *membersOptions) listed(cluster *swim.Cluster) []swim.Member {
	return slices.DeleteFunc(cluster.Members(), func(m swim.Member) bool { return !o.lists(m) })
}

// lists reports whether to list m.
func (o *membersOptions) lists(m swim.Member) bool { return o.includes(m) && m.Status.In(o.set) }

// includes reports whether to list m if its status matches.
func (o *membersOptions) includes(m swim.Member) bool { return !m.Local && (o.all || !m.Observer) }

// memberView is the JSON form of a member. Metadata that is not UTF-8 is in
// base64.
type memberView struct {
	Name       string            `json:"name"`
	Address    string            `json:"address"`
	Status     string            `json:"status"`
	Since      time.Time         `json:"since"`
	Previous   string            `json:"previous,omitempty"`
	Generation uint64            `json:"generation"`
	Clock      uint64            `json:"clock"`
	Observer   bool              `json:"observer,omitzero"`
	Metadata   map[string]string `json:"metadata"`
	Binary     map[string][]byte `json:"metadata_base64,omitempty"`
}

func viewMember(m swim.Member) memberView {
	v := memberView{
		Name: m.Name, Address: m.Addr, Status: m.Status.String(), Since: m.StatusTime.UTC(),
		Generation: m.Generation, Clock: m.Clock, Observer: m.Observer,
	}
	if m.Previous != 0 {
		v.Previous = m.Previous.String()
	}
	if m.Metadata != nil {
		v.Metadata = map[string]string{}
	}
	for k, value := range m.Metadata {
		if utf8.Valid(value) {
			v.Metadata[k] = string(value)
			continue
		}
		if v.Binary == nil {
			v.Binary = map[string][]byte{}
		}
		v.Binary[k] = value
	}
	return v
}

func writeMembersJSON(w io.Writer, members []swim.Member) error {
	views := make([]memberView, len(members))
	for i, m := range members {
		views[i] = viewMember(m)
	}
	return term.WriteJSON(w, struct {
		Schema  string       `json:"schema"`
		Members []memberView `json:"members"`
	}{"proxenos.swim.members/v1", views})
}

func writeMembersText(w io.Writer, members []swim.Member) error {
	rows := [][]string{{"NAME", "STATUS", "ADDRESS", "GENERATION", "CLOCK", "METADATA"}}
	for _, m := range members {
		rows = append(rows, memberRow(m))
	}
	return term.WriteTable(w, rows)
}

// memberRow returns the columns of a member, with control characters escaped.
func memberRow(m swim.Member) []string {
	status := m.Status.String()
	if m.Observer {
		status += " (observer)"
	}
	return []string{
		term.Printable(m.Name), status, m.Addr,
		strconv.FormatUint(m.Generation, 10), strconv.FormatUint(m.Clock, 10), metadataText(m.Metadata),
	}
}

// maxShown is the maximum length of a value in a table.
const maxShown = 40

// metadataText returns metadata as key=value pairs, sorted by key, in one line.
func metadataText(metadata map[string][]byte) string {
	if metadata == nil {
		return "unknown"
	}
	var pairs []string
	for _, k := range slices.Sorted(maps.Keys(metadata)) {
		value := metadata[k]
		text := string(value)
		if len(value) > maxShown {
			text = fmt.Sprintf("(%d bytes)", len(value))
		} else if !utf8.Valid(value) {
			text = fmt.Sprintf("0x%x", value)
		}
		pairs = append(pairs, term.Printable(k)+"="+term.Printable(text))
	}
	return strings.Join(pairs, " ")
}

// follow prints a line for every member, then one for every change.
func (o *membersOptions) follow(ctx context.Context, cluster *swim.Cluster) error {
	for e := range cluster.Events(ctx) {
		if !o.includes(e.Member) || !o.lists(e.Member) && !e.Reaped && !e.Member.Previous.In(o.set) {
			continue
		}
		if err := o.writeChange(e); err != nil {
			return term.WithCode(term.ErrIO, err)
		}
	}
	return nil
}

func (o *membersOptions) writeChange(e swim.Event) error {
	if o.format.Is("json") {
		line, err := term.NewJSONBuffer("", "").Encode(struct {
			Schema string `json:"schema"`
			Reaped bool   `json:"reaped"`
			memberView
		}{"proxenos.swim.change/v1", e.Reaped, viewMember(e.Member)})
		if err == nil {
			_, err = o.std.Out.Write(line)
		}
		return err
	}
	row := memberRow(e.Member)
	if e.Reaped {
		row[1] = "REAPED"
	}
	_, err := fmt.Fprintln(o.std.Out, term.Tabbed(row))
	return err
}
