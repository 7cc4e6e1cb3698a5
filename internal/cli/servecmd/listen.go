package servecmd

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/proxenos/proxenos/internal/cli/term"
	"github.com/proxenos/proxenos/internal/report"
	"github.com/proxenos/proxenos/internal/secret"
)

// listenOptions are the flags that choose the address to listen at and the clients
// that it admits.
type listenOptions struct {
	address   string
	cert, key string
	tokenFile string
	trusted   bool
	hosts     []string // names of the server, besides its address
}

const (
	defaultAddress = "127.0.0.1:9911"
	unixPrefix     = "unix:"
)

func (o *listenOptions) bind(c *cobra.Command) {
	term.AddGroup(c, "Serving", func(fs *pflag.FlagSet) {
		fs.StringVar(&o.address, "http", defaultAddress, "`address` to listen on: HOST:PORT, or unix:/PATH")
		fs.StringVar(&o.cert, "http-cert", "", "`file` with the TLS certificate and its chain, in PEM")
		fs.StringVar(&o.key, "http-key", "", "`file` with the key of the certificate, in PEM")
		fs.StringVar(&o.tokenFile, "http-token-file", "", "`file` with a token that requests must have: Authorization: Bearer TOKEN")
		fs.StringArrayVar(&o.hosts, "http-host", nil, "`name` by which clients address the server; may be repeated (default those of the certificate)")
		fs.BoolVar(&o.trusted, "http-open", false, "listen beyond this machine without TLS and token")
	})
}

// path returns the path of a Unix socket, or "" for TCP.
func (o *listenOptions) path() string {
	path, ok := strings.CutPrefix(o.address, unixPrefix)
	if !ok {
		return ""
	}
	return path
}

// parse validates the flags.
func (o *listenOptions) parse() error {
	local := o.path() != "" || report.OnLoopback(o.address)
	_, _, form := net.SplitHostPort(o.address)
	switch {
	case !strings.HasPrefix(o.address, unixPrefix) && form != nil:
		return term.Hint(term.Usagef("--http %q: must be HOST:PORT or unix:/PATH", o.address), "as in %s or unix:/run/proxenos.sock", defaultAddress)
	case o.address == unixPrefix:
		return term.Hint(term.Usagef("--http %s: no path", o.address), "as in unix:/run/proxenos.sock")
	case (o.cert == "") != (o.key == ""):
		return term.Usagef("--http-cert and --http-key require each other")
	case !local && !o.trusted && (o.cert == "" || o.tokenFile == ""):
		return term.Hint(term.Usagef("--http %s: other machines can connect, so --http-cert, --http-key and --http-token-file are required", o.address),
			"give them, or --http-open if every client on that network may read the nodes")
	case o.path() != "" && o.cert != "":
		return term.Usagef("--http-cert does not apply to a Unix socket")
	}
	return nil
}

// open listens on the address.
func (o *listenOptions) open() (net.Listener, error) {
	network, address := "tcp", o.address
	if path := o.path(); path != "" {
		network, address = "unix", path
		removeDeadSocket(path)
	}
	socket, err := net.Listen(network, address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE) && network == "unix" && !isSocket(address):
		return nil, term.Hint(fmt.Errorf("--http: %w", err), "%s is no socket; remove it, or give another path", address)
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, term.Hint(fmt.Errorf("--http: %w", err), "another program uses that address; give another one")
	case err != nil:
		return nil, term.Hint(fmt.Errorf("--http: %w", err), "give an address such as %s or unix:/run/proxenos.sock", defaultAddress)
	}
	return socket, nil
}

// isSocket reports whether a file is a Unix socket.
func isSocket(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.Mode().Type() == os.ModeSocket
}

// removeDeadSocket removes a Unix socket that no process listens on, as a killed
// server leaves it.
func removeDeadSocket(path string) {
	if !isSocket(path) {
		return
	}
	c, err := net.DialTimeout("unix", path, time.Second)
	if err == nil {
		_ = c.Close()
		return
	}
	if errors.Is(err, syscall.ECONNREFUSED) {
		_ = os.Remove(path)
	}
}

// reloadEvery is how often files of tokens and certificates are read again.
const reloadEvery = 10 * time.Second

// reloaded is a value from files. If they cannot be read again, the value stays.
type reloaded[T any] struct {
	read func() (T, error)

	mu     sync.Mutex
	value  T
	loaded time.Time
}

// load reads the value for the first time.
func load[T any](read func() (T, error)) (*reloaded[T], error) {
	value, err := read()
	if err != nil {
		return nil, err
	}
	return &reloaded[T]{read: read, value: value, loaded: time.Now()}, nil
}

// get returns the value.
func (r *reloaded[T]) get() T {
	r.mu.Lock()
	defer r.mu.Unlock()
	if time.Since(r.loaded) > reloadEvery {
		r.loaded = time.Now()
		if value, err := r.read(); err == nil {
			r.value = value
		}
	}
	return r.value
}

// tls returns the configuration of --http-cert, or nil.
func (o *listenOptions) tls() (*tls.Config, error) {
	if o.cert == "" {
		return nil, nil
	}
	cert, err := load(func() (*tls.Certificate, error) {
		pair, err := tls.LoadX509KeyPair(o.cert, o.key)
		return &pair, err
	})
	if err != nil {
		return nil, term.Hint(fmt.Errorf("--http-cert and --http-key: %w", err), "both are PEM files, and the key is that of the first certificate")
	}
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return cert.get(), nil },
	}, nil
}

// names returns the names that a Host header may have, besides IP addresses: that of
// the address, those of --http-host, and those of the certificate.
func (o *listenOptions) names(secured *tls.Config) []string {
	names := append([]string{o.address}, o.hosts...)
	if secured == nil {
		return names
	}
	if cert, err := secured.GetCertificate(nil); err == nil && cert.Leaf != nil {
		names = append(names, cert.Leaf.DNSNames...)
	}
	return names
}

// guard returns a handler that demands the token of --http-token-file, except of
// health checks.
func (o *listenOptions) guard(next http.Handler) (http.Handler, error) {
	if o.tokenFile == "" {
		return next, nil
	}
	token, err := load(func() ([sha256.Size]byte, error) { return readToken(o.tokenFile) })
	if err != nil {
		return nil, err
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/healthz" || r.URL.Path == "/readyz" {
			next.ServeHTTP(w, r)
			return
		}
		scheme, given, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		sum, want := sha256.Sum256([]byte(given)), token.get()
		if !strings.EqualFold(scheme, "Bearer") || subtle.ConstantTimeCompare(sum[:], want[:]) != 1 {
			w.Header().Set("WWW-Authenticate", "Bearer")
			http.Error(w, "a bearer token is required", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	}), nil
}

// readToken returns the hash of the token in a file.
func readToken(path string) ([sha256.Size]byte, error) {
	content, err := secret.ReadFile(context.Background(), path, secret.MaxFile)
	if err != nil {
		return [sha256.Size]byte{}, fmt.Errorf("--http-token-file: %w", err)
	}
	token := strings.TrimSpace(string(content))
	if len(token) < secret.MinLength || strings.ContainsAny(token, " \t\r\n") {
		return [sha256.Size]byte{}, term.Hint(fmt.Errorf("--http-token-file %s: must hold one word of at least %d bytes", path, secret.MinLength), "openssl rand -hex 16 makes one")
	}
	return sha256.Sum256([]byte(token)), nil
}
