package source

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/proxenos/proxenos/internal/cli/term"
)

// tlsOptions holds the flags of connections by TLS that several backends share.
type tlsOptions struct{ certFile, keyFile string }

// bind declares the flags on a command. The flag --ca-file is one of kubernetes.
func (o *tlsOptions) bind(c *cobra.Command) {
	const title = "TLS"
	term.AddGroup(c, title, func(fs *pflag.FlagSet) {
		fs.StringVar(&o.certFile, "cert-file", "", "`file` with the client's certificate")
		fs.StringVar(&o.keyFile, "key-file", "", "`file` with the key of that certificate")
	})
	aboutBackends(c, title, "etcd", "sd", "http")
}

// tlsFiles are the files of a TLS configuration. An empty name is not given.
type tlsFiles struct{ ca, cert, key string }

// config returns the configuration, or nil if no file is named. It reads the
// client's certificate at each handshake, so that it can be renewed.
func (f tlsFiles) config() (*tls.Config, error) {
	if f == (tlsFiles{}) {
		return nil, nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if f.ca != "" {
		pem, err := os.ReadFile(f.ca)
		if err != nil {
			return nil, err
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s: no certificate in PEM in it", f.ca)
		}
	}
	if (f.cert == "") != (f.key == "") {
		return nil, term.AsUsage(errors.New("a client certificate needs both its file and that of its key"))
	}
	if f.cert == "" {
		return config, nil
	}
	load := func() (*tls.Certificate, error) {
		cert, err := tls.LoadX509KeyPair(f.cert, f.key)
		return &cert, err
	}
	if _, err := load(); err != nil {
		return nil, fmt.Errorf("the client's certificate: %w", err)
	}
	config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return load() }
	return config, nil
}
