package servecmd

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/internal/secret"
)

// compareOptions holds the flags of compare.
type compareOptions struct {
	std       *term.Streams
	timeout   time.Duration
	tokenFile string
	caFile    string
	sets      []string
	format    term.Format[*comparison]
	servers   []*comparedServer
}

// NewCompare returns the command compare.
func NewCompare(std *term.Streams) *cobra.Command {
	o := &compareOptions{std: std}
	c := &cobra.Command{
		Use:   "compare URL...",
		Short: "Check that running servers agree on the owners of keys",
		Long: `Ask several proxenos serve, or one, for the checksums of their sets, and check that
they agree: servers with the same checksum give every key to the same node, and
with the same address checksum to the same address. unix:/PATH stands for a server
on a Unix socket. A server that is given twice counts once.

For each set, print a line per group of servers that agree, the largest first: the
number of servers, the checksums, the number of nodes, and the URLs. Exit with 1 if
a set has more than one group. A server that does not respond is an error (64),
unless others disagree.`,
		Example: `  # Do all three servers give each key to the same node?
  proxenos compare http://10.0.0.1:9911 http://10.0.0.2:9911 http://10.0.0.3:9911

  # Only the set named cache, as JSON
  proxenos compare --set cache -o json http://10.0.0.1:9911 http://10.0.0.2:9911`,
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			if err := o.parse(args); err != nil {
				return err
			}
			return o.run(c.Context())
		},
	}
	term.AddGroup(c, "Servers", func(fs *pflag.FlagSet) {
		fs.StringArrayVar(&o.sets, "set", nil, "`name` of a set to compare; may be repeated (default all sets)")
		fs.DurationVar(&o.timeout, "timeout", 5*time.Second, "maximum time for a server to respond")
		fs.StringVar(&o.tokenFile, "token-file", "", "`file` with the bearer token of the servers")
		fs.StringVar(&o.caFile, "ca-file", "", "`file` with the certificates of authorities to trust, in PEM")
	})
	o.format.Bind(c, "text or json", term.TextOrJSON(writeComparison)...)
	return c
}

// parse validates the flags and arguments.
func (o *compareOptions) parse(args []string) error {
	if len(args) == 0 {
		return term.Hint(term.Usagef("no URL"), "give the URLs of proxenos serve, such as http://127.0.0.1:9911 or unix:/run/proxenos.sock")
	}
	if o.timeout <= 0 {
		return term.Usagef("--timeout %v: must be more than 0", o.timeout)
	}
	seen := map[string]bool{}
	for _, arg := range args {
		one, err := parseServer(arg)
		if err != nil {
			return err
		}
		if seen[one.identity()] {
			o.std.Warn("%s is given more than once and counts once", one.name)
			continue
		}
		seen[one.identity()] = true
		o.servers = append(o.servers, one)
	}
	return nil
}

// comparedServer is a server to compare.
type comparedServer struct {
	name   string // as given
	base   *url.URL
	socket string // the path of a Unix socket, or ""
}

// parseServer parses a URL or unix:/PATH.
func parseServer(arg string) (*comparedServer, error) {
	if path, ok := strings.CutPrefix(arg, unixPrefix); ok && path != "" {
		if absolute, err := filepath.Abs(path); err == nil {
			path = absolute
		}
		return &comparedServer{name: arg, base: &url.URL{Scheme: "http", Host: "localhost"}, socket: path}, nil
	}
	u, err := url.Parse(arg)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
		hint := "give a token by --token-file"
		if !strings.Contains(arg, "@") {
			hint = "it begins with http:// or https://, or is unix:/PATH"
		}
		return nil, term.Hint(term.Usagef("URL %q: must be such as http://127.0.0.1:9911", redact(arg)), "%s", hint)
	}
	return &comparedServer{name: arg, base: u}, nil
}

// identity returns what two spellings of an address have in common.
func (s *comparedServer) identity() string {
	if s.socket != "" {
		return unixPrefix + s.socket
	}
	port := s.base.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[s.base.Scheme]
	}
	return s.base.Scheme + "://" + net.JoinHostPort(strings.ToLower(s.base.Hostname()), port) + strings.TrimRight(s.base.Path, "/")
}

// redact returns a URL without its password.
func redact(arg string) string {
	at := strings.LastIndexByte(arg, '@')
	if at < 0 {
		return arg
	}
	return "…" + arg[at:]
}

// group is the servers that agree on a set.
type group struct {
	Checksum  string   `json:"checksum"`
	Addresses string   `json:"address_checksum"`
	Algorithm string   `json:"algorithm,omitempty"`
	Hash      string   `json:"hash,omitempty"`
	Nodes     int      `json:"nodes"`
	Stale     []string `json:"stale,omitempty"`   // URLs whose source fails
	Partial   []string `json:"partial,omitempty"` // URLs whose set is partial
	URLs      []string `json:"urls"`
}

