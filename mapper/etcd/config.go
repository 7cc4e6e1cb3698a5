package etcd

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Config specifies the servers and the keys to read.
type Config struct {
	// Endpoints are the URLs of the servers of one cluster, with http or https.
	// host:port alone means http, or https with a TLS configuration. If one
	// fails, the next one is used. Empty means http://127.0.0.1:2379.
	Endpoints []string

	// Prefix is the beginning of the keys that hold nodes, such as
	// /services/web/. It must not be empty.
	Prefix string

	// Username and Password authenticate the client. Empty means no
	// authentication.
	Username, Password string
	// PasswordFile holds the password instead, and is read at each
	// authentication, so that the password can be changed.
	PasswordFile string

	// TLS configures connections by https. Nil trusts the system's authorities.
	TLS *tls.Config

	// Timeout bounds every request except a watch. Zero means 5 s.
	Timeout time.Duration
	// Confirm is how often a watch makes the server confirm that it still has a
	// quorum. Zero means 10 s.
	Confirm time.Duration
	// ShrinkHold is how long a watch keeps missing nodes after etcd came back as
	// another cluster, with an older state, or with none: the keys may be written
	// again. New nodes join at once; an error says that the set may be stale. Zero
	// means 10 s; a negative value drops missing nodes at once.
	ShrinkHold time.Duration

	// Log gets warnings that neither the nodes nor the errors hold. Nil is
	// silent.
	Log *slog.Logger
}

const (
	defaultEndpoint   = "http://127.0.0.1:2379"
	defaultTimeout    = 5 * time.Second
	defaultConfirm    = 10 * time.Second
	defaultShrinkHold = 10 * time.Second
)

func (c Config) withDefaults() (Config, error) {
	if len(c.Endpoints) == 0 {
		c.Endpoints = []string{defaultEndpoint}
	}
	c.Endpoints = slices.Clone(c.Endpoints)
	for i, text := range c.Endpoints {
		endpoint, err := normalize(text, c.TLS != nil)
		if err != nil {
			return c, err
		}
		c.Endpoints[i] = endpoint
	}
	c.Timeout = cmp.Or(c.Timeout, defaultTimeout)
	c.Confirm = cmp.Or(c.Confirm, defaultConfirm)
	c.ShrinkHold = cmp.Or(c.ShrinkHold, defaultShrinkHold)
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c, c.check()
}

// check rejects a configuration that contradicts itself.
func (c Config) check() error {
	switch {
	case c.Prefix == "":
		return configError("no prefix: set one, such as /services/web/")
	case c.Timeout < 0 || c.Confirm < 0:
		return configError("timeout %v, confirmation every %v: neither may be negative", c.Timeout, c.Confirm)
	case c.Password != "" && c.PasswordFile != "":
		return configError("a password and a file of the password: remove one of the two")
	case c.Username == "" && c.Password+c.PasswordFile != "":
		return configError("a password without the name of a user")
	}
	return nil
}

// normalize returns the URL of an endpoint without a last slash.
func normalize(endpoint string, secure bool) (string, error) {
	text := endpoint
	if !strings.Contains(text, "://") {
		text = map[bool]string{false: "http://", true: "https://"}[secure] + text
	}
	u, err := url.Parse(text)
	if err != nil {
		if cause, ok := errors.AsType[*url.Error](err); ok {
			err = cause.Err
		}
		return "", configError("endpoint %q: %w", redacted(endpoint), err)
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return "", configError("endpoint %q: want http or https", redacted(endpoint))
	case u.Hostname() == "":
		return "", configError("endpoint %q: the host is missing", redacted(endpoint))
	case u.User != nil:
		return "", configError("endpoint %q: the address holds a password: set the user and the file of the password instead", redacted(endpoint))
	case u.RawQuery != "" || u.Fragment != "":
		return "", configError("endpoint %q: want a host and a port alone", endpoint)
	}
	return strings.TrimSuffix(u.String(), "/"), nil
}

// redacted hides what may be a password in an endpoint.
func redacted(endpoint string) string {
	if i := strings.LastIndex(endpoint, "@"); i >= 0 {
		return "…" + endpoint[i:]
	}
	return endpoint
}

func configError(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrConfig, fmt.Errorf(format, args...))
}
