package source

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"log/slog"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/mapper"
	"github.com/proxenos/proxenos/mapper/etcd"
)

// etcdOptions holds the flags of the etcd backend.
type etcdOptions struct {
	prefix       string
	endpoints    []string
	user         string
	passwordFile string
}

// bind declares the flags on a command.
func (o *etcdOptions) bind(c *cobra.Command) {
	const title = "etcd (flags override ETCDCTL_ENDPOINTS and the other variables of etcdctl)"
	term.AddGroup(c, title, func(fs *pflag.FlagSet) {
		fs.StringVar(&o.prefix, "etcd-prefix", "", "`prefix` of the keys that hold nodes, such as /services/web/")
		fs.StringSliceVar(&o.endpoints, "etcd-endpoints", nil, "`URLs` of the servers of the cluster (default http://127.0.0.1:2379)")
		fs.StringVar(&o.user, "etcd-user", "", "`name` of the user")
		fs.StringVar(&o.passwordFile, "etcd-password-file", "", "`file` with the password of the user; overrides ETCDCTL_PASSWORD")
	})
	aboutBackends(c, title, "etcd")
}

// etcdConfig returns the configuration of the source.
func (o *Flags) etcdConfig(std *term.Streams) (etcd.Config, error) {
	e := &o.etcd
	if e.prefix == "" {
		return etcd.Config{}, term.Hint(term.Usagef("-b etcd requires --etcd-prefix"), "such as --etcd-prefix /services/web/")
	}
	if o.located != "" && len(e.endpoints) > 0 {
		return etcd.Config{}, term.Hint(term.Usagef("--host and --port exclude --etcd-endpoints"), "remove -h and -p, or --etcd-endpoints")
	}
	user, password, _ := strings.Cut(std.Getenv("ETCDCTL_USER"), ":")
	config := etcd.Config{
		Endpoints:    e.endpoints,
		Prefix:       e.prefix,
		Username:     cmp.Or(e.user, user),
		PasswordFile: e.passwordFile,
		Timeout:      o.timeout,
		Log:          slog.New(slog.NewTextHandler(std.Err, nil)),
	}
	if e.passwordFile == "" {
		config.Password = cmp.Or(std.Getenv("ETCDCTL_PASSWORD"), password)
	}
	switch endpoints := std.Getenv("ETCDCTL_ENDPOINTS"); {
	case o.located != "":
		config.Endpoints = []string{o.address()}
	case len(e.endpoints) == 0 && endpoints != "":
		config.Endpoints = strings.Split(endpoints, ",")
	}
	var err error
	config.TLS, err = tlsFiles{
		ca:   cmp.Or(o.kubernetes.caFile, std.Getenv("ETCDCTL_CACERT")),
		cert: cmp.Or(o.tls.certFile, std.Getenv("ETCDCTL_CERT")),
		key:  cmp.Or(o.tls.keyFile, std.Getenv("ETCDCTL_KEY")),
	}.config()
	return config, err
}

func openEtcd(_ context.Context, o *Flags, std *term.Streams) (mapper.Mapper, error) {
	config, err := o.etcdConfig(std)
	if err != nil {
		return nil, err
	}
	source, err := etcd.New(config)
	if err != nil {
		return nil, term.Hint(term.AsUsage(err), "flags or a variable of the environment (ETCDCTL_ENDPOINTS, ETCDCTL_USER, ETCDCTL_PASSWORD) gave this")
	}
	return source, nil
}

// explainEtcd adds an exit code and a hint to an error of etcd.
func explainEtcd(err error) error {
	var untrusted x509.UnknownAuthorityError
	switch {
	case errors.Is(err, etcd.ErrPermission) && strings.Contains(err.Error(), "CommonName"):
		return term.WithCode(term.ErrPermission, term.Hint(err, "a server with users accepts no client certificate with a common name: issue one without"))
	case errors.Is(err, etcd.ErrPermission):
		return term.WithCode(term.ErrPermission, term.Hint(err, "--etcd-user and --etcd-password-file, or ETCDCTL_USER and ETCDCTL_PASSWORD, name a user that may read the prefix"))
	case errors.As(err, &untrusted):
		return term.WithCode(term.ErrUnreachable, term.Hint(err, "--ca-file or ETCDCTL_CACERT names the certificates to trust"))
	case errors.Is(err, etcd.ErrConfig) && strings.Contains(err.Error(), "authentication is not enabled"):
		return term.Hint(err, "a server without users takes no user: remove --etcd-user and ETCDCTL_USER")
	case errors.Is(err, etcd.ErrUnreachable):
		return term.WithCode(term.ErrUnreachable, term.Hint(err, "is an etcd server running there, with a leader? --etcd-endpoints names others; etcd serves its JSON gateway since version 3.4"))
	default:
		return err
	}
}