// placing returns the algorithm and the hash, which text output shows where they differ.
func (g *group) placing() string {
	switch {
	case g.Algorithm == "":
		return "no nodes"
	case g.Hash == "":
		return g.Algorithm
	default:
		return g.Algorithm + " " + g.Hash
	}
}

// comparedSet is the groups of a set, the largest first.
type comparedSet struct {
	Set    string   `json:"set"`
	Agree  bool     `json:"agree"`
	Groups []*group `json:"groups"`
}

// comparison is the output of compare.
type comparison struct {
	Schema      string        `json:"schema"`
	Sets        []comparedSet `json:"sets"`
	Unreachable []string      `json:"unreachable,omitempty"`
}

// run asks all servers and compares their sets.
func (o *compareOptions) run(ctx context.Context) error {
	client, err := o.client(ctx)
	if err != nil {
		return err
	}
	answers, failures := make([]*checksums, len(o.servers)), make([]error, len(o.servers))
	var asking sync.WaitGroup
	places := make(chan struct{}, 32)
	for i, one := range o.servers {
		asking.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			answers[i], failures[i] = client.ask(ctx, one)
		})
	}
	asking.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	v := o.compare(answers)
	var failed error
	for i, err := range failures {
		if err == nil {
			continue
		}
		v.Unreachable = append(v.Unreachable, o.servers[i].name)
		if failed != nil {
			o.std.WarnOf(err)
			continue
		}
		failed = err
	}
	written := o.format.Write(o.std.Out, v)
	if verdict := o.verdict(v); verdict != nil {
		if failed != nil {
			o.std.WarnOf(failed)
		}
		return o.std.Verdict(verdict, written)
	}
	return o.std.Verdict(failed, written)
}

// compare groups the answers by set. Servers that lack a set are a group of it.
func (o *compareOptions) compare(answers []*checksums) *comparison {
	names := slices.Clone(o.sets)
	if len(names) == 0 {
		for _, a := range answers {
			if a == nil {
				continue
			}
			for _, s := range a.Sets {
				names = append(names, s.Set)
			}
		}
	}
	slices.Sort(names)
	v := &comparison{Schema: "proxenos.compare/v1", Sets: []comparedSet{}}
	for _, name := range slices.Compact(names) {
		set := comparedSet{Set: name}
		for i, a := range answers {
			if a != nil {
				set.add(o.servers[i].name, statusOf(a, name))
			}
		}
		slices.SortStableFunc(set.Groups, func(a, b *group) int { return cmp.Compare(len(b.URLs), len(a.URLs)) })
		set.Agree = len(set.Groups) < 2
		v.Sets = append(v.Sets, set)
	}
	return v
}

// statusOf returns the status of a set, which is empty if the server lacks it.
func statusOf(a *checksums, name string) setStatus {
	for _, s := range a.Sets {
		if s.Set == name {
			return s
		}
	}
	return setStatus{Set: name}
}

// add puts a server into its group.
func (c *comparedSet) add(server string, s setStatus) {
	i := slices.IndexFunc(c.Groups, func(g *group) bool { return g.Checksum == s.Checksum && g.Addresses == s.Addresses })
	if i < 0 {
		i = len(c.Groups)
		c.Groups = append(c.Groups, &group{Checksum: s.Checksum, Addresses: s.Addresses, Algorithm: s.Algorithm, Hash: s.Hash, Nodes: s.Nodes})
	}
	g := c.Groups[i]
	g.URLs = append(g.URLs, server)
	if s.Stale {
		g.Stale = append(g.Stale, server)
	}
	if s.Partial {
		g.Partial = append(g.Partial, server)
	}
}

// verdict returns an error if servers disagree, or if there is nothing to compare.
func (o *compareOptions) verdict(v *comparison) error {
	for _, s := range v.Sets {
		switch {
		case !s.Agree:
			err := fmt.Errorf("set %q: the servers disagree, in groups of %s", s.Set, s.sizes())
			return term.Hint(term.WithCode(term.ErrCheck, err), "compare their /nodes: an equal checksum needs equal nodes, weights, algorithm and settings")
		case len(s.Groups) == 1 && s.Groups[0].Checksum == "":
			return term.WithCode(term.ErrCheck, fmt.Errorf("set %q: no server has nodes in it", s.Set))
		}
	}
	return nil
}

