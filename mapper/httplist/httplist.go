// Package httplist reads a list of nodes from a URL, such as the one that another
// proxenos serves, a file server, or Prometheus HTTP service discovery.
//
//	source, err := httplist.New(httplist.Config{URL: "https://lists.example.com/web.json", Parse: static.Parse})
//
// The caller chooses the format by [Config.Parse]: Parse of package static reads
// the lists that `proxenos nodes` writes, and Labels.Parse of package sd those
// of Prometheus.
//
// The server is polled. If it sends an ETag, an unchanged list is not
// transferred again.
package httplist

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/proxenos/proxenos/internal/secret"
	"github.com/proxenos/proxenos/mapper"
)

// MaxSize is the most bytes of a list. A larger one is an error.
const MaxSize = 64 << 20

// maxRefusal is how much is read of an answer with a status other than 200.
const maxRefusal = 64 << 10

// maxAge is the greatest Age of an answer that is believed, in seconds.
const maxAge = 100 * 365 * 24 * 3600

// Kinds of errors, for errors.Is.
var (
	// ErrConfig is a configuration that New rejects, or a token file that
	// cannot be read.
	ErrConfig = errors.New("bad configuration")
	// ErrUnreachable means that there was no usable answer. A later attempt may
	// succeed.
	ErrUnreachable = errors.New("the server is unreachable")
	// ErrPermission means that the server requires a token, or rejects the
	// given one.
	ErrPermission = errors.New("permission denied")
	// ErrStale means that the server sends an old list, because its own source
	// fails. It is the Err of an Update with the nodes of that list.
	ErrStale = errors.New("the server's own list is old")
)

// Config specifies the list and how to read it.
type Config struct {
	// URL of the list, with http or https.
	URL string

	// Parse reads the list. It gets the URL without its query as the name of the
	// list. With a [*mapper.PartialError] it returns the usable nodes.
	Parse func(data []byte, name string) ([]mapper.Node, error)

	// Header is sent with each request. Nil means no header.
	Header http.Header

	// TokenFile holds a token that is sent as "Authorization: Bearer". It is read
	// for each request, so that the token can be changed. Empty means none.
	TokenFile string

	// TLS configures connections by https. Nil trusts the system's authorities.
	TLS *tls.Config

	// Timeout bounds a request. Zero means 5 s.
	Timeout time.Duration
}

const defaultTimeout = 5 * time.Second

// Source is a source of the nodes in a list at a URL. It is safe for concurrent
// use. [mapper.Polled] watches it.
type Source struct {
	config Config
	name   string // the URL, for messages
	http   *http.Client

	mu   sync.Mutex
	last list // for the ETag
}

// list is a parsed list. It is replaced and never changed.
type list struct {
	tag   string // ETag; empty: the server sent none
	nodes []mapper.Node
	err   error // a *mapper.PartialError, or nil
}

var _ mapper.Asker = (*Source)(nil)

