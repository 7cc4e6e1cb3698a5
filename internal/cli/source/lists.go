package source

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/httplist"
	"github.com/proxenos/proxenos/mapper/sd"
	"github.com/proxenos/proxenos/mapper/static"
)

// listOptions holds the flags of the backends sd and http, which read lists.
type listOptions struct {
	url    string // of -b http
	sdFile string
	sdURL  string
	labels sd.Labels
}

// bind declares the flags on a command.
func (o *listOptions) bind(c *cobra.Command) {
	const sdTitle, httpTitle = "Prometheus service discovery", "HTTP"
	term.AddGroup(c, sdTitle, func(fs *pflag.FlagSet) {
		fs.StringVar(&o.sdFile, "sd-file", "", "`file` with target groups in JSON or YAML, as for file_sd")
		fs.StringVar(&o.sdURL, "sd-url", "", "`URL` of target groups in JSON, as for http_sd")
		fs.StringVar(&o.labels.Weight, "weight-label", sd.LabelWeight, "`label` of a target that holds its weight")
		fs.StringVar(&o.labels.Zone, "zone-label", sd.LabelZone, "`label` of a target that holds its zone")
		fs.StringVar(&o.labels.Domain, "domain-label", sd.LabelDomain, "`label` of a target that holds its path of failure domains")
		fs.StringVar(&o.labels.Drain, "drain-label", sd.LabelDrain, "`label` of a target that is true if it is drained")
	})
	aboutBackends(c, sdTitle, "sd")
	term.AddGroup(c, httpTitle, func(fs *pflag.FlagSet) {
		fs.StringVar(&o.url, "url", "", "`URL` of a list of nodes, such as proxenos nodes -o json writes; -b URL is short for -b http --url URL")
	})
	aboutBackends(c, httpTitle, "http")
}

// sdLabels returns what --identity and the other flags choose.
func (o *Flags) sdLabels() (sd.Labels, error) {
	labels, identity := o.lists.labels, o.consul.identity
	key, byLabel := strings.CutPrefix(identity, "label:")
	switch {
	case identity == "" || identity == "address":
	case byLabel && key != "":
		labels.Identity = key
	default:
		return labels, term.UnknownChoice("identity", identity, []string{"address", "label:KEY"})
	}
	return labels, nil
}

func openSD(_ context.Context, o *Flags, std *term.Streams) (mapper.Mapper, error) {
	labels, err := o.sdLabels()
	if err != nil {
		return nil, err
	}
	l := &o.lists
	switch {
	case (l.sdFile == "") == (l.sdURL == ""):
		return nil, term.Hint(term.Usagef("-b sd requires either --sd-file or --sd-url"), "such as --sd-file targets.json")
	case l.sdFile != "":
		return &static.File{Path: l.sdFile, Parse: labels.Parse, Log: slog.New(slog.NewTextHandler(std.Err, nil))}, nil
	}
	// Prometheus sends this header, and some servers ask for it.
	header := http.Header{"X-Prometheus-Refresh-Interval-Seconds": {"60"}, "Accept": {"application/json"}}
	return o.openList(httplist.Config{URL: l.sdURL, Parse: labels.Parse, Header: header})
}

func openHTTP(_ context.Context, o *Flags, _ *term.Streams) (mapper.Mapper, error) {
	if o.lists.url == "" {
		return nil, term.Hint(term.Usagef("-b http requires --url"), "such as --url https://lists.example.com/nodes.json")
	}
	return o.openList(httplist.Config{URL: o.lists.url, Parse: static.Parse})
}

func (o *Flags) openList(config httplist.Config) (mapper.Mapper, error) {
	var err error
	config.TokenFile, config.Timeout = o.consul.tokenFile, o.timeout
	if config.TLS, err = (tlsFiles{o.kubernetes.caFile, o.tls.certFile, o.tls.keyFile}).config(); err != nil {
		return nil, err
	}
	source, err := httplist.New(config)
	if err != nil {
		return nil, term.AsUsage(err)
	}
	return source, nil
}

// explainList adds an exit code and a hint to an error of a list at a URL.
func explainList(err error) error {
	switch {
	case errors.Is(err, httplist.ErrPermission):
		return term.WithCode(term.ErrPermission, term.Hint(err, "--token-file names a file with the token that the server demands"))
	case errors.Is(err, httplist.ErrStale):
		return term.WithCode(term.ErrStale, term.Hint(err, "the source of that server fails: its log says why"))
	case errors.Is(err, httplist.ErrUnreachable):
		return term.WithCode(term.ErrUnreachable, term.Hint(err, "does the server serve a list at this URL?"))
	default:
		return err
	}
}

// withoutQuery returns a URL without its query, which may hold a secret.
func withoutQuery(text string) string {
	before, _, _ := strings.Cut(text, "?")
	if u, err := url.Parse(before); err == nil {
		return u.Redacted()
	}
	return ""
}

// listQuery adds what identifies the query of a list.
func (o *Flags) listQuery(add func(name, value string)) {
	l := &o.lists
	add("url", withoutQuery(cmp.Or(l.url, l.sdURL)))
	if o.Backend == "sd" {
		add("file", l.sdFile)
		add("identity", cmp.Or(o.consul.identity, "address"))
		add("weight-label", l.labels.Weight)
		add("zone-label", l.labels.Zone)
		add("domain-label", l.labels.Domain)
		add("drain-label", l.labels.Drain)
	}
}