// sizes returns the sizes of the groups, as in "2 and 1".
func (c *comparedSet) sizes() string {
	sizes := make([]string, len(c.Groups))
	for i, g := range c.Groups {
		sizes[i] = strconv.Itoa(len(g.URLs))
	}
	last := len(sizes) - 1
	return strings.Join(sizes[:last], ", ") + " and " + sizes[last]
}

func writeComparison(w io.Writer, v *comparison) error {
	if len(v.Sets) == 0 { // no server has responded
		return nil
	}
	rows := [][]string{{"SET", "SERVERS", "CHECKSUM", "ADDRESSES", "NODES", "NOTE", "URLS"}}
	for _, s := range v.Sets {
		differ := slices.ContainsFunc(s.Groups, func(g *group) bool { return g.placing() != s.Groups[0].placing() })
		for _, g := range s.Groups {
			var notes []string
			if differ {
				notes = append(notes, term.Escape(g.placing()))
			}
			if len(g.Stale) > 0 {
				notes = append(notes, fmt.Sprintf("%d stale", len(g.Stale)))
			}
			if len(g.Partial) > 0 {
				notes = append(notes, fmt.Sprintf("%d partial", len(g.Partial)))
			}
			rows = append(rows, []string{
				term.Escape(s.Set), fmt.Sprint(len(g.URLs)), term.Escape(g.Checksum), term.Escape(g.Addresses), fmt.Sprint(g.Nodes),
				strings.Join(notes, ", "), term.Escape(strings.Join(g.URLs, " ")),
			})
		}
	}
	return term.WriteTable(w, rows)
}

// checksumClient asks servers for their checksums.
type checksumClient struct {
	http    *http.Client
	timeout time.Duration
	token   string
}

// client returns a client with the token and the authorities of the flags.
func (o *compareOptions) client(ctx context.Context) (*checksumClient, error) {
	c := &checksumClient{timeout: o.timeout}
	if o.tokenFile != "" {
		content, err := secret.ReadFile(ctx, o.tokenFile, secret.MaxFile)
		if err != nil {
			return nil, fmt.Errorf("--token-file: %w", err)
		}
		if c.token = strings.TrimSpace(string(content)); c.token == "" || strings.ContainsAny(c.token, " \t\r\n") {
			return nil, fmt.Errorf("--token-file %s: must hold one word", o.tokenFile)
		}
	}
	t := http.DefaultTransport.(*http.Transport).Clone()
	if o.caFile != "" {
		pem, err := os.ReadFile(o.caFile)
		if err != nil {
			return nil, fmt.Errorf("--ca-file: %w", err)
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("--ca-file %s: no certificate in PEM", o.caFile)
		}
		t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool}
	}
	c.http = &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return c, nil
}

// to returns the client for a server.
func (c *checksumClient) to(s *comparedServer) *http.Client {
	if s.socket == "" {
		return c.http
	}
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", s.socket)
	}
	client := *c.http
	client.Transport = &http.Transport{DialContext: dial, DisableKeepAlives: true}
	return &client
}

// maxChecksums is the most bytes of an answer.
const maxChecksums = 4 << 20

// ask returns the checksums of a server.
func (c *checksumClient) ask(ctx context.Context, s *comparedServer) (*checksums, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.base.JoinPath("checksum").String(), nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", "application/json")
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	answer, err := c.to(s).Do(r)
	if err != nil {
		hint := "is proxenos serve running there?"
		if errors.As(err, new(*tls.CertificateVerificationError)) {
			hint = "--ca-file names the authorities to trust; the name in the URL must be one of the certificate"
		}
		if failed := new(url.Error); errors.As(err, &failed) { // names /checksum, and no socket
			err = fmt.Errorf("%s: %w", s.name, failed.Err)
		}
		return nil, term.Hint(term.WithCode(term.ErrUnreachable, err), "%s", hint)
	}
	defer answer.Body.Close() //nolint:errcheck // it is only read
	switch answer.StatusCode {
	case http.StatusOK:
	case http.StatusUnauthorized, http.StatusForbidden:
		return nil, term.Hint(term.WithCode(term.ErrPermission, fmt.Errorf("%s: status %d", s.name, answer.StatusCode)), "give the token by --token-file, and the address that the server was given")
	default:
		return nil, term.Hint(term.WithCode(term.ErrUnreachable, fmt.Errorf("%s: status %d", s.name, answer.StatusCode)), "is that proxenos serve?")
	}
	var all checksums
	err = json.NewDecoder(io.LimitReader(answer.Body, maxChecksums)).Decode(&all)
	if err == nil && all.Schema != checksumSchema {
		err = errors.New("no " + checksumSchema)
	}
	if err != nil {
		return nil, term.Hint(fmt.Errorf("%s: %w", s.name, err), "is that proxenos serve?")
	}
	return &all, nil
}