// New returns a source, or an ErrConfig. It does not connect.
func New(c Config) (*Source, error) {
	u, err := url.Parse(c.URL)
	switch {
	case err != nil:
		if cause, ok := errors.AsType[*url.Error](err); ok {
			err = cause.Err
		}
		return nil, configError("URL: %w", err)
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return nil, configError("URL %q: want one such as https://lists.example.com/web.json", u.Redacted())
	case u.User != nil:
		return nil, configError("URL %q holds a password: put a token into a file instead", u.Redacted())
	case c.Parse == nil:
		return nil, configError("no function that parses the list")
	case c.Timeout < 0:
		return nil, configError("timeout %v: must not be negative", c.Timeout)
	}
	c.Timeout = cmp.Or(c.Timeout, defaultTimeout)
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.TLSClientConfig = c.TLS.Clone()
	name := *u
	name.RawQuery, name.Fragment = "", "" // a query may hold a secret
	return &Source{config: c, name: name.String(), http: &http.Client{
		Transport:     t,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

func configError(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrConfig, fmt.Errorf(format, args...))
}

// Nodes reads the list once.
func (s *Source) Nodes(ctx context.Context) ([]mapper.Node, error) {
	u, err := s.Ask(ctx)
	if err != nil {
		return nil, err
	}
	return u.Nodes, u.Partial()
}

// Ask reads the list once. The Age of an answer, as `proxenos serve` and caches send
// it, makes Update.Confirmed that much earlier, and so adds to the age of a view. If
// it exceeds the max-age of Cache-Control, or there is none, Update.Err is an
// [ErrStale].
func (s *Source) Ask(ctx context.Context) (mapper.Update, error) {
	defer s.http.CloseIdleConnections()
	if err := ctx.Err(); err != nil {
		return mapper.Update{}, err
	}
	limited, cancel := context.WithTimeoutCause(ctx, s.config.Timeout, fmt.Errorf("no answer within %v: %w", s.config.Timeout, context.DeadlineExceeded))
	defer cancel()
	u, err := s.ask(limited)
	switch {
	case err == nil:
		return u, nil
	case ctx.Err() != nil:
		return mapper.Update{}, ctx.Err()
	case limited.Err() != nil:
		err = context.Cause(limited)
	}
	return mapper.Update{}, s.fail(err)
}

func (s *Source) ask(ctx context.Context) (mapper.Update, error) {
	s.mu.Lock()
	last := s.last
	s.mu.Unlock()
	answer, err := s.get(ctx, last.tag)
	if err != nil {
		return mapper.Update{}, err
	}
	defer answer.Body.Close() //nolint:errcheck // it was only read
	now := last
	if answer.StatusCode != http.StatusNotModified {
		if now, err = s.read(answer); err != nil {
			return mapper.Update{}, err
		}
		s.mu.Lock()
		s.last = now
		s.mu.Unlock()
	}
	age := ageOf(answer)
	u := mapper.Update{Nodes: mapper.Clone(now.nodes), Confirmed: time.Now().Add(-age)}
	if age > lifetimeOf(answer) {
		u.Origin, u.Err = mapper.OriginAgentCache, fmt.Errorf("%s: %w: %v", s.name, ErrStale, age)
	}
	if partial, ok := errors.AsType[*mapper.PartialError](now.err); ok {
		u.Skipped = append(u.Skipped, partial.Skipped...)
	}
	return u, nil
}

// get sends the request. The answer has status 200, or 304 to a request with a
// tag.
func (s *Source) get(ctx context.Context, tag string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.config.URL, nil)
	if err != nil {
		return nil, err
	}
	for key, values := range s.config.Header {
		r.Header[key] = values
	}
	if tag != "" {
		r.Header.Set("If-None-Match", tag)
	}
	if s.config.TokenFile != "" {
		token, err := s.token(ctx)
		if err != nil {
			return nil, err
		}
		r.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := s.http.Do(r)
	if transport, ok := errors.AsType[*url.Error](err); ok {
		err = transport.Err // without the URL, which may hold a secret
	}
	if err != nil || answer.StatusCode == http.StatusOK || answer.StatusCode == http.StatusNotModified && tag != "" {
		return answer, err
	}
	defer answer.Body.Close() //nolint:errcheck // it was only read
	return nil, refused(answer)
}

func (s *Source) token(ctx context.Context) (string, error) {
	content, err := secret.ReadFile(ctx, s.config.TokenFile, secret.MaxFile)
	if err != nil {
		return "", configError("the token: %w", err)
	}
	token := strings.TrimSpace(string(content))
	if token == "" || strings.ContainsAny(token, " \r\n\t") {
		return "", configError("the token: file %q must hold one word", s.config.TokenFile)
	}
	return token, nil
}

// read parses the body of an answer.
func (s *Source) read(answer *http.Response) (list, error) {
	data, err := io.ReadAll(io.LimitReader(answer.Body, MaxSize+1))
	switch {
	case err != nil:
		return list{}, err
	case len(data) > MaxSize:
		return list{}, fmt.Errorf("the list is larger than %d MiB", MaxSize>>20)
	}
	nodes, err := s.config.Parse(data, s.name)
	if _, partial := errors.AsType[*mapper.PartialError](err); err != nil && !partial {
		return list{}, &parseError{err}
	}
	return list{answer.Header.Get("ETag"), nodes, err}, nil
}

// parseError is the error of a list, which names the URL already.
type parseError struct{ error }

func (e *parseError) Unwrap() error { return e.error }

// refusal is an answer with a status other than 200.
type refusal struct {
	status int
	body   string
}

func refused(answer *http.Response) error {
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxRefusal))
	if err != nil {
		return err
	}
	const enough = 200
	text := strings.TrimSpace(string(body))
	if strings.HasPrefix(text, "<") { // a page for a browser
		text = http.StatusText(answer.StatusCode)
	}
	return &refusal{answer.StatusCode, text[:min(len(text), enough)]}
}

func (r *refusal) Error() string {
	if r.status >= 300 && r.status < 400 {
		return fmt.Sprintf("status %d: redirects are not followed, so that no token follows them: give the URL that answers", r.status)
	}
	return fmt.Sprintf("status %d: %q", r.status, r.body)
}

func (r *refusal) Unwrap() error {
	if r.status == http.StatusUnauthorized || r.status == http.StatusForbidden {
		return ErrPermission
	}
	return ErrUnreachable
}

// fail adds the kind and the URL to the cause of a failure.
func (s *Source) fail(err error) error {
	var parse *parseError
	switch {
	case errors.As(err, &parse):
		return parse.error
	case errors.Is(err, ErrConfig), errors.Is(err, ErrPermission), errors.Is(err, ErrUnreachable):
		return fmt.Errorf("%s: %w", s.name, err)
	}
	return fmt.Errorf("%s: %w", s.name, &unreachable{err})
}

// unreachable is a cause of ErrUnreachable.
type unreachable struct{ error }

func (u *unreachable) Unwrap() []error { return []error{ErrUnreachable, u.error} }

// ageOf returns how old an answer says it is.
func ageOf(answer *http.Response) time.Duration {
	seconds, err := strconv.ParseInt(answer.Header.Get("Age"), 10, 64)
	if err != nil || seconds < 0 || seconds > maxAge {
		return 0
	}
	return time.Duration(seconds) * time.Second
}

// lifetimeOf returns for how long caches may use an answer.
func lifetimeOf(answer *http.Response) (lifetime time.Duration) {
	for directive := range strings.SplitSeq(answer.Header.Get("Cache-Control"), ",") {
		name, value, _ := strings.Cut(strings.ToLower(strings.TrimSpace(directive)), "=")
		if seconds, err := strconv.ParseInt(value, 10, 64); err == nil && seconds <= maxAge && (name == "max-age" || name == "s-maxage") {
			lifetime = max(lifetime, time.Duration(seconds)*time.Second)
		}
	}
	return lifetime
}
